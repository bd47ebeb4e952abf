"""What is played, and in what order: policies, worlds, corpora, teachers, schedules."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Protocol, runtime_checkable

from whet.types import Group, Prompt, Request, Step, Task, Verdict


@runtime_checkable
class Policy(Protocol):
    """A live policy, as an environment sees it."""

    async def __call__(self, observation: Prompt) -> str:
        """Reply to `observation`; tokens and log-probabilities are recorded on the way."""
        ...


@runtime_checkable
class Environment(Protocol):
    """A world that a policy can be played in."""

    async def play(self, task: Task, policy: Policy) -> Verdict | None:
        """Play one rollout; the world's own verdict, or None to leave it to a reward."""
        ...


@runtime_checkable
class Family(Protocol):
    """A procedural family of tasks, with a checker for every step of a worked answer."""

    def draw(self, dice: Random, level: int) -> Task:
        """A task of this level; `info` names its family, level and verifier."""
        ...

    def canonical(self, task: Task) -> str:
        """What stays of a task when names that carry no meaning are taken away."""
        ...

    def worked(self, task: Task, dice: Random, keep: float = 1.0) -> str:
        """A right reply.  Each intermediate step is written down with probability `keep`."""
        ...

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Every step that the reply writes down: does it follow from the task and those before?"""
        ...


@runtime_checkable
class Corpus(Protocol):
    """Tasks, in splits that share no canonical instance."""

    def task(self, split: str, index: int) -> Task:
        """The `index`-th task of a split, the same for ever; training may come round again."""
        ...

    def held_out(self, split: str, count: int) -> Sequence[Task]:
        """The first `count` distinct tasks of a split, or all there are."""
        ...


@runtime_checkable
class Teacher(Protocol):
    """Worked examples: the token targets of supervised training."""

    def example(self, step: int, index: int) -> tuple[Task, str]:
        """The `index`-th example of a step: a task, and the reply to imitate."""
        ...


@runtime_checkable
class Demonstrator(Protocol):
    """Who can show how a given task is done."""

    def demonstrate(self, task: Task) -> str | None:
        """A right reply, the same for ever; None where nobody knows one."""
        ...


@runtime_checkable
class Schedule(Protocol):
    """What to play next."""

    def __call__(self, corpus: Corpus, step: int, seed: int) -> Iterable[Request]:
        """The requests of a step, one per group; the same for the same step and seed."""
        ...


@runtime_checkable
class Gate(Protocol):
    """What to learn from."""

    def __call__(self, group: Group) -> bool:
        """Does this group enter the batch?"""
        ...
