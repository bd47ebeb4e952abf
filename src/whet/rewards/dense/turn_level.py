"""MT-GRPO (arXiv:2505.11821): the turns before the last reply have a reward of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense.placing import Spread, last_reply
from whet.types import Group, Rollout, Verdict
from whet.types.numbers import spread

_LEAST = 1e-6  # of a deviation, as in GRPO


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLevel(GroupReward):
    """c A_turn for every token before the last reply;  A_turn = (s − mean(s)) / std(s).

    s is the score of the `turn` reward, which judges how the environment was used.  Mean and std go
    over the rollouts that have both verdicts.  Equal turns have no advantage.  Tokens of the last
    reply have no credit.  The verdict's score is the outcome, which has its own advantage; good
    turns can earn more than a right answer.  To let turns count only where the outcome is right
    (G-RA), give a `prioritised` reward.  The deviation is the sample's, as in GRPO.  c = 1.
    """

    turn: Judge
    weight: float = 1.0
    inner: Judge = Declared()

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        turns = await context.judge(self.turn, group)
        both = zip(found, turns, strict=True)
        known = [turn.score for verdict, turn in both if verdict.judged and turn.judged]
        return [self._of(*of, known) for of in zip(group, found, turns, strict=True)]

    def _of(
        self, rollout: Rollout, verdict: Verdict, turn: Verdict, known: Sequence[float]
    ) -> Verdict:
        if not (verdict.judged and turn.judged):
            return turn if verdict.judged else verdict
        before = slice(0, last_reply(rollout).start)
        worth = self.weight * standardised(turn.score, known)
        credit = Spread()([worth], [before], rollout.length)
        return replace(verdict, credit=credit, parts={**verdict.parts, "turn": turn.score})


def standardised(score: float, group: Sequence[float]) -> float:
    """(s − mean) / (std + ε) with the sample deviation; 0 in a group of one or of equal scores."""
    if not spread(group):
        return 0.0
    return (score - fmean(group)) / (stdev(group) + _LEAST)
