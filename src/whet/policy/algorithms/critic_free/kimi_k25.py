"""Kimi K2.5: masked tokens, and the squared log-ratio as a price (arXiv:2602.02276, Eq. 1)."""

from math import log

from whet.policy.advantages import Centred
from whet.policy.aggregation import TokenMean
from whet.policy.anchors import Behaviour
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.policy.regularisers import K2
from whet.policy.trust_regions import SAMPLED, WithinLogRatio


def kimi_k25(*, low: float = log(0.5), high: float = log(5.0), tau: float = 1e-3) -> Objective:
    """The terms r (R − mean) with log r in [low, high], less τ (log r)² of every token.

    The report prints no values: the bounds are IcePop's as in TRL, τ is prime-rl's (unconfirmed).
    """
    return Objective(
        advantage=Centred(),
        ratio=WithinLogRatio(low=low, high=high),
        clipping=Unclipped(),
        aggregation=TokenMean(),
        regularisers=(K2(beta=2 * tau, anchor=Behaviour()),),
        why_not_reinforce=SAMPLED,
    )
