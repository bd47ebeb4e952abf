"""Accuracy against decoded tokens of test-time strategies, as lines of text and as JSON."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

from whet.evaluation.intervals import Estimate
from whet.evaluation.samples import Sample
from whet.evaluation.test_time.curve import Point, multiplier, single_sample

_GAINS = (0.05, 0.10)


def lines(points: Sequence[Point], samples: Sequence[Sample]) -> list[str]:
    """A table with a row for each point, then the multiplier of tokens for each gain."""
    if not points:
        return []
    base = single_sample(samples)
    wide = max(len(point.strategy) for point in (base, *points))
    head = f"  {'test time':{wide}}  {'k':>4}  {'accuracy':24}  {'tokens':>9}  {'×':>7}"
    return [
        head,
        *(_line(point, base, wide) for point in (base, *points)),
        *(f"  {line}" for line in _gains(points, base)),
    ]


def document(points: Sequence[Point], samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """A JSON object for each strategy: its points, and the multiplier by gain; null: not reached.

    `tokens` are decoded ones of a problem, and `times` those over a single sample's.
    """
    if not points:
        return []
    base = single_sample(samples)
    return [
        {
            "strategy": name,
            "points": [_object(point, base) for point in curve],
            "multiplier": {f"{gain:.2f}": multiplier(curve, base, gain) for gain in _GAINS},
        }
        for name, curve in _by_strategy(points).items()
    ]


def _line(point: Point, base: Point, wide: int) -> str:
    times = _times(point, base)
    told = [
        f"{point.truncated} of {point.samples} cut off" if point.truncated else "",
        f"{point.faults} of {point.samples} faults" if point.faults else "",
    ]
    said = ", ".join(filter(None, told))
    row = f"  {point.strategy:{wide}}  {point.k:>4}  {point.accuracy!s:24}  "
    return f"{row}{point.tokens.value:>9.1f}  {times:>7.2f}  {said}".rstrip()


def _times(point: Point, base: Point) -> float:
    """Tokens over those of a single sample; NaN where that has none."""
    return point.tokens.value / base.tokens.value if base.tokens.value else nan


def _gains(points: Sequence[Point], base: Point) -> list[str]:
    return [
        f"{name}: {', '.join(_gained(curve, base, gain) for gain in _GAINS)}"
        for name, curve in _by_strategy(points).items()
    ]


def _gained(curve: Sequence[Point], base: Point, gain: float) -> str:
    found = multiplier(curve, base, gain)
    took = "not reached" if found is None else f"{found:.1f}× the tokens"
    return f"+{100 * gain:.0f} points {took}"


def _by_strategy(points: Sequence[Point]) -> Mapping[str, Sequence[Point]]:
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.strategy, []).append(point)
    return found


def _object(point: Point, base: Point) -> dict[str, Any]:
    return {
        "k": point.k,
        "accuracy": _estimate(point.accuracy),
        "tokens": point.tokens.value,
        "times": _times(point, base),
        "samples": point.samples,
        "truncated": point.truncated,
        "faults": point.faults,
    }


def _estimate(found: Estimate) -> dict[str, float | int | None]:
    known = found.value == found.value
    return {
        "value": found.value if known else None,
        "low": found.low if known else None,
        "high": found.high if known else None,
        "problems": found.problems,
        "of": found.of,
    }
