"""STaR: Self-Taught Reasoner (arXiv:2203.14465, id and prompt unconfirmed)."""

from whet.policy.advantages import Given
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Imitation
from whet.policy.extensions.rationalised import Rationalised
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood
from whet.policy.selections import Correct


def star() -> Objective:
    """Supervised training on correct replies, sampled with the answer as hint if none is correct.

    The paper trains every round from the base again; a run continues from its present weights.
    """
    return Objective(
        advantage=Given(),
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        on=Correct(),
        companions=(Rationalised(),),
        departs="wrong replies have no gradient",
    )
