"""SPO-chain (arXiv:2505.23564): segments end at unlikely tokens, and only those get credit."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from whet.rewards.dense.cutting import Cuts, Surprises
from whet.rewards.dense.monte_carlo import StepValues, differences
from whet.rewards.dense.placing import Spread
from whet.types import Rollout, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments(StepValues):
    """A_n = V̂(end) − V̂(start) of token n's segment;  0 where π(n) > `sure`.

    V̂ is the mean score of `count` continuations; the outcome is the last value.  K = 9 is
    unconfirmed.  Masking comes last, so a likely token may end a segment and still have no credit.
    The released code cuts in front of every m-th unlikely token, from the first one on, and gives
    the tokens in front of the first cut nothing.
    """

    sure: float = 0.9
    cuts: Cuts = Surprises()

    def __post_init__(self) -> None:
        StepValues.__post_init__(self)
        if not 0 < self.sure <= 1:
            raise UsageError(f"segments.sure is {self.sure}; give a probability in (0, 1]")

    def credit(
        self, rollout: Rollout, outcome: float, steps: list[slice], values: list[float]
    ) -> tuple[tuple[float, ...], dict[str, float]]:
        """Gives every unlikely token the gain of its segment."""
        spread = Spread()(differences(values, outcome), steps, rollout.length)
        credit = unsure(spread, rollout.behaviour_logp.tolist(), self.sure)
        return credit, {"value": values[0]}


def unsure(credit: Sequence[float], logp: Sequence[float], sure: float) -> tuple[float, ...]:
    """The credit of each token, 0 where π > `sure`."""
    return tuple(0.0 if p > log(sure) else c for c, p in zip(credit, logp, strict=True))
