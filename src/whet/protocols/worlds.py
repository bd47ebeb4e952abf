"""What is played, and what is taught: policies, worlds, corpora, teachers."""

from abc import abstractmethod
from collections.abc import Sequence
from random import Random
from typing import Protocol, runtime_checkable

from whet.protocols.part import Part
from whet.types import Prompt, Reply, Step, Task, Verdict


@runtime_checkable
class Policy(Protocol):
    """One conversation with the policy, as an environment sees it."""

    async def __call__(
        self, observation: Prompt, *, stop: Sequence[str] = (), length: int = 0, state: str = ""
    ) -> Reply:
        """Reply to `observation`; tokens and log-probabilities are recorded on the way.

        Empty text lets the policy go on.  `stop` adds strings that end this reply, `length` limits
        its tokens, `state` names what it answers, for credit by state.
        """
        ...

    def fork(self, number: int) -> "Sequence[Policy]":
        """So many conversations that go on from here; this one is closed."""
        ...

    def seat(self, name: str) -> "Policy":
        """The conversation of another seat in the same play; the same one every time."""
        ...

    def end(self, verdict: Verdict) -> None:
        """This conversation's own verdict, where the play's is not the same for all."""
        ...


class Environment(Part):
    """A world that a policy can be played in."""

    __slots__ = ()

    @abstractmethod
    async def play(self, task: Task, policy: Policy) -> Verdict | None:
        """Play one task; the world's own verdict, or None to leave it to a reward."""


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


class Corpus(Part):
    """Tasks, in splits that share no canonical instance: `train`, `dev`, `test`."""

    __slots__ = ()

    @abstractmethod
    def task(self, split: str, index: int) -> Task:
        """The `index`-th task of a split, the same for ever; training may come round again."""

    @abstractmethod
    def held_out(self, split: str, count: int) -> Sequence[Task]:
        """The first `count` distinct tasks of a split, or all there are."""

    def size(self, split: str) -> int | None:
        """How many tasks a split has before they come round again; None: there is no end."""
        del split

    def benchmark(self) -> str:
        """The split that measures a model which was not trained on this corpus."""
        return "test"


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
