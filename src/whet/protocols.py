"""The verbs of the library: what each kind of part promises to do.

A recipe is made of values (corpus, reward, objective, engine, …).  `Engine.open` turns a model's
place into the two live things of a run, a `Sampler` and a `Learner`; the loop is handed those and
knows neither devices nor processes.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from whet.policy.objective import Algorithm
from whet.policy.optimisers import AdamW
from whet.types import (
    Asking,
    Batch,
    Completion,
    Group,
    Message,
    Metrics,
    Prompt,
    Request,
    Rollout,
    Size,
    Step,
    Task,
    Verdict,
)


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


Play = Callable[[Request], Awaitable[Group]]
"""Play a request with the policy at hand, in the run's environment; nobody has judged it yet."""


@runtime_checkable
class Reward(Protocol):
    """A judge of one rollout at a time.  What it raises is a fault, and never a zero.

    `score` may be a coroutine: a judge that waits for a server.
    """

    def score(self, rollout: Rollout) -> Verdict | Awaitable[Verdict]:
        """The verdict; a fault where no judgement is possible."""
        ...


@runtime_checkable
class GroupReward(Protocol):
    """A judge of all rollouts of a task together: votes, comparisons, ranks.

    `compare` may be a coroutine.
    """

    def compare(self, group: Group) -> Sequence[Verdict] | Awaitable[Sequence[Verdict]]:
        """One verdict per rollout, in order."""
        ...


@runtime_checkable
class ProbingReward(Protocol):
    """A judge that has the policy play on, or that asks other judges first."""

    async def probe(self, group: Group, play: Play) -> Sequence[Verdict]:
        """One verdict per rollout, in order."""
        ...


Judge = Reward | GroupReward | ProbingReward


@runtime_checkable
class Adviser(Protocol):
    """A model that judges ask: a server, or the policy itself.  What it raises is a fault."""

    async def complete(
        self, messages: tuple[Message, ...], asking: Asking
    ) -> tuple[Completion, ...]:
        """As many replies as were asked for, in order."""
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
class ValueModel(Protocol):
    """A critic: what is expected before every choice, and how it learns to expect it."""

    def begin(self, optimiser: AdamW) -> None:
        """Start a phase with a fresh optimiser."""
        ...

    def values(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        """V of the state before every chosen token, end to end."""
        ...

    def step(self, fit: "Fit", rollouts: Sequence[Rollout], rate: float) -> Metrics:
        """One optimiser step on Σ_n fit(V, n), which the caller has weighed."""
        ...

    def save(self, folder: Path) -> None:
        """Write all that `load` needs to go on exactly."""
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
