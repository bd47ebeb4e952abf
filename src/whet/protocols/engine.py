"""Training backends, critics, and the value that opens them."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from whet.protocols.algorithm import Algorithm
from whet.protocols.part import Part
from whet.protocols.player import Player, Renderer
from whet.types import Metrics, Rollout, Size, TrainBatch
from whet.types.optimisers import AdamW
from whet.types.weights import Weights

Of = Literal["policy", "reference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What one optimiser step reports."""

    loss: float
    drift_max: float  # max |log π − log μ| over the tokens that were computed
    metrics: Metrics


class Learner(Part):
    """A training backend: holds the weights that learn."""

    __slots__ = ()

    @property
    @abstractmethod
    def version(self) -> int:
        """How many times weights were published."""

    @abstractmethod
    def reset_optimizer(self, optimiser: AdamW) -> None:
        """Begin a phase with a fresh optimiser."""

    @abstractmethod
    async def step(self, objective: Algorithm, batch: TrainBatch, lr: float) -> Update:
        """Take one optimiser step.  How to slice the batch is the learner's business."""

    @abstractmethod
    async def logp(self, rollouts: Sequence[Rollout], of: Of = "policy") -> Float[Tensor, " N"]:
        """Log π of every chosen token, end to end, without a gradient."""

    @abstractmethod
    async def entropy(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        """H before every chosen token, in nats, end to end, without a gradient."""

    @abstractmethod
    async def publish(self) -> Weights:
        """The weights of now, hashed once per version."""

    @abstractmethod
    async def set_reference(self, folder: Path) -> None:
        """Hold the policy saved in `folder` as the reference from now on."""

    @abstractmethod
    async def save(self, folder: Path) -> None:
        """Write a Hugging Face folder, and beside it all that `load` needs to go on exactly."""

    @abstractmethod
    async def load(self, folder: Path) -> None:
        """Go on exactly where `save` left off."""


@runtime_checkable
class Fit(Protocol):
    """A loss of values, token by token."""

    def __call__(self, value: Float[Tensor, " n"], tokens: slice) -> Float[Tensor, ""]:
        """The weighed loss of these tokens of the batch; slices add up."""
        ...


class ValueModel(Part):
    """A critic: expects a value before every chosen token, and learns to expect it."""

    __slots__ = ()

    @abstractmethod
    def reset_optimizer(self, optimiser: AdamW) -> None:
        """Begin a phase with a fresh optimiser."""

    @abstractmethod
    async def values(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        """V of the state before every chosen token, end to end."""

    @abstractmethod
    async def step(self, fit: Fit, rollouts: Sequence[Rollout], lr: float) -> Metrics:
        """One optimiser step on Σ_n fit(V, n), which the caller has weighed."""

    @abstractmethod
    async def save(self, folder: Path) -> None:
        """Write all that `load` needs to go on exactly."""

    @abstractmethod
    async def load(self, folder: Path) -> None:
        """Go on exactly where `save` left off."""


@runtime_checkable
class Model(Protocol):
    """Where the initial weights and the tokenizer come from; the engine knows how to load it."""

    def size(self) -> Size:
        """What it weighs, without loading it."""
        ...


class Engine(Part):
    """A value that opens the live half of a run."""

    __slots__ = ()

    slots: int = 1  # most rollouts decoded at once
    threads: int = 0  # of the CPU; 0: as many as the backend likes
    lora: Part | None = None  # adapters to train in place of the weights

    @abstractmethod
    async def open(self, model: Any, seed: int) -> tuple[Player, Learner]:
        """A player and a learner with the same weights."""

    @abstractmethod
    async def player(self, model: Any, seed: int) -> Player:
        """A player alone, to measure with."""

    @abstractmethod
    async def renderer(self, model: Any) -> Renderer:
        """How the model reads and writes text; no weights are loaded."""

    @abstractmethod
    async def load_learner(self, folder: Path) -> Learner:
        """One more learner, of the model saved in `folder`."""

    @abstractmethod
    async def critic(self, folder: Path) -> ValueModel:
        """A value model whose body is that of the policy saved in `folder`."""

    @abstractmethod
    async def value_head(self, learner: Learner) -> ValueModel:
        """A value model that is a head on a learner's hidden states."""
