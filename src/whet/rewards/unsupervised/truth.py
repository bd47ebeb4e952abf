"""The real checker's opinion beside the proxy's: recorded and never learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isclose, sqrt

from whet.protocols import Judge, RewardContext
from whet.types import Group, Verdict


async def with_truth(
    group: Group, found: Sequence[Verdict], truth: Judge | None, context: RewardContext
) -> tuple[Verdict, ...]:
    """The proxy's verdicts with `correct` from the checker, and measures of their agreement.

    Parts: `reward_accuracy` is 1 where a score of 1 or 0 is the checker's too;
    `proxy_truth_correlation` is the point-biserial correlation over the group, where both vary.
    Where the checker fails, `correct` stays open and the proxy's score stands.
    """
    if truth is None:
        return tuple(found)
    real = await context.judge(truth, group)
    known = [
        (v.score, float(t.correct))
        for v, t in zip(found, real, strict=True)
        if t.correct is not None and v.judged
    ]
    measured = correlation(known)
    shared = {} if measured is None else {"proxy_truth_correlation": measured}
    return tuple(_beside(v, t, shared) for v, t in zip(found, real, strict=True))


def _beside(proxy: Verdict, truth: Verdict, shared: Mapping[str, float]) -> Verdict:
    parts = {**proxy.parts, **shared}
    if truth.correct is not None and proxy.score in (0.0, 1.0):
        parts["reward_accuracy"] = float(proxy.score == truth.correct)
    correct = truth.correct if truth.judged else None
    note = proxy.note if truth.judged else f"{proxy.note}; no truth: {truth.note}"
    return replace(
        proxy, correct=correct, parts=parts, note=note, cost_ms=proxy.cost_ms + truth.cost_ms
    )


def correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's r, which is the point-biserial one for a truth of 0 and 1.

    None where one of the two is constant, but for rounding.
    """
    n = len(pairs)
    sides = list(zip(*pairs, strict=True))
    if not sides or any(isclose(min(side), max(side), abs_tol=1e-9) for side in sides):
        return None
    means = [sum(side) / n for side in sides]
    x, y = ([pair[k] - means[k] for pair in pairs] for k in (0, 1))
    spread = sqrt(sum(a * a for a in x) * sum(b * b for b in y))
    return sum(a * b for a, b in zip(x, y, strict=True)) / spread
