"""Training backends, critics, and the `Engine` settings that open them."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor

from whet.protocols.algorithm import Algorithm
from whet.protocols.opponents import Rival
from whet.protocols.part import Part
from whet.protocols.player import Player, Renderer
from whet.types import Metrics, Rollout, Size, Task, TrainBatch, UsageError
from whet.types.optimizers import AdamW
from whet.types.weights import Weights

Of = Literal["policy", "reference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The report of one optimizer step."""

    loss: float
    drift_max: float  # max |log π − log μ| over the computed tokens
    metrics: Metrics
    drift_rollout: float = 0.0  # the largest mean of |log π − log μ| over one rollout
    drift_worst: str = ""  # id of that rollout
    lr: float | None = None  # learning rate that the optimizer used; None: not known


class Candidates(NamedTuple):
    """The K likeliest tokens before every sampled token, by the whole distribution softmax(z / T).

    The last column of `logp` is the log of the tail, the probability of all other tokens together.
    """

    ids: Int[Tensor, "N K"]
    logp: Float[Tensor, "N K1"]  # K1 = K + 1


class Reach(NamedTuple):
    """The texts that a model can compute; 0: there is no limit, or it is not known."""

    rows: int = 0  # of the output layer, which may be padded beyond the tokenizer
    positions: int = 0  # most tokens

    def covers(self, rollout: Rollout) -> bool:
        """Whether the model has positions for the text of a rollout, and rows for its tokens."""
        ids = rollout.token_ids
        fits = not self.positions or len(ids) <= self.positions
        return fits and (not self.rows or not len(ids) or int(ids.max()) < self.rows)


class Learner(Part):
    """A training backend: it holds the weights and the optimizer."""

    __slots__ = ()

    @property
    @abstractmethod
    def version(self) -> int:
        """Number of times that weights were published."""

    @property
    def dtype(self) -> str:
        """The dtype of the weights that are computed with, such as `bfloat16`."""
        return "float32"

    @property
    def optimizer_steps(self) -> int | None:
        """Steps that the optimizer has taken since it was fresh; None: not known."""
        return None

    @property
    def vocabulary(self) -> str:
        """Digest of the tokens and their ids; empty: not known."""
        return ""

    @property
    def reach(self) -> Reach:
        """The texts that the model can compute; by default they are not known."""
        return Reach()

    @abstractmethod
    def reset_optimizer(self, optimizer: AdamW) -> None:
        """Replace the optimizer by a fresh one, at the start of a phase."""

    @abstractmethod
    async def step(self, objective: Algorithm, batch: TrainBatch, lr: float) -> Update:
        """Take one optimizer step.

        The learner decides how to slice the batch into micro-batches.
        """

    @abstractmethod
    async def logp(self, rollouts: Sequence[Rollout], of: Of = "policy") -> Float[Tensor, " N"]:
        """Log π of every sampled token, laid end to end, without a gradient."""

    @abstractmethod
    async def entropy(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        """Entropy H before every sampled token, in nats, laid end to end, without a gradient."""

    async def collision(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        """The probability Σ_v π(v)² that two draws agree, before every sampled token.

        Raises `UsageError` by default: few algorithms need it.
        """
        del rollouts
        raise UsageError(
            f"engine: {type(self).__name__} does not compute Σ_v π(v)²; take embedded or plain, or "
            "another algorithm"
        )

    async def candidates(self, rollouts: Sequence[Rollout], count: int) -> Candidates:
        """The `count` likeliest tokens of the policy, or all but one of a smaller vocabulary.

        Raises `UsageError` for an engine that can't compute them.
        """
        del rollouts, count
        raise UsageError(
            f"{type(self).__name__} gives log-probs of sampled tokens only; distil with opd, or "
            "choose another engine"
        )

    async def set_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Replace all weights of a model that is not trained, by their names in `publish`.

        Raises `UsageError` for an engine that can't, and for other names.
        """
        del tensors
        raise UsageError(
            f"{type(self).__name__} can't replace its weights, as the average of a policy needs "
            "it; choose another teacher"
        )

    @abstractmethod
    async def publish(self) -> Weights:
        """The present weights with their manifest. Each version is hashed once."""

    @abstractmethod
    async def set_reference(self, folder: Path) -> None:
        """Use the policy saved in `folder` as the reference model, in the dtype of the learner."""

    @abstractmethod
    async def save(self, folder: Path) -> None:
        """Write a Hugging Face folder, and the state that `load` needs for an exact resume."""

    @abstractmethod
    async def load(self, folder: Path) -> None:
        """Restore exactly the state that `save` wrote."""


@runtime_checkable
class ValueLoss(Protocol):
    """A loss of predicted values, as a sum over tokens."""

    def __call__(self, value: Float[Tensor, " n"], tokens: slice) -> Float[Tensor, ""]:
        """Weighted loss of the tokens in the slice `tokens`; the losses of all slices add up."""
        ...


class ValueModel(Part):
    """A critic: predicts a value before every sampled token, and is trained to do so."""

    __slots__ = ()

    @property
    def optimizer_steps(self) -> int | None:
        """Steps that the optimizer has taken since it was fresh; None: not known."""
        return None

    @abstractmethod
    def reset_optimizer(self, optimizer: AdamW) -> None:
        """Replace the optimizer by a fresh one, at the start of a phase."""

    @abstractmethod
    async def values(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        """V of the state before every sampled token, laid end to end."""

    @abstractmethod
    async def step(self, fit: ValueLoss, rollouts: Sequence[Rollout], lr: float) -> Metrics:
        """One optimizer step on Σ_n fit(V, n). The caller has included the weights in `fit`."""

    @abstractmethod
    async def save(self, folder: Path) -> None:
        """Write the state that `load` needs for an exact resume."""

    @abstractmethod
    async def load(self, folder: Path) -> None:
        """Restore exactly the state that `save` wrote."""


@runtime_checkable
class Model(Protocol):
    """Source of the initial weights and the tokenizer. The engine knows how to load it."""

    def size(self) -> Size:
        """Size of the model, read without loading its weights."""
        ...


class Engine(Part):
    """Settings of an engine, which open the player and the learner of a run."""

    __slots__ = ()

    slots: int = 1  # most rollouts that are decoded at once
    threads: int = 0  # CPU threads; 0: the backend's default
    lora: Part | None = None  # LoRA adapters to train instead of all weights
    replays_truncation: ClassVar[bool] = False  # records the tokens that truncated sampling kept

    @abstractmethod
    async def open(self, model: Any, seed: int) -> tuple[Player, Learner]:
        """A player and a learner with the same weights."""

    @abstractmethod
    async def player(self, model: Any, seed: int) -> Player:
        """A player alone, for evaluation."""

    @abstractmethod
    async def renderer(self, model: Any) -> Renderer:
        """How the model reads and writes text; no weights are loaded."""

    async def notes(self, model: Any) -> Sequence[str]:
        """What `whet plan` should say about the model, one sentence each; no weights are read."""
        del model
        return ()

    def positions(self, model: Any) -> int | None:
        """The model's positions for prompt and reply, in tokens; None where they are not known."""
        return model.size().positions

    def shortened(self, model: Any) -> str:
        """Why fewer positions can be used than the model declares; empty if all can."""
        del model
        return ""

    def caveats(self, model: Any, tasks: Sequence[Task]) -> Sequence[str]:
        """What an evaluation on these tasks does otherwise or can't tell, one sentence each."""
        del model, tasks
        return ()

    def narrow(self) -> "Engine":
        """The same engine with the smallest micro-batches it can take; itself if it has no choice.

        Its results should be equal (`whet.testing.check_engine`).
        """
        return self

    def hardware(self) -> str:
        """What computes here, such as `cpu` or a GPU with its CUDA version; empty if unknown.

        The same text stands for the same bits from the same seed.
        """
        return ""

    def vocabulary(self, folder: Path) -> str:
        """Digest of the tokens and ids of the model in `folder`; empty: not known."""
        del folder
        return ""

    @abstractmethod
    async def load_learner(self, folder: Path) -> Learner:
        """A further learner, of the model saved in `folder`, in the dtype of its files."""

    async def load_teacher(self, folder: Path, rows: int) -> Learner:
        """A further learner that gives log-probs over the first `rows` tokens alone; 0: over all.

        Models of one tokenizer may be padded to different numbers of rows. By default nothing is
        left out. Raises `UsageError` for a folder that is no model of this engine.
        """
        del rows
        return await self.load_learner(folder)

    async def rival(self, model: Any, folder: Path) -> Rival:
        """The model saved in `folder`, to play against a run of `model`, on that run's date.

        Raises `UsageError` for an engine that can't sample with a second model.
        """
        del model
        raise UsageError(
            f"engine {type(self).__name__} can't open {str(folder)!r} for an opponent; give an "
            "opponent without weights, such as Chance"
        )

    @abstractmethod
    async def critic(self, folder: Path) -> ValueModel:
        """A value model with a body that starts as the policy in `folder`, in the same dtype."""

    @abstractmethod
    async def value_head(self, learner: Learner) -> ValueModel:
        """A value model that is a linear head on a learner's hidden states."""
