"""Who samples and who learns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from whet.protocols.algorithm import Algorithm
from whet.protocols.worlds import Environment
from whet.types import Batch, Group, Metrics, Request, Rollout, Size, Task
from whet.types.optimisers import AdamW


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What one optimiser step has to tell."""

    loss: float
    drift_max: float  # max |log π − log μ| over the tokens that were computed
    metrics: Metrics


@runtime_checkable
class Sampler(Protocol):
    """An inference engine."""

    async def play(self, environment: Environment, request: Request) -> Group:
        """Play a request: once per seed, all of them and all other requests at once."""
        ...

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Play with these weights from now on."""
        ...

    def digest(self) -> str:
        """Of the weights that are really here."""
        ...

    def spent(self) -> Mapping[str, int]:
        """Tokens prefilled, shared and decoded so far."""
        ...


@runtime_checkable
class Learner(Protocol):
    """A training backend."""

    def begin(self, optimiser: AdamW) -> None:
        """Start a phase with a fresh optimiser."""
        ...

    def step(
        self, objective: Algorithm, rollouts: Sequence[Rollout], batch: Batch, rate: float
    ) -> Update:
        """Take one optimiser step.  How to slice the batch is the learner's business."""
        ...

    def logp(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        """Log π of every chosen token, end to end, under the weights of now."""
        ...

    def entropy(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        """H before every chosen token, in nats, end to end, under the weights of now."""
        ...

    def refer(self, folder: Path) -> None:
        """Hold the policy saved in `folder` as the reference from now on."""
        ...

    def reference_logp(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        """Log π_ref of every chosen token, end to end."""
        ...

    def imitate(self, task: Task, reply: str) -> Rollout:
        """The rollout that would have said `reply`: a demonstration, in tokens."""
        ...

    def weights(self) -> Mapping[str, Tensor]:
        """The weights after the last step."""
        ...

    def digest(self) -> str:
        """Of those weights."""
        ...

    def save(self, folder: Path) -> None:
        """Write a Hugging Face folder, and beside it all that `load` needs to go on exactly."""
        ...

    def load(self, folder: Path) -> None:
        """Go on exactly where `save` left off."""
        ...


@runtime_checkable
class Fit(Protocol):
    """A loss of values, token by token."""

    def __call__(self, value: Float[Tensor, " n"], tokens: slice) -> Float[Tensor, ""]:
        """The weighed loss of these tokens of the batch; slices add up."""
        ...


@runtime_checkable
class ValueModel(Protocol):
    """A critic: what is expected before every choice, and how it learns to expect it."""

    def begin(self, optimiser: AdamW) -> None:
        """Start a phase with a fresh optimiser."""
        ...

    def values(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        """V of the state before every chosen token, end to end."""
        ...

    def step(self, fit: Fit, rollouts: Sequence[Rollout], rate: float) -> Metrics:
        """One optimiser step on Σ_n fit(V, n), which the caller has weighed."""
        ...

    def save(self, folder: Path) -> None:
        """Write all that `load` needs to go on exactly."""
        ...

    def load(self, folder: Path) -> None:
        """Go on exactly where `save` left off."""
        ...


@runtime_checkable
class Model(Protocol):
    """Where the initial weights and the tokenizer come from; the engine knows how to load it."""

    def size(self) -> Size:
        """What it weighs, without loading it."""
        ...


@runtime_checkable
class Engine(Protocol):
    """A value that opens the live half of a run."""

    def open(self, model: Any, seed: int) -> tuple[Sampler, Learner]:
        """A sampler and a learner with the same weights."""
        ...

    def sampler(self, model: Any, seed: int) -> Sampler:
        """A sampler alone, to measure with."""
        ...

    def another(self, folder: Path) -> Learner:
        """One more learner, of the policy saved in `folder`: a model of something else."""
        ...

    def critic(self, folder: Path) -> ValueModel:
        """A value model whose body is that of the policy saved in `folder`."""
        ...

    def head(self, learner: Any) -> ValueModel:
        """A value model that is a head on a learner's hidden states."""
        ...
