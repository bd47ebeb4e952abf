"""All settings of a run, as one value.  The card of the run has its JSON form."""

from dataclasses import dataclass

from whet.environments.single_turn import SingleTurn
from whet.evaluation.measure import EvalConfig
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
from whet.rewards.judging.config import JudgingConfig
from whet.rollouts.checks import TrustLimits
from whet.rollouts.lag import Lag
from whet.types import Decoding, Need, UsageError
from whet.types.optimizers import AdamW


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmup:
    """Supervised steps on worked examples, before the first RL step.

    With `until`, the learning rate stays at its peak until the moving average (0.9) of the loss is
    below it, or for `steps` steps. Then it falls linearly to a tenth over `cooldown` steps. Without
    `until`, the optimizer's own schedule runs over `steps`.
    """

    teacher: Teacher
    steps: int
    batch: int = 32
    optimizer: AdamW = AdamW(lr=1e-3)
    until: float = 0.0
    cooldown: int = 100

    def __post_init__(self) -> None:
        for name in ("steps", "batch"):
            if getattr(self, name) < 1:
                raise UsageError(f"warmup.{name} is {getattr(self, name)}; give 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicEval:
    """Periodic evaluation on the dev split.

    The test split is used before and after training only.
    """

    every: int = 20  # steps between evaluations; 0: never
    evaluation: EvalConfig = EvalConfig(problems=50, samples=2, k=(1,))

    def __post_init__(self) -> None:
        if self.every < 0:
            raise UsageError(f"periodic.every is {self.every}; give 0 (never) or more steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointConfig:
    """When checkpoints are written; this affects no result.

    A checkpoint is due after `seconds`, after every multiple of `steps`, and after a step whose
    periodic evaluation is the best so far by `best`, such as `reward` or `pass@1`.
    """

    seconds: float = 60.0  # minimum time between two; 0: after every step
    steps: int = 0  # of a phase; 0: by `seconds` alone
    keep: int = 2  # number of newest ones kept; that of the base model is always kept
    best: str = ""  # metric of the periodic evaluation; that of its largest value is kept, too

    def __post_init__(self) -> None:
        least = {"seconds": 0, "steps": 0, "keep": 1}
        for name, bound in least.items():
            if not getattr(self, name) >= bound:
                value = getattr(self, name)
                raise UsageError(f"checkpoints.{name} is {value}; give {bound} or more")

    def is_due(self, done: int, seconds: float) -> bool:
        """Whether a checkpoint is due at `done` steps of a phase, `seconds` after the last one."""
        return seconds >= self.seconds or (self.steps > 0 and done % self.steps == 0)


_BY_ENGINE = frozenset(
    {
        Need.GROUP,
        Need.REFERENCE,
        Need.ENTROPY,
        Need.COLLISION,
        Need.ENTROPY_GRADIENT,
        Need.PROXIMAL,
        Need.BATCH_LOGP,
        Need.CORRECTNESS,
        Need.PAIRS,
        Need.STATES,
        Need.SEGMENTS,
        Need.OBSERVED,
    }
)  # needs that every run meets


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All settings of a run: model, data, reward, algorithm, engine, evaluation and limits."""

    model: Model
    corpus: Corpus
    reward: Judge | None
    sampling: Sampling
    objective: Algorithm
    engine: Engine
    optimizer: AdamW = AdamW()
    environment: Environment = SingleTurn()
    demonstrator: Demonstrator | None = None
    warmup: tuple[Warmup, ...] = ()
    steps: int = 100
    minibatches: int = 1  # optimizer steps per step, each on a part of the groups
    lag: Lag = Lag()
    seed: int = 0
    max_prompt_length: int = 0  # tokens; tasks with longer prompts are skipped.  0: no limit
    eval_corpus: Corpus | None = (
        None  # tasks to evaluate on; None: the held-out splits of the corpus
    )
    evaluation: EvalConfig = EvalConfig()  # before and after training, on the test split
    periodic: PeriodicEval = PeriodicEval()
    limits: TrustLimits = TrustLimits()
    judging: JudgingConfig = JudgingConfig()
    checkpoints: CheckpointConfig = CheckpointConfig()

    def __post_init__(self) -> None:
        if self.steps < 0 or self.seed < 0:
            raise UsageError(f"steps is {self.steps} and seed {self.seed}; give 0 or more")
        if self.max_prompt_length < 0:
            raise UsageError(
                f"max_prompt_length is {self.max_prompt_length}; give 1 or more tokens"
            )
        if self.checkpoints.best and not self.periodic.every:
            raise UsageError(
                f"checkpoints.best is {self.checkpoints.best!r}, but periodic.every is 0, so no "
                "step is evaluated; give --periodic.every, or no checkpoints.best"
            )
        if self.minibatches < 1:
            raise UsageError(f"minibatches is {self.minibatches}; give 1 or more")
        if Need.GROUP in self.objective.needs and self.sampling.group_size == 1:
            raise UsageError(
                "sampling.size and sampling.shape give 1 rollout per task, but the advantage "
                "compares several; give --sampling.size.rollouts 2 or more, or choose reinforce"
            )

        self._meets_needs()
        if not self.decoding.temperature:
            raise UsageError(
                "sampling.decoding.temperature is 0, so all rollouts of a group are equal and have "
                "no advantage; give more than 0"
            )

    def _meets_needs(self) -> None:
        """Raise `UsageError` for a need that no companion, reward or demonstrator meets."""
        companions = self.objective.companions
        given = _BY_ENGINE.union(self.sampling.provides, *(c.provides for c in companions))
        if self.reward is not None:
            given = given | {Need.DENSE}  # a reward may give it, as the credit of its verdicts
        if self.demonstrator is not None:
            given = given | {Need.DEMONSTRATOR}
        for need in sorted(self.objective.needs - given):
            remedy = "add a companion that gives it (whet.policy.extensions)"
            if need is Need.DEMONSTRATOR:
                remedy = "give demonstrator, such as FromFamily(family=…)"
            raise UsageError(f"objective needs {need}; {remedy}, or choose another algorithm")

    @property
    def measured(self) -> Corpus:
        """The corpus for evaluation, by its held-out splits."""
        return self.corpus if self.eval_corpus is None else self.eval_corpus

    @property
    def decoding(self) -> Decoding:
        """Decoding settings of rollouts, and by default of evaluations."""
        return self.sampling.decoding
