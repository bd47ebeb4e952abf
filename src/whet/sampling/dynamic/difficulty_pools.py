"""Three pools of tasks by the latest visit: hard, normal and easy ones."""

from dataclasses import dataclass

from whet.sampling.difficulty import TaskRecord
from whet.sampling.dynamic.weighted_prompts import RateWeighted
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class DifficultyPools(RateWeighted):
    """Draws task i with P(i) = (1 − ε) w_i / Σ w + ε / n, where w is the weight of its pool.

    The pool follows from the mean m of the task's latest group alone: hard if m ≤ hard_to, normal
    if m ≤ normal_to, else easy. A task without a visit has the weight `unseen`.

    Source: the buffer of prime-rl, from memory; its pools have shares of the batch, ours weights
    per task. Thresholds and weights are unconfirmed. ε is 0, because every pool has a weight.

    It costs no tokens. The ids of the whole training split are read when the run begins. Failure
    mode: the mean of one small group is noisy: of 4 rollouts at p = 1/2, one group in 16 has none
    right, and its task is hard until the next visit. `keep` concerns the logged histogram only.
    """

    explore: float = 0.0
    hard_to: float = 0.25
    normal_to: float = 0.75
    hard: float = 0.2
    normal: float = 1.0
    easy: float = 0.2
    unseen: float = 1.0

    def __post_init__(self) -> None:
        RateWeighted.__post_init__(self)
        if not 0 <= self.hard_to <= 1:
            raise UsageError(f"sampling.prompts.hard_to is {self.hard_to}; give 0 to 1")
        if not self.hard_to <= self.normal_to <= 1:
            raise UsageError(
                f"sampling.prompts.normal_to is {self.normal_to}; give {self.hard_to} to 1"
            )
        for name in ("hard", "normal", "easy", "unseen"):
            if not 0 <= (value := getattr(self, name)) < float("inf"):
                raise UsageError(f"sampling.prompts.{name} is {value}; give 0 or more")

    def weight(self, record: TaskRecord) -> float:
        if not record.visits:
            return self.unseen
        if record.last <= self.hard_to:
            return self.hard
        return self.normal if record.last <= self.normal_to else self.easy
