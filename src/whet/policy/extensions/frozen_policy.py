"""An algorithm that rests: nothing teaches, so no policy step is taken."""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from whet.protocols.algorithm import Advantage, Algorithm, Companion, Selection, Sharing, TokenLoss
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True)
class FrozenPolicy(Algorithm):
    """The same needs, and no lesson."""

    of: Algorithm

    @property
    def advantage(self) -> Advantage:
        """What companions are scored with."""
        return self.of.advantage

    @property
    def sharing(self) -> Sharing:
        """The same."""
        return self.of.sharing

    @property
    def companions(self) -> tuple[Companion, ...]:
        """The same."""
        return self.of.companions

    @property
    def needs(self) -> frozenset[Need]:
        """All but the log-probs of a step that is not taken."""
        return self.of.needs - {Need.BATCH_LOGP}

    @property
    def selections(self) -> tuple[Selection, ...]:
        """None."""
        return ()

    def loss(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, ""]:
        """0."""
        del batch
        return 0 * learner_logp.sum()

    def has_gradient(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Nobody does."""
        return batch.group < 0

    def split(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> tuple[TokenLoss, Batch]:
        """Nothing to split."""
        del learner_logp
        return self, batch
