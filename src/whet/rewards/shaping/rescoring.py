"""How a verdict gets another score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp
from statistics import fmean

from whet.protocols import Judge, RewardContext
from whet.types import Group, Rollout, UsageError, Verdict

ScoreOf = Callable[[Rollout, Verdict], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The smallest and the largest score that are possible."""

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise UsageError(f"range.low is {self.low} and high {self.high}; give low ≤ high")

    def __contains__(self, score: float) -> bool:
        return self.low <= score <= self.high


def rescored(verdict: Verdict, score: float, **parts: float) -> Verdict:
    """The same verdict with another score; the score before is the part `unshaped`."""
    kept = {"unshaped": verdict.score, **verdict.parts, **parts}
    return replace(verdict, score=score, parts=kept)


def right(verdict: Verdict) -> bool:
    """Whether the reply is correct.  Raises `UsageError` where the inner reward does not say so."""
    if verdict.correct is None:
        raise UsageError("the inner reward does not say which replies are correct; wrap a checker")
    return verdict.correct


def rescore_group(
    group: Group, found: Sequence[Verdict], score_of: ScoreOf, name: str
) -> tuple[Verdict, ...]:
    """Each verdict with the score that `score_of` gives it; verdicts without a score stay as they
    are.

    The part called `name` is the difference of the scores.
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
    """Ask the inner reward and change each score by `score_of`."""
    return rescore_group(group, await context.judge(inner, group), score_of, name)


def judged(group: Group, found: Sequence[Verdict]) -> list[tuple[Rollout, Verdict]]:
    """The rollouts whose verdict has a score; statistics of a group are made of these only."""
    return [(r, v) for r, v in zip(group, found, strict=True) if v.judged]


def solved(found: Sequence[Verdict]) -> float:
    """p̂, the share of right replies among those with a score; 0 where there are none."""
    known = [float(right(v)) for v in found if v.judged]
    return fmean(known) if known else 0.0


def positive(owner: str, **numbers: float) -> None:
    """Raises `UsageError`, with the name of the field, for a number that is not above 0."""
    for name, value in numbers.items():
        if not value > 0:
            raise UsageError(f"{owner}.{name} is {value}; give more than 0")


def not_negative(owner: str, **numbers: float) -> None:
    """Raises `UsageError`, with the name of the field, for a number below 0."""
    for name, value in numbers.items():
        if not value >= 0:
            raise UsageError(f"{owner}.{name} is {value}; give 0 or more")


def expit(x: float) -> float:
    """σ(x) = 1 / (1 + e^{−x}), without overflow."""
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def joined(
    ruled: Sequence[Verdict], asked: Sequence[Verdict], join: Callable[[Verdict, float], float]
) -> tuple[Verdict, ...]:
    """A rule's verdicts with scores from `join(rule, model's score)`; a fault of one is a fault."""
    return tuple(_joined(v, m, join) for v, m in zip(ruled, asked, strict=True))


def _joined(rule: Verdict, model: Verdict, join: Callable[[Verdict, float], float]) -> Verdict:
    if not (rule.judged and model.judged):
        return model if rule.judged else rule
    score = join(rule, model.score)
    cost = rule.cost_ms + model.cost_ms
    return replace(rescored(rule, score, rule=rule.score, model=model.score), cost_ms=cost)
