"""A trained model of steps, as far as a judge has to know it."""

from collections.abc import Awaitable, Sequence
from typing import Protocol, runtime_checkable

from whet.types import Rollout


@runtime_checkable
class StepModel(Protocol):
    """Says after every token how good the chain is so far."""

    def scores(
        self, rollouts: Sequence[Rollout]
    ) -> Sequence[Sequence[float]] | Awaitable[Sequence[Sequence[float]]]:
        """p(the step that ends here is good) for each chosen token of each rollout, in [0, 1]."""
        ...
