"""DACE: certainty is rewarded on easy tasks, and penalised on hard ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import alone, zero
from whet.rewards.shaping.nesting import Shaper
from whet.rewards.shaping.rescoring import not_negative, rescore_group, solved
from whet.types import Group, Rollout, RunSpec, UsageError, Verdict

_ROUNDING = 1e-6  # of a share, which must not decide the sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Dace(Shaper):
    """R + α sgn(β − d) C(y),  d = 1 − p̂ the difficulty of the task in its group.

    C is the mean log-prob of the reply's sampled tokens, so it is at most 0, and larger means more
    certain. On hard tasks (d > β) the uncertain reply gains, which is exploration; on easy ones the
    certain reply does. Tokens of a hint don't count; a reply without sampled tokens has C = 0.

    Source: DACE (arXiv:2509.00125), its abstract read; α of 0.05 to 0.1 and β = 0.5 second-hand. A
    port describes C as we do and writes it with the other sign. Known failure: at a wide spread of
    log-probs the bonus outweighs correctness; it shrinks with α.
    """

    alpha: float = 0.1
    beta: float = 0.5
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        not_negative("dace", alpha=self.alpha)
        if not 0 <= self.beta <= 1:
            raise UsageError(f"dace.beta is {self.beta}; give one in [0, 1]")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0, and of groups of one reply."""
        return zero("dace", alpha=self.alpha) or alone("dace", spec)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        margin = self.beta - (1 - solved(found))
        sign = (margin > _ROUNDING) - (margin < -_ROUNDING)

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            return verdict.score + self.alpha * sign * certainty(rollout)

        return rescore_group(group, found, score_of, "dace")


def certainty(rollout: Rollout) -> float:
    """The mean log-prob of the tokens that the policy sampled; 0 of none."""
    own = rollout.behaviour_logp[~rollout.external]
    return fmean(own.tolist()) if len(own) else 0.0
