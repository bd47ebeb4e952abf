"""RFT: one rollout for each way of calculating."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.policy.companions import Distinct
from whet.training.stage import Stage
from whet.types import Group


@dataclass(slots=True)
class LiveDistinct:
    """Right rollouts that took a path already taken are left out of their group."""

    value: Distinct

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Wrong ones stay: they are others' business."""
        del stage
        return [self._distinct(group) for group in groups]

    def _distinct(self, group: Group) -> Group:
        good = [r for r in group if r.verdict is not None and r.verdict.correct]
        kept = {id(good[i]) for i in self.value.kept([r.reply for r in good])}
        gone = {id(r) for r in good} - kept
        return tuple(r for r in group if id(r) not in gone)
