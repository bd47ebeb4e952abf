"""Interfaces of policies, environments, task families, corpora and teachers."""

from abc import abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from whet.protocols.part import Part
from whet.types import Prompt, Reply, Step, Task, Verdict
from whet.types.transcripts import Example

if TYPE_CHECKING:
    from whet.protocols.opponents import WorldSetup


@runtime_checkable
class Policy(Protocol):
    """One conversation with the policy, as an environment sees it."""

    @property
    def seed(self) -> int:
        """The seed of this conversation, for an environment that needs dice of its own."""
        ...

    async def __call__(
        self,
        observation: Prompt,
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        stop: Sequence[str] = (),
        max_new_tokens: int = 0,
        options: Sequence[str] = (),
        state: str = "",
    ) -> Reply:
        """Send `observation` and return the reply; its tokens and log-probs are recorded.

        Text after chat messages is a message of the user; empty text continues the same reply.
        `tools` are schemas of functions that the opening shows besides those of the task.  `stop`
        adds strings that end this reply, and `max_new_tokens` limits its tokens. `options` are all
        legal replies, where they can be listed: opponents choose among them, and decoding is not
        restricted to them. `state` names the state that the reply answers, for credit by state.
        """
        ...

    def fork(self, number: int) -> "Sequence[Policy]":
        """`number` conversations that continue from here; this conversation is closed."""
        ...

    def seat(self, name: str) -> "Policy":
        """The conversation of another seat in the same play, one per name."""
        ...

    def end(self, verdict: Verdict) -> None:
        """Set a verdict for this conversation alone, instead of the verdict of the whole play."""
        ...


class Environment(Part):
    """An environment that a policy can play in.

    An `OSError` of `play`, such as a lost connection or a `TimeoutError`, masks the play as a
    fault.  Any other exception stops the run.
    """

    __slots__ = ()

    world_seconds: float = 600.0  # without a call of the policy; then the play is a fault

    @abstractmethod
    async def play(self, task: Task, policy: Policy) -> Verdict | None:
        """Play one task. Returns the environment's verdict, or None to leave it to a reward."""

    async def open(self, setup: "WorldSetup") -> "Environment":
        """What plays in a run or an evaluation, before its first play; by default itself."""
        del setup
        return self

    @property
    def opponents(self) -> Sequence[Any]:
        """Its opponents (`whet.environments.opponents.Opponent`), which may have models."""
        return ()

    @property
    def lowest_score(self) -> float:
        """The score of a conversation that ran out of tokens; 0 where no bounds are known."""
        return 0.0


@runtime_checkable
class TaskSource(Protocol):
    """A source of random tasks by level: a procedural family, or a world."""

    def draw(self, rng: Random, level: int) -> Task:
        """A random task of this level; `info` names its source and level, and what judges it.

        Raises `UsageError` for a level that it does not have.
        """
        ...

    def canonical(self, task: Task) -> str:
        """Canonical form of a task, with arbitrary labels renamed. Splits share no form."""
        ...


@runtime_checkable
class Bot(Protocol):
    """What plays a seat in place of the policy, for one play."""

    async def __call__(self, observation: Prompt, options: Sequence[str]) -> str:
        """The reply to an observation; `options` are all legal ones, where they can be listed."""
        ...


class World(Environment):
    """An environment that brings its own tasks.

    `play` reads the task alone: `task.info` holds all that it needs, with what is hidden and with
    `luck`, a number that all its dice come from.  It has no state of its own, and reads no clock.
    So the rollouts of a group meet the same luck, and a play with the same replies is the same.
    """

    __slots__ = ()

    levels: ClassVar[tuple[int, int]]  # the lowest and the highest
    alphabet: ClassVar[str] = ""  # every character that it or a sensible player says; "": any
    seats: ClassVar[tuple[str, ...]] = ("",)  # names of its seats; "" is the policy's own
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)  # of scores
    shown: ClassVar[frozenset[str]] = frozenset()  # fields of `task.info` that the opening shows
    splits: ClassVar[bool] = True  # False: all openings are alike, so every split has all tasks

    @abstractmethod
    def draw(self, rng: Random, level: int) -> Task:
        """A random task of this level, as of `TaskSource`."""

    @abstractmethod
    def canonical(self, task: Task) -> str:
        """Canonical form of a task, as of `TaskSource`; luck is part of it where chance decides."""

    def expert(self, task: Task, rng: Random) -> Bot | None:
        """A player that wins where a win is possible; None where none is known.

        Asked with one option alone, it counts that one as its reply, and goes on from there: so it
        hears of a reply that was made in its place.
        """
        del task, rng
        return None

    @property
    def lowest_score(self) -> float:
        """The lowest score."""
        return self.bounds[0]


@runtime_checkable
class Family(TaskSource, Protocol):
    """A procedural task family with a checker for every step of a worked solution."""

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """A correct reply. Each intermediate step is written down with probability `keep`."""
        ...

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Every step written in the reply, and whether it follows from task and earlier steps."""
        ...


class Corpus(Part):
    """Tasks in the splits `train`, `dev` and `test`, which share no canonical form."""

    __slots__ = ()

    @abstractmethod
    def task(self, split: str, index: int) -> Task:
        """The `index`-th task of a split, always the same. Training indices may wrap around."""

    @abstractmethod
    def held_out(self, split: str, count: int) -> Sequence[Task]:
        """The first `count` distinct tasks of a split, or all if there are fewer."""

    def size(self, split: str) -> int | None:
        """Number of tasks of a split before they repeat; None for a corpus without an end."""
        del split

    def benchmark(self) -> str:
        """The split that measures a model which was not trained on this corpus."""
        return "test"

    def chain_correct(self, task: Task, reply: str) -> bool | None:
        """Whether all steps of a reply are correct; None where the corpus can't check them."""
        del task, reply


@runtime_checkable
class Teacher(Protocol):
    """A source of supervised examples: prompts with target replies, or whole conversations."""

    def example(self, step: int, index: int) -> Example | Awaitable[Example]:
        """The `index`-th example of a step: a task, and what to imitate."""
        ...


@runtime_checkable
class Demonstrator(Protocol):
    """A source of correct replies to given tasks."""

    def demonstrate(self, task: Task) -> str | None:
        """A correct reply, always the same for a task; None where none is known."""
        ...
