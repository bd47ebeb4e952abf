"""Math-Shepherd: a step is as good as what can still become of it (arXiv:2312.08935)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense.cutting import Cuts, Separated, spans
from whet.rewards.dense.monte_carlo import Continuations, Label, Soft, each_judged
from whet.rewards.dense.placing import AtEnd, last_reply
from whet.types import Decoding, Group, Need, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Shepherd(GroupReward):
    """y_k at the last token of step k, from N continuations of the chain up to there.

    Soft labels are the share of right ones, hard ones 1 where any is; the last step's label is the
    outcome.  N = 8 is unconfirmed.  A policy that repairs its steps labels wrong ones as good; a
    value that jumps up after a wrong step shows it.
    """

    needs = frozenset({Need.POLICY})

    count: int = 8
    label: Label = Soft()
    weight: float = 1.0
    cuts: Cuts = Separated()
    decoding: Decoding = Decoding()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse as the continuations do."""
        self._plays()

    def _plays(self) -> Continuations:
        return Continuations(count=self.count, decoding=self.decoding, judge=self.inner)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Play on after every step."""
        found = await context.judge(self.inner, group)
        return await each_judged(group, found, partial(self._of, context))

    async def _of(self, context: RewardContext, rollout: Rollout, verdict: Verdict) -> Verdict:
        cuts = [cut for cut in self.cuts(rollout) if cut > rollout.forced_len]
        played = await self._plays().each(rollout, cuts, context)
        labels = [self.label(scores) for scores in (*played, [verdict.score])]
        steps = spans(cuts, last_reply(rollout))
        credit = AtEnd()([self.weight * label for label in labels], steps, rollout.length)
        parts = {"steps": float(len(labels)), "first_label": labels[0]}
        return replace(verdict, credit=credit, parts={**verdict.parts, **parts})
