"""The k at which the coverage curves of two models cross."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whet.evaluation.metrics.estimates import asked
from whet.evaluation.samples import Problem
from whet.types import UsageError

_DRAWS = 2000
_ROUNDING = 1e-12  # a smaller difference of two means is no lead


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """The curves cross: from k on, the model that was behind leads."""

    k: int
    low: float  # 2.5% and 97.5% quantiles of k over bootstrap draws; ∞: none ≤ n
    high: float
    share: float  # of the draws that cross in this direction
    leads: int  # the model that is ahead below k: 1 or 2
    most: int  # n, the largest k that was looked at
    problems: int  # that were compared
    of: int  # that both models were asked


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCrossing:
    """The curves do not cross at any k ≤ n."""

    share: float  # of the draws that do
    most: int  # n, the largest k that was looked at
    problems: int  # that were compared
    of: int  # that both models were asked


def crossing(
    first: Sequence[Problem], second: Sequence[Problem], *, seed: int = 0
) -> Crossing | NoCrossing:
    """k*, the smallest whole k at which the difference of the mean pass@k has changed its sign.

    Every whole k from 1 to n is looked at, n being the smallest number of samples of a problem; so
    nothing is interpolated.  A difference of 0 is no sign: where one model leads, both are equal,
    and then the other leads, k* is the first k of its lead.

    The interval is the percentile bootstrap over problems, both models' samples of a problem drawn
    together.  A draw without a crossing, or with one in the other direction, counts as k* = ∞.

    A problem with a missing verdict in either model is not compared: the difference neither rises
    nor falls with its verdicts.  Raises `UsageError` where the two are not of the same problems, or
    no problem is left.
    """
    pairs = _matched(first, second)
    whole = [pair for pair in pairs if not any(problem.missing for problem in pair)]
    if not whole:
        raise UsageError(
            f"0 of {len(pairs)} problems have all verdicts of both models; judge their replies"
        )
    most = min(len(problem.samples) for pair in whole for problem in pair)
    gaps = _passes([a for a, _ in whole], most) - _passes([b for _, b in whole], most)
    counts = {"most": most, "problems": len(whole), "of": len(pairs)}
    found, ahead = _crossed(gaps.mean(axis=0, keepdims=True))
    at, ways = _crossed(_resampled(gaps, seed))
    if np.isinf(found[0]):
        return NoCrossing(share=float(np.isfinite(at).mean()), **counts)
    drawn = np.where(ways == ahead[0], at, np.inf)
    low, high = np.quantile(drawn, (0.025, 0.975), method="inverted_cdf")
    return Crossing(
        k=int(found[0]),
        low=float(low),
        high=float(high),
        share=float(np.isfinite(drawn).mean()),
        leads=1 if ahead[0] > 0 else 2,
        **counts,
    )


def _matched(first: Sequence[Problem], second: Sequence[Problem]) -> list[tuple[Problem, Problem]]:
    ours = {problem.name: problem for problem in asked(first)}
    theirs = {problem.name: problem for problem in asked(second)}
    odd = sorted(ours.keys() ^ theirs.keys())
    if odd:
        raise UsageError(
            f"problem {odd[0]!r} is of one model only, as are {len(odd) - 1} others; compare "
            "models on the same problems"
        )
    return [(problem, theirs[name]) for name, problem in ours.items()]


def _passes(problems: Sequence[Problem], most: int) -> np.ndarray:
    """pass@k per problem, for k from 1 to n: 1 − Π_{i < k} (n − c − i) / (n − i)."""
    wrong = np.array([[len(problem.samples) - problem.right] for problem in problems])
    count = np.array([[len(problem.samples)] for problem in problems])
    steps = np.arange(most)
    return 1.0 - np.cumprod(np.maximum(wrong - steps, 0) / (count - steps), axis=1)


def _resampled(gaps: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(gaps), np.full(len(gaps), 1 / len(gaps)), size=_DRAWS)
    return drawn @ gaps / len(gaps)


def _crossed(gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per row, the first k with the sign that is not the first one (or ∞), and that first sign."""
    signs = np.where(np.abs(gaps) <= _ROUNDING, 0, np.sign(gaps))
    rows = np.arange(len(signs))
    ahead = signs[rows, (signs != 0).argmax(axis=1)]
    turned = (signs == -ahead[:, None]) & (ahead[:, None] != 0)
    return np.where(turned.any(axis=1), turned.argmax(axis=1) + 1.0, np.inf), ahead
