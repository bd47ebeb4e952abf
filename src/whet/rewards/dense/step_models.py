"""The interface of a trained model of steps."""

from collections.abc import Awaitable, Sequence
from typing import Protocol, runtime_checkable

from whet.types import Rollout


@runtime_checkable
class StepModel(Protocol):
    """A model that rates the chain so far after every token."""

    def scores(
        self, rollouts: Sequence[Rollout]
    ) -> Sequence[Sequence[float]] | Awaitable[Sequence[Sequence[float]]]:
        """The probability that the step ending here is good, for each sampled token of each
        rollout.
        """
        ...
