"""Teachers by their weights: another model, the initial policy, the present one, or an average."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from whet.protocols.engine import Candidates, Learner
from whet.protocols.extension import SetupContext
from whet.protocols.part import Part
from whet.types import Rollout, UsageError

_FILE = "average.pt"


class TeacherModel:
    """A teacher that scores rollouts. By default it keeps its weights and has no state."""

    __slots__ = ()

    async def logp(self, rollouts: Sequence[Rollout]) -> Tensor:
        """Log π_T of every sampled token, laid end to end."""
        raise NotImplementedError

    async def candidates(self, rollouts: Sequence[Rollout], count: int) -> Candidates:
        """The likeliest tokens of the teacher before every sampled token."""
        raise NotImplementedError

    async def follow(self, policy: Learner) -> None:
        """Called after every step of the policy."""
        del policy

    async def save(self, folder: Path) -> None:
        """Write weights that change."""

    async def load(self, folder: Path) -> None:
        """Read what `save` wrote."""


class TeacherWeights(Part):
    """Settings of a teacher's weights."""

    __slots__ = ()

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

    async def open(self, setup: SetupContext) -> TeacherModel:
        return OfLearner(await setup.engine.load_learner(setup.base))


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentPolicy(TeacherWeights):
    """The policy itself at the start of each step; it teaches only with another context."""

    async def open(self, setup: SetupContext) -> TeacherModel:
        return OfLearner(setup.learner)
