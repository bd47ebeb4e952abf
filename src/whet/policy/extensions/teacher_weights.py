"""Teachers by their weights: another model, the initial policy, the present one, an average."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from whet.policy.domains import POSITIVE_SHARE, check
from whet.protocols.engine import Candidates, Engine, Learner
from whet.protocols.extension import SetupContext
from whet.protocols.part import Part
from whet.types import Rollout, Task, UsageError
from whet.types.further_models import AveragedModel, FurtherModel

_FILE = "average.pt"


class TeacherModel(ABC):
    """A teacher that scores rollouts. By default it keeps its weights and has no state."""

    __slots__ = ()

    @abstractmethod
    async def logp(self, rollouts: Sequence[Rollout]) -> Tensor:
        """Log π_T of every sampled token, laid end to end."""

    @abstractmethod
    async def candidates(self, rollouts: Sequence[Rollout], count: int) -> Candidates:
        """The likeliest tokens of the teacher before every sampled token."""

    def reads(self, rollout: Rollout) -> bool:
        """Whether the teacher can compute the text of a rollout."""
        del rollout
        return True

    async def follow(self, policy: Learner) -> None:
        """Called after every step of the policy."""
        del policy

    async def save(self, folder: Path) -> None:
        """Write weights that change."""
        del folder

    async def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        del folder


class TeacherWeights(Part):
    """Settings of a teacher's weights."""

    __slots__ = ()

    further_models: tuple[FurtherModel, ...] = ()  # that are held for it

    def check_run(self, engine: Engine, vocabulary: str, tasks: Sequence[Task]) -> None:
        """Raise `UsageError`, before any weight is read, for a teacher that the run can't have.

        `vocabulary` is the digest of the policy's tokens, and `tasks` are the training tasks.
        """
        del engine, vocabulary, tasks

    @abstractmethod
    async def open(self, setup: SetupContext) -> TeacherModel:
        """The teacher. Raises `UsageError` for one that does not read the policy's tokens."""


@dataclass(slots=True)
class OfLearner(TeacherModel):
    """A teacher with the weights of a learner."""

    learner: Learner

    async def logp(self, rollouts: Sequence[Rollout]) -> Tensor:
        return await self.learner.logp(rollouts)

    async def candidates(self, rollouts: Sequence[Rollout], count: int) -> Candidates:
        return await self.learner.candidates(rollouts, count)

    def reads(self, rollout: Rollout) -> bool:
        return self.learner.reach.covers(rollout)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedModel(TeacherWeights):
    """A model in a folder as `save_pretrained` writes it, with the policy's tokenizer.

    Its distributions are over the tokens that the policy has rows for, where it has more.
    """

    path: str

    def __post_init__(self) -> None:
        if not self.path:
            raise UsageError("SavedModel.path is empty; give the folder of the teacher")

    @property
    def further_models(self) -> tuple[FurtherModel, ...]:
        return (FurtherModel(path=self.path),)

    def check(self) -> None:
        """Refuse a folder without a model."""
        if not (Path(self.path) / "config.json").is_file():
            raise UsageError(
                f"teacher {self.path!r} has no config.json; give a folder as save_pretrained "
                "writes it, such as a checkpoint of a run"
            )

    def check_run(self, engine: Engine, vocabulary: str, tasks: Sequence[Task]) -> None:
        """Refuse a folder without tokenizer and weight files, and another vocabulary."""
        del tasks
        other = engine.vocabulary(Path(self.path))
        if vocabulary and other and vocabulary != other:
            raise UsageError(
                f"teacher {self.path!r} has another tokenizer than the policy (the digests of "
                f"their tokens are {other} and {vocabulary}), so it would read other words in the "
                "same ids; give a teacher with the policy's tokenizer"
            )

    async def open(self, setup: SetupContext) -> TeacherModel:
        """Refuse another vocabulary before any weight is read."""
        folder = Path(self.path)
        self.check_run(setup.engine, setup.learner.vocabulary, ())
        rows = setup.learner.reach.rows
        return OfLearner(await setup.engine.load_teacher(folder, rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialPolicy(TeacherWeights):
    """The policy before the first step of RL."""

    further_models: ClassVar[tuple[FurtherModel, ...]] = (FurtherModel(),)

    async def open(self, setup: SetupContext) -> TeacherModel:
        return OfLearner(await setup.engine.load_learner(setup.base))


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentPolicy(TeacherWeights):
    """The policy itself at the start of each step; it teaches only with another context."""

    async def open(self, setup: SetupContext) -> TeacherModel:
        return OfLearner(setup.learner)


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragePolicy(TeacherWeights):
    """An exponential moving average of the policy. θ_T ← (1 − rate) θ_T + rate θ after each step.

    It begins at the initial policy. The average is kept in float32 beside the model that scores.
    The rate is that of SDPO, as read in TRL, which averages after every optimizer step.
    """

    further_models: ClassVar[tuple[FurtherModel, ...]] = (AveragedModel(),)

    rate: float = 0.05

    def __post_init__(self) -> None:
        check(self, rate=POSITIVE_SHARE)

    def check_run(self, engine: Engine, vocabulary: str, tasks: Sequence[Task]) -> None:
        """Refuse a policy of adapters, which does not publish whole weights."""
        del vocabulary, tasks
        if engine.lora is not None:
            raise UsageError(
                "AveragePolicy averages whole weights, but engine.lora trains adapters; leave "
                "engine.lora out, or take CurrentPolicy or InitialPolicy as the teacher"
            )

    async def open(self, setup: SetupContext) -> TeacherModel:
        """Refuse a policy of adapters."""
        self.check_run(setup.engine, setup.learner.vocabulary, ())
        model = await setup.engine.load_learner(setup.base)
        return LiveAverage(model, self.rate, _copies((await model.publish()).tensors))


def _copies(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU, floating-point numbers in float32."""
    return {
        name: x.detach().to("cpu", torch.float32 if x.is_floating_point() else x.dtype, copy=True)
        for name, x in tensors.items()
    }


@dataclass(slots=True)
class LiveAverage(OfLearner):
    """The average, and the model that has it."""

    rate: float
    average: dict[str, Tensor]

    async def follow(self, policy: Learner) -> None:
        """Move towards the present policy."""
        now = _copies((await policy.publish()).tensors)
        for name, tensor in self.average.items():
            if tensor.is_floating_point():
                tensor.lerp_(now[name], self.rate)
            else:
                tensor.copy_(now[name])
        await self.learner.set_weights(self.average)

    async def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.average, folder / _FILE)

    async def load(self, folder: Path) -> None:
        self.average = torch.load(folder / _FILE, weights_only=True)
        await self.learner.set_weights(self.average)
