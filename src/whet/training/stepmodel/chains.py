"""Chains of thought with a label for every step, and who provides them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.protocols import Player
from whet.types import Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledChain:
    """A rollout; of each step the place of its last token among the chosen ones, and its label."""

    rollout: Rollout
    ends: tuple[int, ...]
    labels: tuple[float, ...]  # in [0, 1]: is the step good?

    def __post_init__(self) -> None:
        """One label per step, and every step ends within the chain."""
        sound = all(0 <= end < self.rollout.length for end in self.ends)
        if len(self.ends) != len(self.labels) or not sound:
            raise ValueError(
                f"chain of task {self.rollout.task.id!r}: {len(self.ends)} steps, "
                f"{len(self.labels)} labels and {self.rollout.length} tokens don't fit"
            )


@runtime_checkable
class Labels(Protocol):
    """Where labelled chains come from."""

    async def chains(self, player: Player, number: int, count: int) -> Sequence[LabelledChain]:
        """At most `count` chains for step `number`, the same whenever they are asked for."""
        ...
