"""DPPO: Divergence Proximal Policy Optimization, by a binary KL (arXiv:2602.04879)."""

from whet.policy.advantages import Centred
from whet.policy.aggregation import FixedLength
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.policy.trust_regions import SAMPLED, WithinKL


def dppo_kl(*, low: float = 0.05, high: float = 0.05, length: int = 8192) -> Objective:
    """Masks by the KL divergence of a token against all others, where PPO clips by its ratio.

    All else is as in `dppo`.
    """
    return Objective(
        advantage=Centred(),
        ratio=WithinKL(low=low, high=high),
        clipping=Unclipped(),
        aggregation=FixedLength(length=length),
        why_not_reinforce=SAMPLED,
    )
