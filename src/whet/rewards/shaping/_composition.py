"""Several judges, one score; in this order, always:

check → gates → components, each mapped to its range → weights → clip → a fault is masked.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

from whet.protocols import Judge, RewardContext
from whet.rewards.shaping._bend import Range, rescored
from whet.types import Group, UsageError, Verdict

HOLDS = 0.5  # a condition is a judge of [0, 1]; from here on it holds
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A component: w (low + (high − low) s),  s the judge's score, which must lie in [0, 1]."""

    judge: Judge
    weight: float = 1.0
    low: float = 0.0
    high: float = 1.0
    name: str = ""  # of its part in the verdict; empty: the judge's

    def __post_init__(self) -> None:
        """Refuse what no range is."""
        if not self.low <= self.high:
            raise UsageError(f"weighed.low is {self.low} and high {self.high}; give low ≤ high")
        if not isfinite(self.weight):
            raise UsageError(f"weighed.weight is {self.weight}; give a finite number")

    @property
    def label(self) -> str:
        """What its part is called."""
        return self.name or _WORD.sub("_", type(self.judge).__name__).lower()

    @property
    def span(self) -> Range:
        """All that it can add."""
        ends = sorted((self.weight * self.low, self.weight * self.high))
        return Range(low=ends[0], high=ends[1])

    def value(self, score: float) -> float:
        """What a score of its judge is in its range, not yet weighed."""
        return self.low + (self.high - self.low) * score


Row = tuple[Verdict, ...]
"""What each judge of a list says of one rollout."""


async def hear(judges: Sequence[Judge], group: Group, context: RewardContext) -> list[Row]:
    """Every judge asked at once; a row for each rollout."""
    columns = await asyncio.gather(*(context.judge(judge, group) for judge in judges))
    return list(zip(*columns, strict=True)) if columns else [()] * len(group)


def unjudged(*rows: Row) -> Verdict | None:
    """The first verdict of them without a score."""
    return next((verdict for row in rows for verdict in row if not verdict.judged), None)


def outside(parts: Sequence[Weighed], row: Row) -> Verdict | None:
    """A fault where a component's judge left the range of [0, 1] that everyone keeps."""
    for part, verdict in zip(parts, row, strict=True):
        if not 0 <= verdict.score <= 1:
            return Verdict.unjudged(f"{part.label} scored {verdict.score}, outside [0, 1]")
    return None


def labels(owner: str, parts: Sequence[Weighed]) -> None:
    """Refuse two components of one name: one would hide the other."""
    names = [part.label for part in parts]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"{owner}.parts has two called {twice[0]!r}; give each a name of its own")


def combined_verdict(checked: Verdict, score: float, parts: Sequence[Weighed], row: Row) -> Verdict:
    """The check's verdict with another score, and with what each component was, before weights."""
    values = {p.label: p.value(v.score) for p, v in zip(parts, row, strict=True)}
    cost = checked.cost_ms + sum(v.cost_ms for v in row)
    return replace(rescored(checked, score, **values), cost_ms=cost)


def clipped(score: float, clip: Range) -> float:
    """The nearest score in the range."""
    return min(max(score, clip.low), clip.high)


def in_order(owner: str, right: Range, wrong: Range, clip: Range, spans: Sequence[Range]) -> None:
    """Refuse components of which a wrong reply can gather more than a right one has to have."""
    worst = clipped(right.low + sum(span.low for span in spans), clip)
    best = clipped(wrong.high + sum(span.high for span in spans), clip)
    if not worst > best:
        raise UsageError(
            f"{owner}.parts let a wrong reply score {best:g} and a right one {worst:g}; lower "
            f"their weights, or choose combined_freely"
        )
