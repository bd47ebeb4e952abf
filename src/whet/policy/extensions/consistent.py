"""PROF: rollouts are chosen by how well their steps agree with their outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whet.policy.extensions.groups import by_policy, judgement, subset
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.rewards.dense.consistency import consistent
from whet.types import Group, Refusal, Rollout, Scores, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistent(Companion):
    """Rollouts whose steps agree with their outcome are learned from, the others left out (PROF,
    arXiv:2509.03403; how many go is unconfirmed).

    Of a group's right replies the share `drop` with the lowest step scores goes, of the wrong ones
    that with the highest; then the larger side goes down to the smaller.  The step score is the
    verdict's `part`: mean_step of the reward process_model, steps of the reward process.  Faults,
    demonstrations and replies without a step score stay.
    """

    part: str = "mean_step"
    drop: float = 0.5

    def __post_init__(self) -> None:
        """Some have to stay."""
        if not 0 <= self.drop < 1:
            raise Refusal(f"Consistent.drop is {self.drop}; give a share in [0, 1)")

    async def open(self, setup: SetupContext) -> "LiveConsistent":
        """It needs nothing of a run."""
        del setup
        return LiveConsistent(self)


@dataclass(slots=True)
class LiveConsistent(Extension):
    """Each group is chosen from by itself; `known` only ever becomes true, whatever the order."""

    settings: Consistent
    known: bool = False  # has any verdict had the part?

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Each group without the rollouts that are right or wrong for no reason."""
        del context, ticket
        return [self._chosen(group) for group in groups]

    def _chosen(self, group: Group) -> Group:
        part = self.settings.part
        verdicts = [judgement(r) if by_policy(r) else None for r in group]
        known = {i: v for i, v in enumerate(verdicts) if v is not None and part in v.parts}
        self.known = self.known or bool(known)
        correct = [bool(v.correct) for v in known.values()]
        steps = [v.parts[part] for v in known.values()]
        kept = dict(zip(known, consistent(correct, steps, self.settings.drop), strict=True))
        return subset(group, [kept.get(i, True) for i in range(len(group))])

    async def add_columns(
        self, context: StepContext, inputs: Scores, rollouts: Sequence[Rollout]
    ) -> Scores:
        """Raises `Refusal` where no verdict of the run so far has had the part."""
        del context
        judged = [v for r in rollouts if by_policy(r) and (v := judgement(r))]
        if judged and not self.known:
            raise Refusal(
                f"Consistent.part is {self.settings.part!r}, but verdicts have "
                f"{sorted(judged[0].parts)}; give a reward that scores steps, such as "
                f"process_model, or one of its parts"
            )
        return inputs

    def state_dict(self) -> dict[str, Any]:
        return {"known": self.known}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.known = state["known"]
