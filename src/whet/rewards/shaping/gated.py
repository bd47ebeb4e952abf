"""Gates before rewards: a reply that fails a gate gets nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.composition import (
    Weighed,
    combined_verdict,
    flawed,
    hear,
    labels,
    passed,
    terms,
)
from whet.rewards.shaping.idle import empty
from whet.rewards.shaping.nesting import Shaper, reads_only_right
from whet.rewards.shaping.rescoring import finite, only_right
from whet.rewards.verifiable.format import Format
from whet.types import Group, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated(Shaper):
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
        reads_only_right("gated", self.inner)
        labels("gated", self.parts)
        worst = 1 + sum(part.span.low for part in self.parts)
        if worst <= 0:
            raise UsageError(f"gated.parts let a right reply score {worst:g}; lower their weights")
        finite("gated", floor=self.floor)
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
        broken = flawed(checked, gates, self.parts, row)
        if broken is not None:
            return broken
        if not passed(gates):
            return combined_verdict(checked, self.floor, self.parts, row)
        score = (1 + sum(terms(self.parts, row))) * only_right(checked)
        return combined_verdict(checked, score, self.parts, row)
