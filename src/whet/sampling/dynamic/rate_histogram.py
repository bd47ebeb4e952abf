"""The histogram of success rates, which every order of prompts logs that estimates them."""

from whet.sampling.difficulty import SuccessRates
from whet.types import Mean, Metrics


def histogram_of(rates: SuccessRates) -> Metrics:
    """The share of the visited tasks in each tenth of p̂: `success_rate_0` … `success_rate_9`."""
    counts = rates.deciles()
    tasks = sum(counts)
    return {f"success_rate_{i}": Mean(total=n, count=tasks) for i, n in enumerate(counts)}
