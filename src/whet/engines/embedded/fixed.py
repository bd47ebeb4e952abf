"""Models that must not move: references and teachers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from whet.types import IntegrityError, Rollout

Scorer = Callable[[Sequence[Rollout]], Tensor]

_ROUNDING = {torch.float32: 2e-6, torch.float64: 1e-12}  # nats; other dtypes: 0.05


@dataclass(slots=True)
class FixedScorer:
    """Log-probs of a model that stays as it is.

    The shortest rollout of the first call is scored by itself, and again at every later call; its
    log-probs have to stay.  That is one short pass a call, and reads all weights but those of other
    tokens.
    """

    scorer: Scorer
    name: str  # of the model, in messages
    dtype: torch.dtype = torch.float32
    rollout: Rollout | None = None
    logp: Tensor | None = None

    def __call__(self, rollouts: Sequence[Rollout]) -> Tensor:
        """Score rollouts.  Raises `IntegrityError` if the model has moved since the first call."""
        self._check(rollouts)
        return self.scorer(rollouts)

    def _check(self, rollouts: Sequence[Rollout]) -> None:
        if self.rollout is None or self.logp is None:
            told = [rollout for rollout in rollouts if rollout.length]
            if told:
                self.rollout = min(told, key=lambda r: len(r.token_ids))
                self.logp = self.scorer([self.rollout])
            return
        gap = (self.scorer([self.rollout]) - self.logp).abs().max().item()
        if not gap <= _ROUNDING.get(self.dtype, 0.05):
            raise IntegrityError(
                f"the {self.name} has moved: log-probs of one rollout differ by {gap:.3g} from "
                "those at the first call; it has to keep its weights (is it the policy itself, or "
                "an average of it?)",
                [self.rollout],
            )
