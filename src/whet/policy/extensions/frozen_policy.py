"""An algorithm without gradient, for steps in which only a critic is trained."""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from whet.protocols.algorithm import Advantage, Algorithm, Companion, Selection, Sharing, TokenLoss
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True)
class FrozenPolicy(Algorithm):
    """The algorithm `of` with loss 0 and no rollouts to learn from; it keeps its needs."""

    of: Algorithm

    @property
    def advantage(self) -> Advantage:
        return self.of.advantage

    @property
    def sharing(self) -> Sharing:
        return self.of.sharing

    @property
    def companions(self) -> tuple[Companion, ...]:
        return self.of.companions

    @property
    def needs(self) -> frozenset[Need]:
        """All needs except the log-probs of an optimizer step that is not taken."""
        return self.of.needs - {Need.BATCH_LOGP}

    @property
    def selections(self) -> tuple[Selection, ...]:
        return ()

    def loss(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, ""]:
        del batch
        return 0 * learner_logp.sum()

    def has_gradient(self, batch: Batch) -> Bool[Tensor, " B"]:
        return batch.group < 0

    def split(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> tuple[TokenLoss, Batch]:
        del learner_logp
        return self, batch
