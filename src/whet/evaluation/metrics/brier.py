"""The Brier score of confidences, and its parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from statistics import fmean

import numpy as np

from whet.evaluation.bounds import Bounds, Ternary
from whet.evaluation.intervals import Estimate, estimate_within
from whet.evaluation.metrics.columns import Columns, paired
from whet.evaluation.metrics.pooled import joined, judged, pools
from whet.evaluation.samples import Problem
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class BrierParts:
    """score = reliability − resolution + uncertainty, exactly."""

    score: float
    reliability: float  # 0: each confidence is the share right of the samples that state it
    resolution: float  # how far those shares are from the share right of all
    uncertainty: float  # ō (1 − ō), of the share right of all
    confidences: int  # different ones
    samples: int  # that have a confidence and a verdict
    missing: int  # that have a confidence and no verdict


def brier(confidence: Sequence[float], correct: Sequence[bool]) -> float:
    """BS = (1/N) Σ (q − c)², from 0 to 1; the lower, the better (Brier 1950; from memory).

    Raises `UsageError` for a confidence that is no probability.
    """
    check_confidence(confidence)
    return fmean((q - c) ** 2 for q, c in zip(confidence, correct, strict=True))


def mean_brier(problems: Sequence[Problem], confidence: Columns) -> Estimate:
    """The mean over problems of the Brier score of their samples with a confidence.

    A missing verdict adds from min(q², (1 − q)²) to max(q², (1 − q)²): both ends are met.  A sample
    without a confidence (NaN) is left out, and so is a problem without any.
    """
    found = [_bounds(problem, row) for problem, row in paired(problems, confidence)]
    return estimate_within([one for one in found if one is not None])


def brier_parts(problems: Sequence[Problem], confidence: Columns) -> BrierParts:
    """Murphy's partition (1973, "A New Vector Partition of the Probability Score"; from memory).

    Σ_k (n_k/N) (q_k − ō_k)²  −  Σ_k (n_k/N) (ō_k − ō)²  +  ō (1 − ō)

    over the different confidences q_k: n_k samples state it, ō_k of them are right.  The samples of
    all problems are taken together, those without a verdict or a confidence are left out.  Raises
    `UsageError` where none is left.
    """
    pool = joined(pools(problems, confidence))
    stated, right = judged(pool)
    if not len(stated):
        raise UsageError("0 samples have a confidence and a verdict; give some")
    check_confidence(pool.numbers.tolist())
    levels, place, counts = np.unique(stated, return_inverse=True, return_counts=True)
    shares, weights = np.bincount(place, right) / counts, counts / len(stated)
    base = right.mean()
    return BrierParts(
        score=float(np.mean((stated - right) ** 2)),
        reliability=float(weights @ (levels - shares) ** 2),
        resolution=float(weights @ (shares - base) ** 2),
        uncertainty=float(base * (1 - base)),
        confidences=len(levels),
        samples=len(stated),
        missing=len(pool.right) - len(right),
    )


def check_confidence(confidence: Sequence[float]) -> None:
    """Raise `UsageError` unless all are probabilities."""
    for q in confidence:
        if not 0 <= q <= 1:
            raise UsageError(f"a confidence is {q}; give a probability from 0 to 1")


def _bounds(problem: Problem, confidence: Sequence[float]) -> Bounds | None:
    pairs = [(q, s) for q, s in zip(confidence, problem.samples, strict=True) if not isnan(q)]
    check_confidence([q for q, _ in pairs])
    if not pairs:
        return None
    terms = [_term(q, sample.correct) for q, sample in pairs]
    known = [term.value for term in terms if not isnan(term.value)]
    value = fmean(known) if known else nan
    return Bounds(value, fmean(term.least for term in terms), fmean(term.most for term in terms))


def _term(q: float, correct: Ternary) -> Bounds:
    ends = sorted((q**2, (1 - q) ** 2))
    if correct is None:
        return Bounds(nan, *ends)
    term = (q - correct) ** 2
    return Bounds(term, term, term)
