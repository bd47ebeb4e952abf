"""Base class of attempts: how one answer to a task is decoded, and what it costs."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from whet.protocols.part import Part
from whet.rollouts.runner import RolloutRunner
from whet.types import Decoding, Rollout, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptContext:
    """What attempts are decoded with."""

    runner: RolloutRunner
    decoding: Decoding
    positions: int = 0  # most tokens of a sequence, its reply included; 0: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The rollout with the answer, judged, and all tokens that were decoded for it.

    Tokens count whatever became of them: in discarded beams, taken-back ends, former attempts, cut
    and faulted rollouts.  Forced words count, too.
    """

    rollout: Rollout
    tokens: int


class Attempt(Part):
    """Decodes one answer to a task.

    The answer depends on task, seed, decoding and weights alone: not on what is decoded at the same
    time.
    """

    __slots__ = ()

    name: ClassVar[str]  # as in `--test-time`
    samples: ClassVar[bool] = False  # its answers are the plain samples of an evaluation

    @property
    def label(self) -> str:
        """The name with the settings that tell it from others of its kind; by default the name."""
        return self.name

    async def open(self, context: AttemptContext, task: Task) -> None:
        """Raise `UsageError` where the engine can't serve it; by default every engine can."""
        del context, task

    @abstractmethod
    async def answer(self, task: Task, seed: int, context: AttemptContext) -> Answered:
        """Decode and judge one answer."""
