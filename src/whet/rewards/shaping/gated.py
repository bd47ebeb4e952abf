"""Gates before rewards: a reply that fails a gate gets nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.composition import (
    HOLDS,
    Weighed,
    combined_verdict,
    hear,
    labels,
    outside,
    unjudged,
)
from whet.rewards.shaping.idle import empty
from whet.rewards.shaping.rescoring import right
from whet.rewards.verifiable.format import Format
from whet.types import Group, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated(GroupReward):
    """R = c + Σ_j λ_j x_j 1[c = 1]  for a reply that passes all gates, else `floor`.

    c = 1 where the inner reward says right, else 0.  A gate passes from a score of ½ on.  Early in
    training no reply may pass: let the policy learn the format first.
    """

    compares = False

    gates: tuple[Judge, ...] = (Format(),)
    parts: tuple[Weighed, ...] = ()
    floor: float = 0.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        labels("gated", self.parts)
        worst = 1 + sum(part.span.low for part in self.parts)
        if worst <= 0:
            raise UsageError(f"gated.parts let a right reply score {worst:g}; lower their weights")
        if self.floor > 0:
            raise UsageError(f"gated.floor is {self.floor}; give 0 or less")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a sum without components and gates."""
        del spec
        return empty("gated", self.parts, self.gates)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        checked = await context.judge(self.inner, group)
        gates = await hear(self.gates, group, context)
        rows = await hear([part.judge for part in self.parts], group, context)
        return [self._of(*of) for of in zip(checked, gates, rows, strict=True)]

    def _of(
        self, checked: Verdict, gates: tuple[Verdict, ...], row: tuple[Verdict, ...]
    ) -> Verdict:
        broken = unjudged((checked,), gates, row) or outside(self.parts, row)
        if broken is not None:
            return broken
        if any(gate.score < HOLDS for gate in gates):
            return combined_verdict(checked, self.floor, self.parts, row)
        terms = (p.weight * p.value(v.score) for p, v in zip(self.parts, row, strict=True))
        return combined_verdict(checked, (1 + sum(terms)) * right(checked), self.parts, row)
