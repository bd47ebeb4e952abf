"""PAV (arXiv:2410.08146): a step earns the progress that a prover makes by it."""

from dataclasses import dataclass

from whet.rewards.dense.monte_carlo import StepValues, best_of, differences
from whet.rewards.dense.placing import AtEnd
from whet.rewards.shaping.rescoring import right
from whet.types import Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(StepValues):
    """r_k = α (Q^μ(s_{k+1}) − Q^μ(s_k)) at the last token of step k.

    The prover μ is the best of K = `prover` samples of the policy: Q^μ = 1 − (1 − Q^π)^K.  Q^π is
    the share of right ones among `count` continuations, on whatever scale they score; the outcome,
    1 or 0, is the last value.  α lies around 3 to 5 in the paper (unconfirmed).  Q^π itself is
    learned from through the score.  The rewards of a chain add up to α (Q^μ(end) − Q^μ(s_0)), so
    that further steps earn nothing.
    """

    alpha: float = 3.0
    prover: int = 4
    count: int = 8

    def __post_init__(self) -> None:
        StepValues.__post_init__(self)
        if self.prover < 1:
            raise UsageError(f"progress.prover is {self.prover}; give 1 or more")

    def worth(self, verdict: Verdict) -> float:
        """1 for a right reply, else 0, so that values are probabilities."""
        return float(right(verdict))

    def credit(
        self, rollout: Rollout, outcome: float, steps: list[slice], values: list[float]
    ) -> tuple[tuple[float, ...], dict[str, float]]:
        """Puts the progress of each step at its last token."""
        proved = [best_of(value, self.prover) for value in values]
        gains = differences(proved, best_of(outcome, self.prover))
        credit = AtEnd()([self.alpha * gain for gain in gains], steps, rollout.length)
        return credit, {"value": values[0], "prover": proved[0]}
