"""The area under a learning curve, up to a fixed budget of tokens."""

import numpy as np

from whet.evaluation.statistics.inputs import Values, finite, positive
from whet.types import UsageError


def mean_up_to(tokens: Values, accuracies: Values, *, budget: float) -> float:
    """The area under accuracy over tokens from 0 to the budget, divided by the budget.

    Between evaluations the curve is straight.  It begins with the evaluation before training, at 0
    tokens, and has to reach the budget: nothing is extrapolated.

    Raises `UsageError` where it does not, and unless tokens rise.
    """
    times, heights = curve(tokens, accuracies)
    positive(budget, "budget")
    if times[0] != 0 or times[-1] < budget:
        raise UsageError(
            f"tokens run from {times[0]:g} to {times[-1]:g}; give a curve from 0 to the budget of "
            f"{budget:g}"
        )
    inner = times < budget
    times, heights = (
        np.append(times[inner], budget),
        np.append(heights[inner], np.interp(budget, times, heights)),
    )
    return float(np.trapezoid(heights, times) / budget)


def curve(tokens: Values, accuracies: Values) -> tuple[np.ndarray, np.ndarray]:
    """The points of a curve; `UsageError` unless they pair up and tokens rise from 0 or more."""
    times, heights = finite(tokens, "tokens"), finite(accuracies, "accuracies")
    if len(times) != len(heights):
        raise UsageError(
            f"tokens has {len(times)} points, accuracies has {len(heights)}; give both"
        )
    if times[0] < 0 or (np.diff(times) <= 0).any():
        raise UsageError("tokens do not rise from 0 or more; give one evaluation for each count")
    return times, heights
