"""What a live companion may do in a step.  Each does some of these; the crew asks who does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from whet.protocols.algorithm import Algorithm
from whet.training.assemble import Share
from whet.training.stage import Stage
from whet.types import Group, Metrics, Request, Rollout, Scores


@runtime_checkable
class Planning(Protocol):
    """It changes what is played."""

    def plan(self, stage: Stage, requests: Sequence[Request]) -> Sequence[Request]:
        """The requests to play instead, one per group."""
        ...


@runtime_checkable
class Joining(Protocol):
    """It changes the judged groups: more rollouts, or others."""

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """The groups to learn from instead, in the same order."""
        ...


@runtime_checkable
class Scoring(Protocol):
    """It knows something of every rollout that advantages are made of."""

    def score(self, scores: Scores, rollouts: Sequence[Rollout]) -> Scores:
        """The same scores, and its own columns."""
        ...


@runtime_checkable
class Adjusting(Protocol):
    """It changes the algorithm from step to step."""

    def adjust(self, stage: Stage, algorithm: Algorithm, groups: Sequence[Group]) -> Algorithm:
        """The algorithm of this step."""
        ...


@runtime_checkable
class Learning(Protocol):
    """It learns beside the policy, after the policy's own step."""

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """Do so; what there is to tell."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """It has a state, of plain values: numbers, texts, lists, dictionaries, tensors."""

    def state(self) -> dict[str, Any]:
        """All that `restore` needs to go on exactly."""
        ...

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """Go on exactly where `state` was asked for."""
        ...


@runtime_checkable
class Keeping(Protocol):
    """It has a model, which is saved in a folder of its own."""

    def save(self, folder: Path) -> None:
        """Write the model."""
        ...

    def load(self, folder: Path) -> None:
        """Go on exactly where `save` left off."""
        ...
