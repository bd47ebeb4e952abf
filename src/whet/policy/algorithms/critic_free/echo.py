"""ECHO: Environment Cross-entropy Hybrid Objective (arXiv:2605.24517)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SequenceMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.observations import ObservationLikelihood
from whet.policy.ratios import TokenRatio


def echo(*, coefficient: float = 0.05, clip: float = 0.2) -> Objective:
    """GRPO without a KL penalty, and the log-likelihood of what the environment answers.

    J = J_GRPO + α Σ_o w_o log π_θ(o), o the tokens of the observations after a reply.

    The abstract says: in one forward pass, and of all rollouts, failed ones too.  Copies of the
    released code (echo_rl, on SkyRL) have clip 0.2, no KL, and means over rollouts, each over its
    own observation tokens.  α = 0.05 is the paper's as rLLM has it, which tells 0.01 to 0.05 to be
    productive.  The paper's own equations and tables were not read: unconfirmed.

    Peers differ.  prime-rl has α = 0.1, on the bodies of tool replies, as a mean over all their
    tokens (`aggregation=TokenMean()`).  The released code leaves out warnings of its harness.  Here
    all of an observation counts, template tokens too: a rollout does not say which they are.
    Groups that a gate rejects are not learned from.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SequenceMean(),
        extra=(ObservationLikelihood(coefficient=coefficient),),
        why_not_reinforce="observations are predicted besides",
    )
