"""The item-response curve: how often a task succeeds with a hint of a given length."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import log

import numpy as np
from numpy import ndarray

_START = (10.0, -0.5, 0.1)  # k, μ, b before any result
_SCALE = tuple(abs(x) for x in _START)
_LOW, _HIGH = (0.1, -2.0, 0.0), (100.0, 1.0, 0.99)


@dataclass(frozen=True, slots=True)
class ItemResponse:
    """acc(p) = b + (1 − b) / (1 + e^{−k (p + μ)}),  p the share of the solution that is told.

    b is the accuracy by guessing, −μ the share in the middle of the rise, k its steepness.
    """

    k: float
    mu: float
    b: float

    def __call__(self, p: float) -> float:
        return float(_curve(np.array([self.k, self.mu, self.b]), np.array([p]))[0])

    def inverse(self, accuracy: float) -> float:
        """The share p in [0, 1] with this accuracy; 0 where guessing is enough (accuracy ≤ b)."""
        if accuracy <= self.b:
            return 0.0
        if accuracy >= 1:
            return 1.0
        odds = (accuracy - self.b) / (1 - accuracy)
        return min(max(log(odds) / self.k - self.mu, 0.0), 1.0)

    @classmethod
    def fitted(cls, results: Iterable[tuple[float, float]]) -> "ItemResponse":
        """The curve of least squares through results: pairs of a share and a task metric.

        Results of one share are averaged, and weigh as much as there are. With fewer shares than
        parameters, the parameters stay as near to their start as the results allow.
        """
        from scipy.optimize import least_squares  # noqa: PLC0415  (its import takes half a second)

        apart: dict[float, list[float]] = defaultdict(list)
        for share, metric in results:
            apart[share].append(metric)
        if not apart:
            return cls(*_START)
        shares = np.array(list(apart))
        means = np.array([np.mean(found) for found in apart.values()])
        weights = np.sqrt([len(found) for found in apart.values()])

        def residuals(parameters: ndarray) -> ndarray:
            return weights * (_curve(parameters, shares) - means)

        found = least_squares(residuals, _START, bounds=(_LOW, _HIGH), x_scale=_SCALE)
        return cls(*map(float, found.x))


def _curve(parameters: ndarray, shares: ndarray) -> ndarray:
    k, mu, b = parameters
    return b + (1 - b) / (1 + np.exp(-k * (shares + mu)))
