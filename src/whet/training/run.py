"""A run as a value: everything that it is made of.  Printing it is its card."""

from dataclasses import dataclass

from whet.environments.question import Question
from whet.evaluation.measure import Exam
from whet.protocols import (
    Algorithm,
    Corpus,
    Demonstrator,
    Engine,
    Environment,
    Judge,
    Model,
    Sampling,
    Teacher,
)
from whet.rollouts.checks import Limits
from whet.types import Decoding, Need, Refusal
from whet.types.optimisers import AdamW


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmup:
    """Supervised steps on worked examples, before any reward.

    With `until`, the rate stays at its peak until the moving average (0.9) of the loss falls below
    it, or for `steps`; then it goes down in a straight line to a tenth over `cooldown` steps.
    Without, the optimiser's own decay runs over `steps`.
    """

    teacher: Teacher
    steps: int
    batch: int = 32
    optimiser: AdamW = AdamW(rate=1e-3)
    until: float = 0.0
    cooldown: int = 100

    def __post_init__(self) -> None:
        """Refuse lessons of nothing."""
        for name in ("steps", "batch"):
            if getattr(self, name) < 1:
                raise Refusal(f"warmup.{name} is {getattr(self, name)}; give 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is measured along the way, on the dev split; the test split waits for the end."""

    every: int = 5  # steps; 0: never
    exam: Exam = Exam(problems=100, samples=4, k=(1, 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """When a checkpoint is written; how often changes no result."""

    seconds: float = 60.0  # at least this long apart; 0: after every step
    steps: int = 0  # besides, whenever so many steps are done; 0: by the clock alone
    keep: int = 2  # newest ones; the base model's is always kept

    def __post_init__(self) -> None:
        """Refuse counts that are none."""
        if self.steps < 0 or not self.seconds >= 0:
            raise Refusal(
                f"saving.steps is {self.steps} and seconds {self.seconds}; give 0 or more"
            )

    def is_due(self, done: int, seconds: float) -> bool:
        """After `done` steps, `seconds` since the last one."""
        return seconds >= self.seconds or (self.steps > 0 and done % self.steps == 0)


_BY_ENGINE = frozenset(
    {
        Need.GROUP,
        Need.REFERENCE,
        Need.ENTROPY,
        Need.ENTROPY_GRADIENT,
        Need.PROXIMAL,
        Need.WHOLE,
        Need.PAIRS,
        Need.STATES,
        Need.SEGMENTS,
    }
)  # what rollouts and learner have anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is trained, on what, how, and when it stops being believed."""

    model: Model
    corpus: Corpus
    reward: Judge | None
    sampling: Sampling
    objective: Algorithm
    engine: Engine
    optimiser: AdamW = AdamW()
    environment: Environment = Question()
    demonstrator: Demonstrator | None = None
    warmup: tuple[Warmup, ...] = ()
    steps: int = 100
    minibatches: int = 1  # optimiser steps per step, each on its own share of the groups
    seed: int = 0
    exam: Exam = Exam()  # before and after, on the test split
    watch: Watch = Watch()
    limits: Limits = Limits()
    saving: Saving = Saving()

    def __post_init__(self) -> None:
        """Refuse what can't be run."""
        if self.steps < 0 or self.seed < 0:
            raise Refusal(f"steps is {self.steps} and seed {self.seed}; give 0 or more")
        if self.minibatches < 1:
            raise Refusal(f"minibatches is {self.minibatches}; give 1 or more")
        if Need.GROUP in self.objective.needs and self.sampling.group_size == 1:
            raise Refusal(
                "sampling.size.rollouts is 1, but the advantage compares several rollouts per "
                "task; give 2 or more, or choose reinforce"
            )

        self._meets_needs()
        if not self.decoding.temperature:
            raise Refusal(
                "sampling.decoding.temperature is 0, so all rollouts of a group are the same and "
                "teach nothing; give more than 0"
            )

    def _meets_needs(self) -> None:
        """Refuse an algorithm that lacks what only a companion or a demonstrator can give."""
        companions = self.objective.companions
        given = _BY_ENGINE.union(*(c.gives for c in companions))
        if self.reward is not None:
            given = given | {Need.DENSE}  # a reward may, in its verdicts' credit
        if self.demonstrator is not None:
            given = given | {Need.DEMONSTRATOR}
        for need in sorted(self.objective.needs - given):
            remedy = "add a companion that gives it (whet.policy.extensions)"
            if need is Need.DEMONSTRATOR:
                remedy = "give demonstrator, such as Shown(family=…)"
            raise Refusal(f"objective needs {need}; {remedy}, or choose another algorithm")

    @property
    def decoding(self) -> Decoding:
        """How rollouts are sampled, and so how they are measured."""
        return self.sampling.decoding
