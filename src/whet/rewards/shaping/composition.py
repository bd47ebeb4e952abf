"""How several rewards make one score, always in this order:

check → gates → components, each mapped to its range → weights → clip → a fault is masked.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import Judge, Part, RewardContext
from whet.rewards.shaping.nesting import UNIT, in_unit, name_of
from whet.rewards.shaping.rescoring import Range, finite, reaches, rescored
from whet.types import Group, RunSpec, UsageError, Verdict

HOLDS = 0.5  # a condition is a judge of [0, 1]; from here on it holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed(Part):
    """A component: w (low + (high − low) s),  s its reward's score, which must lie in [0, 1]."""

    judge: Judge
    weight: float = 1.0
    low: float = 0.0
    high: float = 1.0
    name: str = ""  # of its part in the verdict; empty: the judge's

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise UsageError(f"weighed.low is {self.low} and high {self.high}; give low ≤ high")
        finite("weighed", weight=self.weight, low=self.low, high=self.high)
        in_unit("weighed", "judge", self.judge)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0, and of a range of one value."""
        del spec
        if self.weight and self.low != self.high:
            return ""
        field = "low is its high" if self.weight else "weight is 0"
        return f"weighed.{field}: the component {self.label} has no effect; leave it out"

    @property
    def label(self) -> str:
        """The name of its part in the verdict."""
        return self.name or name_of(self.judge)

    @property
    def span(self) -> Range:
        """The range of what it adds to the sum."""
        ends = sorted((self.weight * self.low, self.weight * self.high))
        return Range(low=ends[0], high=ends[1])

    def value(self, score: float) -> float:
        """A score of its reward, mapped to [low, high] and not yet weighted."""
        return self.low + (self.high - self.low) * UNIT.nearest(score)


Row = tuple[Verdict, ...]
"""What each judge of a list says of one rollout."""


async def hear(judges: Sequence[Judge], group: Group, context: RewardContext) -> list[Row]:
    """Ask several rewards at once; a row of verdicts for each rollout."""
    columns = await asyncio.gather(*(context.judge(judge, group) for judge in judges))
    return list(zip(*columns, strict=True)) if columns else [()] * len(group)


def unjudged(*rows: Row) -> Verdict | None:
    """The first verdict of the rows without a score."""
    return next((verdict for row in rows for verdict in row if not verdict.judged), None)


def outside(parts: Sequence[Weighed], row: Row) -> Verdict | None:
    """A fault where the score of a component's reward is outside [0, 1]."""
    for part, verdict in zip(parts, row, strict=True):
        if verdict.score not in UNIT:
            return Verdict.unjudged(f"{part.label} scored {verdict.score}, outside [0, 1]")
    return None


def labels(owner: str, parts: Sequence[Weighed]) -> None:
    """Raises `UsageError` where two components have one name: one part would hide the other."""
    names = [part.label for part in parts]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"{owner}.parts has two called {twice[0]!r}; give each a name of its own")
    if "unshaped" in names:
        raise UsageError(f"{owner}.parts has one called 'unshaped', the score before; rename it")


def flawed(checked: Verdict, gates: Row, parts: Sequence[Weighed], row: Row) -> Verdict | None:
    """The first verdict without a score, or a fault where a component's is outside [0, 1].

    A component of weight 0 changes no score, so it makes no fault.
    """
    told = [(p, v) for p, v in zip(parts, row, strict=True) if p.weight]
    heard = tuple(v for _, v in told)
    return unjudged((checked,), gates, heard) or outside([p for p, _ in told], heard)


def terms(parts: Sequence[Weighed], row: Row) -> list[float]:
    """What each component adds."""
    pairs = zip(parts, row, strict=True)
    return [p.weight * p.value(v.score) if p.weight else 0.0 for p, v in pairs]


def combined_verdict(checked: Verdict, score: float, parts: Sequence[Weighed], row: Row) -> Verdict:
    """The check's verdict with another score; each component's value before weights is a part."""
    pairs = zip(parts, row, strict=True)
    values = {p.label: p.value(v.score) for p, v in pairs if v.judged}
    cost = checked.cost_ms + sum(v.cost_ms for v in row)
    return replace(rescored(checked, score, **values), cost_ms=cost)


def passed(gates: Row) -> bool:
    """Whether all gates hold."""
    return all(reaches(gate.score, HOLDS) for gate in gates)


def in_order(owner: str, right: Range, wrong: Range, clip: Range, spans: Sequence[Range]) -> None:
    """Raises `UsageError` where a wrong reply's best sum reaches a right reply's worst sum."""
    worst = clip.nearest(right.low + sum(span.low for span in spans))
    best = clip.nearest(wrong.high + sum(span.high for span in spans))
    if not worst > best:
        raise UsageError(
            f"{owner}.parts let a wrong reply score {best:g} and a right one {worst:g}; lower "
            f"their weights, or choose combined_freely"
        )
