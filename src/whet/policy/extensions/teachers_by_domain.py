"""Several teachers, one for each domain of tasks, and the teachers that a text names."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from whet.policy.extensions.teacher_weights import (
    InitialPolicy,
    SavedModel,
    TeacherModel,
    TeacherWeights,
)
from whet.protocols.engine import Candidates, Engine, Learner
from whet.protocols.extension import SetupContext
from whet.types import Rollout, Task, UsageError
from whet.types.further_models import FurtherModel


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

    def check_run(self, engine: Engine, vocabulary: str, tasks: Sequence[Task]) -> None:
        """Refuse a training task without a teacher."""
        known = [domain for domain, _ in self.teachers]
        for task in tasks:
            domain_of(task, self.column, known)
        del engine, vocabulary  # each teacher is a part that is checked by itself

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

    def reads(self, rollout: Rollout) -> bool:
        return self.teachers[self._domain(rollout)].reads(rollout)

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
        return domain_of(rollout.task, self.column, self.teachers)

    async def follow(self, policy: Learner) -> None:
        for teacher in self.teachers.values():
            await teacher.follow(policy)

    async def save(self, folder: Path) -> None:
        for place, teacher in enumerate(self.teachers.values()):
            await teacher.save(folder / str(place))

    async def load(self, folder: Path) -> None:
        for place, teacher in enumerate(self.teachers.values()):
            await teacher.load(folder / str(place))


def domain_of(task: Task, column: str, known: Collection[str]) -> str:
    """The domain of a task. Raises `UsageError` for one that is not known."""
    domain = str(task.info.get(column, ""))
    if domain not in known:
        raise UsageError(
            f"task {task.id!r} has {column} {domain!r} in its info, but there are teachers of "
            f"{', '.join(known)} only; give a teacher for it, or another column"
        )
    return domain


def saved(teacher: str, column: str) -> TeacherWeights:
    """The teachers that a text names: `FOLDER`, or `DOMAIN=FOLDER,DOMAIN=FOLDER`.

    An empty text stands for the initial policy, and a folder with "=" in its name for itself.
    """
    if not teacher:
        return InitialPolicy()
    if "=" not in teacher or Path(teacher).is_dir():
        return SavedModel(path=teacher)
    parts = teacher.split(",")
    pairs = [part.partition("=") for part in parts]
    if odd := [
        part for part, (domain, _, path) in zip(parts, pairs, strict=True) if not (domain and path)
    ]:
        raise UsageError(
            f"teacher {teacher!r} has the part {odd[0]!r}; write DOMAIN=FOLDER for each, with "
            "commas between them"
        )
    return ByDomain(
        teachers=tuple((domain, SavedModel(path=path)) for domain, _, path in pairs), column=column
    )
