"""Chains of thought with a label per step, and the interface of their sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.protocols import Player
from whet.types import Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledChain:
    """A rollout, the index of each step's last token among the sampled ones, and its label."""

    rollout: Rollout
    ends: tuple[int, ...]
    labels: tuple[float, ...]  # in [0, 1]; 1: the step is good

    def __post_init__(self) -> None:
        sound = all(0 <= end < self.rollout.length for end in self.ends)
        if len(self.ends) != len(self.labels) or not sound:
            raise ValueError(
                f"chain of task {self.rollout.task.id!r}: {len(self.ends)} steps, "
                f"{len(self.labels)} labels and {self.rollout.length} tokens don't fit"
            )


@runtime_checkable
class Labels(Protocol):
    """A source of labelled chains."""

    async def chains(self, player: Player, number: int, count: int) -> Sequence[LabelledChain]:
        """At most `count` chains for training step `number`, the same on every call."""
        ...
