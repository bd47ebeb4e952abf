"""Teachers by their weights: another model, the initial policy, the present one, a choice."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from whet.policy.domains import POSITIVE_SHARE, check
from whet.protocols.engine import Candidates, Learner
from whet.protocols.extension import SetupContext
from whet.protocols.part import Part
from whet.types import Rollout, UsageError
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedModel(TeacherWeights):
    """A model in a folder as `save_pretrained` writes it, with the policy's tokenizer."""

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

    async def open(self, setup: SetupContext) -> TeacherModel:
        """Refuse another vocabulary before any weight is read."""
        folder = Path(self.path)
        own, other = setup.learner.vocabulary, setup.engine.vocabulary(folder)
        if own and other and own != other:
            raise UsageError(
                f"teacher {self.path!r} has another tokenizer than the policy (the digests of "
                f"their tokens are {other} and {own}), so it would read other words in the same "
                "ids; give a teacher with the policy's tokenizer"
            )
        return OfLearner(await setup.engine.load_learner(folder))


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

    async def open(self, setup: SetupContext) -> TeacherModel:
        """Refuse a policy of adapters, which does not publish whole weights."""
        if setup.engine.lora is not None:
            raise UsageError(
                "AveragePolicy averages whole weights, but engine.lora trains adapters; leave "
                "engine.lora out, or take CurrentPolicy or InitialPolicy as the teacher"
            )
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDomain(TeacherWeights):
    """Several teachers, one for each domain of tasks (MOPD, arXiv:2601.02780, from a note).

    A rollout is scored by the teacher of `task.info[column]`.
    """

    teachers: tuple[tuple[str, TeacherWeights], ...]  # domain and teacher
    column: str = "domain"

    def __post_init__(self) -> None:
        domains = [domain for domain, _ in self.teachers]
        if not domains or len(set(domains)) < len(domains):
            raise UsageError(
                f"ByDomain.teachers has the domains {domains}; give one or more, each once"
            )

    @property
    def further_models(self) -> tuple[FurtherModel, ...]:
        return tuple(model for _, teacher in self.teachers for model in teacher.further_models)

    async def open(self, setup: SetupContext) -> TeacherModel:
        opened = {domain: await teacher.open(setup) for domain, teacher in self.teachers}
        return LiveByDomain(self.column, opened)


@dataclass(slots=True)
class LiveByDomain(TeacherModel):
    """A teacher for every domain."""

    column: str
    teachers: Mapping[str, TeacherModel]

    async def logp(self, rollouts: Sequence[Rollout]) -> Tensor:
        """Raises `UsageError` for a task of another domain, with its name."""
        found = torch.zeros(sum(r.length for r in rollouts))
        for domain, mine, tokens in self._parts(rollouts):
            found[tokens] = (await self.teachers[domain].logp(mine)).to(found)
        return found

    async def candidates(self, rollouts: Sequence[Rollout], count: int) -> Candidates:
        """Teachers have one vocabulary, so they give equally many candidates."""
        parts = [
            (tokens, await self.teachers[domain].candidates(mine, count))
            for domain, mine, tokens in self._parts(rollouts)
        ]
        if not parts:
            return Candidates(torch.zeros(0, count, dtype=torch.long), torch.zeros(0, count + 1))
        place = torch.cat([tokens.nonzero()[:, 0] for tokens, _ in parts]).argsort()
        ids, logp = (torch.cat([part[i] for _, part in parts])[place] for i in (0, 1))
        return Candidates(ids, logp)

    def _parts(self, rollouts: Sequence[Rollout]) -> list[tuple[str, list[Rollout], Tensor]]:
        """Each domain with its rollouts and the mask of their tokens."""
        names = [self._domain(rollout) for rollout in rollouts]
        lengths = torch.tensor([r.length for r in rollouts]).long()
        found = list[tuple[str, list[Rollout], Tensor]]()
        for domain in dict.fromkeys(names):
            mine = torch.tensor([name == domain for name in names])
            own = [r for r, name in zip(rollouts, names, strict=True) if name == domain]
            found.append((domain, own, mine.repeat_interleave(lengths)))
        return found

    def _domain(self, rollout: Rollout) -> str:
        domain = str(rollout.task.info.get(self.column, ""))
        if domain not in self.teachers:
            raise UsageError(
                f"task {rollout.task.id!r} has {self.column} {domain!r} in its info, but there are "
                f"teachers of {', '.join(self.teachers)} only; give a teacher for it, or another "
                "column"
            )
        return domain

    async def follow(self, policy: Learner) -> None:
        for teacher in self.teachers.values():
            await teacher.follow(policy)

    async def save(self, folder: Path) -> None:
        for place, teacher in enumerate(self.teachers.values()):
            await teacher.save(folder / str(place))

    async def load(self, folder: Path) -> None:
        for place, teacher in enumerate(self.teachers.values()):
            await teacher.load(folder / str(place))


def saved(teacher: str, column: str) -> TeacherWeights:
    """The teachers that a text names: `FOLDER`, or `DOMAIN=FOLDER,DOMAIN=FOLDER`.

    An empty text stands for the initial policy.
    """
    if not teacher:
        return InitialPolicy()
    if "=" not in teacher:
        return SavedModel(path=teacher)
    pairs = [part.partition("=") for part in teacher.split(",")]
    return ByDomain(
        teachers=tuple((domain, SavedModel(path=path)) for domain, _, path in pairs), column=column
    )
