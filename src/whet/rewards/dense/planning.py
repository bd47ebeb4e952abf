"""HICRA's marks (arXiv:2509.03646, unconfirmed): the tokens that plan instead of computing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense.placing import tokens_of
from whet.types import Group, Rollout, UsageError, Verdict

_PHRASES = ("let me", "let's", "wait", "alternatively", "first", "we need to", "suppose", "check")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning(GroupReward):
    """1 for every token of a planning phrase, 0 for the others: marks for the algorithm `hicra`.

    Phrases are found in the last reply, in any case.  The paper mines its phrases from text; these
    few are ours.  The score is the inner reward's.
    """

    compares = False

    phrases: tuple[str, ...] = _PHRASES
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        if not self.phrases or not all(self.phrases):
            raise UsageError(f"planning.phrases is {self.phrases}; give at least one, none empty")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        return [self._of(r, v) if v.judged else v for r, v in zip(group, found, strict=True)]

    def _of(self, rollout: Rollout, verdict: Verdict) -> Verdict:
        credit = [0.0] * rollout.length
        reply = rollout.reply.casefold()
        for phrase in self.phrases:
            at = reply.find(phrase.casefold())
            while at >= 0:
                span = tokens_of(rollout, at, at + len(phrase))
                credit[span] = [1.0] * (span.stop - span.start)
                at = reply.find(phrase.casefold(), at + len(phrase))
        parts = {**verdict.parts, "planning_tokens": sum(credit)}
        return replace(verdict, credit=tuple(credit), parts=parts)
