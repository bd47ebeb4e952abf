"""A sum of several rewards in which no wrong reply outscores a right one."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.composition import (
    Weighed,
    combined_verdict,
    flawed,
    hear,
    in_order,
    labels,
    passed,
    terms,
)
from whet.rewards.shaping.idle import empty
from whet.rewards.shaping.nesting import Shaper, name_of, shaper_in
from whet.rewards.shaping.rescoring import Range, finite, right
from whet.types import Group, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined(Shaper):
    """R = clip(c + Σ_k w_k x_k, −1, 1.5) for a reply that passes all gates, else `floor`.

    c is the inner reward's score; x_k is the score of a component, mapped to its range.  A gate is
    a reward in [0, 1] and passes from ½ on.  Settings are refused under which, as far as the
    declared ranges allow, a wrong reply that passes the gates could outscore a right one;
    `combined_freely` accepts them.  A score outside its declared range is a fault, and a fault of
    any reward is a fault.  Each x_k is a part of the verdict.
    """

    compares = False

    parts: tuple[Weighed, ...] = ()
    gates: tuple[Judge, ...] = ()
    floor: float = 0.0  # of a reply that fails a gate
    right: Range = Range(low=1.0, high=1.0)  # the inner reward's scores of right replies
    wrong: Range = Range(low=0.0, high=0.0)  # and of wrong ones
    clip: Range = Range(low=-1.0, high=1.5)
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        labels("combined", self.parts)
        declared("combined", self)
        in_order("combined", self.right, self.wrong, self.clip, [part.span for part in self.parts])
        worst = self.clip.nearest(self.right.low + sum(part.span.low for part in self.parts))
        if not self.floor < worst:
            raise UsageError(f"combined.floor is {self.floor}; give less than {worst:g}")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a sum without components and gates."""
        del spec
        return empty("combined", self.parts, self.gates)

    @property
    def ranges(self) -> tuple[Range, Range]:
        """The smallest and the largest sum; with gates, the floor, too."""
        return self._sums(self.right), self._sums(self.wrong)

    def _sums(self, base: Range) -> Range:
        low = self.clip.nearest(base.low + sum(part.span.low for part in self.parts))
        high = self.clip.nearest(base.high + sum(part.span.high for part in self.parts))
        scores = (low, high, self.floor) if self.gates else (low, high)
        return Range(low=min(scores), high=max(scores))

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        checked = await context.judge(self.inner, group)
        gates = await hear(self.gates, group, context)
        rows = await hear([part.judge for part in self.parts], group, context)
        return [self._of(*of) for of in zip(checked, gates, rows, strict=True)]

    def _of(
        self, checked: Verdict, gates: tuple[Verdict, ...], row: tuple[Verdict, ...]
    ) -> Verdict:
        broken = flawed(checked, gates, self.parts, row) or self._beyond(checked)
        if broken is not None:
            return broken
        if not passed(gates):
            return combined_verdict(checked, self.floor, self.parts, row)
        base = (self.right if right(checked) else self.wrong).nearest(checked.score)
        score = self.clip.nearest(base + sum(terms(self.parts, row)))
        return combined_verdict(checked, score, self.parts, row)

    def _beyond(self, checked: Verdict) -> Verdict | None:
        known = self.right if right(checked) else self.wrong
        if checked.score in known:
            return None
        return Verdict.unjudged(
            f"the inner reward scored {checked.score}, outside its declared range "
            f"[{known.low}, {known.high}]"
        )


def declared(owner: str, composition: Combined) -> None:
    """Raises `UsageError` for a floor that is not finite, and for a shaping reward as `inner` whose
    scores leave the declared ranges: they would be faults.

    Where they are not bounded, a range must be more than one value.
    """
    finite(owner, floor=composition.floor)
    shaper = shaper_in(composition.inner)
    if shaper is None:
        return
    kind, known = name_of(shaper), shaper.ranges or (None, None)
    fields = {"right": composition.right, "wrong": composition.wrong}
    for (field, given), span in zip(fields.items(), known, strict=True):
        if not (given.low < given.high if span is None else given.holds(span)):
            least = f"[{span.low:g}, {span.high:g}]" if span else "more than one value"
            raise UsageError(
                f"{owner}.inner is {kind}, whose scores of {field} replies may lie outside "
                f"{owner}.{field}, [{given.low:g}, {given.high:g}]; give {least}, or put {owner} "
                f"into {kind}"
            )
