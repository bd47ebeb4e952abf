"""STaR: Self-Taught Reasoner (arXiv:2203.14465, id and prompt unconfirmed)."""

from whet.policy.advantages import RewardOnly
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Imitation
from whet.policy.extensions.answer_hints import AnswerHints
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood
from whet.policy.selections import Correct


def star() -> Objective:
    """Imitate right replies; where there are none, those found with the answer at hand.

    The paper trains every round from the base again; a run goes on from where it is.
    """
    return Objective(
        advantage=RewardOnly(),
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        on=Correct(),
        companions=(AnswerHints(),),
        why_not_reinforce="wrong replies teach nothing",
    )
