"""STaR: Self-Taught Reasoner (arXiv:2203.14465, id and prompt unconfirmed)."""

from whet.policy.advantages import RewardOnly
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Imitation
from whet.policy.extensions.answer_hints import AnswerHints
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood
from whet.policy.selections import Correct


def star() -> Objective:
    """Supervised training on correct replies, sampled with the answer as hint if none is correct.

    The paper trains every round from the base again; a run continues from its present weights.
    """
    return Objective(
        advantage=RewardOnly(),
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        on=Correct(),
        companions=(AnswerHints(),),
        why_not_reinforce="wrong replies have no gradient",
    )
