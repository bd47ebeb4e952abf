"""Tasks that fail often come often."""

from dataclasses import dataclass

from whet.sampling.difficulty import TaskRecord
from whet.sampling.dynamic.weighted_prompts import RateWeighted


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureProportional(RateWeighted):
    """Draws task i with P(i) = (1 − ε) w_i / Σ w + ε / n,  w = 1 − p̂.

    p̂ is the mean of a Beta posterior of the success rate, with forgetting: 1/2 of an unseen task.

    Source: p(i) ∝ 1 − s_i in the survey arXiv:2509.08827, section 3.3.1 (prioritised sampling of
    Kimi k1.5, arXiv:2501.12599; from memory). ε = 0.1 and `keep` 0.9 are ours.

    It costs no tokens. The ids of the whole training split are read when the run begins. Failure
    mode: tasks that can't be solved, or whose verifier is wrong, have the largest weight. A group
    of them has no gradient; `Learnability` gives them a small weight.
    """

    def weight(self, record: TaskRecord) -> float:
        return 1 - record.mean
