"""SFT, supervised fine-tuning: cross-entropy on demonstrations (textbook; no paper claims it)."""

from whet.policy.advantages import RewardOnly
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood


def sft() -> Objective:
    """Mean log-likelihood of all tokens of the demonstrations. J = (1/N) Σ_n log π_θ(n)."""
    return Objective(
        advantage=RewardOnly(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
    )
