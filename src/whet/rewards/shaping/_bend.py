"""From an inner judge's verdict to the one that is learned from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp
from statistics import fmean

from whet.protocols import Judge, RewardContext
from whet.types import Group, Rollout, UsageError, Verdict

ScoreOf = Callable[[Rollout, Verdict], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """All that a score can be."""

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a range of nothing."""
        if not self.low <= self.high:
            raise UsageError(f"range.low is {self.low} and high {self.high}; give low ≤ high")

    def __contains__(self, score: float) -> bool:
        return self.low <= score <= self.high


def rescored(verdict: Verdict, score: float, **parts: float) -> Verdict:
    """Another score for the same finding; what it was before is kept as a part."""
    kept = {"unshaped": verdict.score, **verdict.parts, **parts}
    return replace(verdict, score=score, parts=kept)


def right(verdict: Verdict) -> bool:
    """C.  Raises `UsageError` where the inner judge doesn't say what is right."""
    if verdict.correct is None:
        raise UsageError("the inner judge says of no reply whether it is right; wrap a checker")
    return verdict.correct


def rescore_group(
    group: Group, found: Sequence[Verdict], score_of: ScoreOf, name: str
) -> tuple[Verdict, ...]:
    """Each verdict with the score that `score_of` gives it; faults stay faults.

    The part called `name` is what was added.
    """
    return tuple(_rescore(r, v, score_of, name) for r, v in zip(group, found, strict=True))


def _rescore(rollout: Rollout, verdict: Verdict, score_of: ScoreOf, name: str) -> Verdict:
    if not verdict.judged:
        return verdict
    score = score_of(rollout, verdict)
    return rescored(verdict, score, **{name: score - verdict.score})


async def rescore_inner(
    group: Group, inner: Judge, context: RewardContext, score_of: ScoreOf, name: str
) -> Sequence[Verdict]:
    """Ask the inner judge, and bend what it says, one by one."""
    return rescore_group(group, await context.judge(inner, group), score_of, name)


def judged(group: Group, found: Sequence[Verdict]) -> list[tuple[Rollout, Verdict]]:
    """Those without a fault: the only ones that a group's figures are made of."""
    return [(r, v) for r, v in zip(group, found, strict=True) if v.judged]


def solved(found: Sequence[Verdict]) -> float:
    """p̂, the share of right replies among those that could be judged; 0 among none."""
    known = [float(right(v)) for v in found if v.judged]
    return fmean(known) if known else 0.0


def positive(owner: str, **numbers: float) -> None:
    """Refuse what has to be more than 0, by the name of its field."""
    for name, value in numbers.items():
        if not value > 0:
            raise UsageError(f"{owner}.{name} is {value}; give more than 0")


def not_negative(owner: str, **numbers: float) -> None:
    """Refuse what has to be 0 or more, by the name of its field."""
    for name, value in numbers.items():
        if not value >= 0:
            raise UsageError(f"{owner}.{name} is {value}; give 0 or more")


def expit(x: float) -> float:
    """σ(x), however far out."""
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def joined(
    ruled: Sequence[Verdict], asked: Sequence[Verdict], join: Callable[[Verdict, float], float]
) -> tuple[Verdict, ...]:
    """A rule's verdicts with scores that a model had its share in; a fault of either is one."""
    return tuple(_joined(v, m, join) for v, m in zip(ruled, asked, strict=True))


def _joined(rule: Verdict, model: Verdict, join: Callable[[Verdict, float], float]) -> Verdict:
    if not (rule.judged and model.judged):
        return model if rule.judged else rule
    score = join(rule, model.score)
    cost = rule.cost_ms + model.cost_ms
    return replace(rescored(rule, score, rule=rule.score, model=model.score), cost_ms=cost)
