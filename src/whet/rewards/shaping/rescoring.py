"""How a verdict gets another score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp, inf, isfinite
from statistics import fmean

from whet.protocols import Judge, RewardContext
from whet.types import Group, Reason, Rollout, Task, UsageError, Verdict, spread

ScoreOf = Callable[[Rollout, Verdict], float]

_ROUNDING = 1e-6  # the rounding of sums in float32
WITH_ANSWER = (Reason.WRONG, Reason.PARTIAL)  # what is said of replies with an answer, not right


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The smallest and the largest score that are possible."""

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise UsageError(f"range.low is {self.low} and high {self.high}; give low ≤ high")

    def __contains__(self, score: float) -> bool:
        """Whether the score lies within the range, but for rounding."""
        return self.low - _ROUNDING <= score <= self.high + _ROUNDING

    def holds(self, other: "Range") -> bool:
        """Whether all of another range lies within this one, but for rounding."""
        return other.low in self and other.high in self

    def nearest(self, score: float) -> float:
        """The score of the range that is nearest to `score`."""
        return min(max(score, self.low), self.high)


def rescored(verdict: Verdict, score: float, **parts: float) -> Verdict:
    """The same verdict with another score; the score before is the part `unshaped`."""
    kept = {"unshaped": verdict.score, **verdict.parts, **parts}
    return replace(verdict, score=score, parts=kept)


def right(verdict: Verdict) -> bool:
    """Whether the reply is correct.  Raises `UsageError` where the inner reward does not say so."""
    if verdict.correct is None:
        raise UsageError("the inner reward does not say which replies are correct; wrap a checker")
    return verdict.correct


def only_right(verdict: Verdict) -> bool:
    """`right`, for a reward that reads nothing else of the inner verdict.

    Raises `UsageError` where the score that it would drop has been shaped.
    """
    if "unshaped" in verdict.parts:
        raise UsageError(
            "the inner reward shapes its score, which the outer one would drop, as it reads only "
            "which replies are right; put the outer one inside, or add both with weighted_sum"
        )
    return right(verdict)


def reaches(score: float, bound: float) -> bool:
    """Score ≥ bound, but for the rounding of float32."""
    return score >= bound or not spread((score, bound))


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


def wanted_length(task: Task, default: float) -> float:
    """The task's `info["length"]`, or else `default`.

    Raises `ValueError`, a fault, where it is not a finite number above 0.
    """
    given = task.info.get("length")
    length = default if given is None else float(given)
    if not 0 < length < inf:
        raise ValueError(f"info['length'] is {given!r}; give a number of tokens")
    return length


def solved(found: Sequence[Verdict]) -> float:
    """p̂, the share of right replies among those with a score; 0 where there are none."""
    known = [float(right(v)) for v in found if v.judged]
    return fmean(known) if known else 0.0


def positive(owner: str, **numbers: float) -> None:
    """Raises `UsageError`, with the name of the field, unless a number is finite and above 0."""
    finite(owner, **numbers)
    for name, value in numbers.items():
        if not value > 0:
            raise UsageError(f"{owner}.{name} is {value}; give more than 0")


def not_negative(owner: str, **numbers: float) -> None:
    """Raises `UsageError`, with the name of the field, unless a number is finite and 0 or more."""
    finite(owner, **numbers)
    for name, value in numbers.items():
        if not value >= 0:
            raise UsageError(f"{owner}.{name} is {value}; give 0 or more")


def finite(owner: str, **numbers: float) -> None:
    """Raises `UsageError`, with the name of the field, for NaN and infinity."""
    for name, value in numbers.items():
        if not isfinite(value):
            raise UsageError(f"{owner}.{name} is {value}; give a finite number")


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
