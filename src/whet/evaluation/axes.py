"""The five properties of Verifier's Law, measured for a judge, each with its 95 % interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, hypot, log, nan

import numpy as np

from whet.evaluation.agreement import Confusion, entropy
from whet.evaluation.statistics.interval import TAIL, Interval
from whet.evaluation.statistics.median import median_interval
from whet.evaluation.statistics.proportions import wilson
from whet.evaluation.statistics.student import t_interval
from whet.evaluation.verifier_pass import TimedVerdict, VerifierPass

_BLOCKS = 10  # of a pass, for the interval of its rate
_DRAWS = 1000
_UNKNOWN = Interval(value=nan, low=nan, high=nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """The five properties of Verifier's Law (Wei 2025, a blog post), measured for a judge.

    The measures are ours.  A reply is the unit of every interval; an axis is NaN where nothing was
    measured, and its ends are NaN where too little was.

    objectivity: the share of replies with the same verdict in two passes; a reply without a
    verdict in either is not the same.  Wilson's interval.
    speed: 1 / the median duration of a call, beside the concurrent calls.  The interval is that of
    the median by order statistics.
    scale: verdicts per second of all calls together.  Student's interval over ten blocks of
    replies, in the order in which they were judged.
    noise: 1 − J = (1 − recall) + (1 − specificity), where J is Youden's.  The interval adds those
    of the two shares in squares (MOVER; Newcombe 1998, from memory).
    gradation: entropy of the scores in bits, rounded to three places; binary scores have at most
    1.  A percentile interval of 1000 draws of the replies; both are too low for many scores and
    few replies.
    """

    objectivity: Interval
    speed: Interval
    scale: Interval
    noise: Interval
    gradation: Interval


def axes_of(first: VerifierPass, again: VerifierPass, matrix: Confusion) -> Axes:
    """The properties of a judge from two passes over the same replies and its confusion matrix."""
    heard = [opinion for _, opinion in first.judged if opinion.covered]
    return Axes(
        objectivity=_objectivity(first, again),
        speed=_speed(heard),
        scale=_scale(heard),
        noise=_noise(matrix),
        gradation=_gradation([o.verdict.score for o in heard if o.verdict.judged]),
    )


def _objectivity(first: VerifierPass, again: VerifierPass) -> Interval:
    pairs = zip(first.verdicts, again.verdicts, strict=True)
    both = [(a, b) for a, b in pairs if a is not None and b is not None and a.covered]
    if not both:
        return _UNKNOWN
    return wilson(sum(a.verdict.judged and a.stance == b.stance for a, b in both), len(both))


def _speed(heard: Sequence[TimedVerdict]) -> Interval:
    if not heard:
        return _UNKNOWN
    spent = median_interval([opinion.seconds for opinion in heard])
    return Interval(value=1 / spent.value, low=1 / spent.high, high=1 / spent.low)


def _scale(heard: Sequence[TimedVerdict]) -> Interval:
    if not heard:
        return _UNKNOWN
    ends = sorted(opinion.ended for opinion in heard)
    value = len(ends) / ends[-1]
    if len(ends) < 2 * _BLOCKS:
        return Interval(value=value, low=nan, high=nan)
    cuts = [ceil(len(ends) * n / _BLOCKS) for n in range(_BLOCKS + 1)]
    times = [0.0, *(ends[cut - 1] for cut in cuts[1:])]
    spent = np.diff(times) / np.diff(cuts)  # seconds per reply
    mean = t_interval(spent)
    return Interval(value=value, low=1 / mean.high, high=1 / mean.low if mean.low > 0 else np.inf)


def _noise(matrix: Confusion) -> Interval:
    """1 − J; a share has its ends turned, since noise is what it lacks to 1."""
    one, other = matrix.recall, matrix.specificity
    value = 2 - one.value - other.value
    low = value - hypot(one.high - one.value, other.high - other.value)
    high = value + hypot(one.value - one.low, other.value - other.low)
    return Interval(value=value, low=max(low, 0.0), high=min(high, 2.0))


def _gradation(scores: Sequence[float]) -> Interval:
    from scipy.special import entr  # its import takes half a second

    value = entropy(scores)
    if len(scores) < 2:  # noqa: PLR2004  (one reply says nothing of the spread)
        return Interval(value=value, low=nan, high=nan)
    _, counts = np.unique(np.round(scores, 3), return_counts=True)
    drawn = np.random.default_rng(0).multinomial(len(scores), counts / len(scores), _DRAWS)
    bits = entr(drawn / len(scores)).sum(-1) / log(2)
    low, high = np.quantile(bits, [TAIL, 1 - TAIL])
    return Interval(value=value, low=float(min(low, value)), high=float(max(high, value)))
