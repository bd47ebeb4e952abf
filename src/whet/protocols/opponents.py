"""Models that sit at a seat of a world and are not trained, and the play that seats them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from whet.protocols.generator import Generator
from whet.protocols.player import Renderer
from whet.protocols.worlds import Policy


@dataclass(frozen=True, slots=True, eq=False)
class Rival:
    """A model that plays a seat and is not trained."""

    generator: Generator
    renderer: Renderer


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSetup:
    """What an environment may use when a run or an evaluation begins."""

    rival: Callable[[Path], Awaitable[Rival]]  # the model that is saved in a folder


@runtime_checkable
class Host(Protocol):
    """The handle of a play, at which a model may sit that is not trained."""

    def rival(self, seat: str, model: Rival) -> Policy:
        """The conversation of a seat with this model. It is in no rollout."""
        ...
