"""HICRA's marks (arXiv:2509.03646, unconfirmed): the tokens that plan instead of computing."""

import re
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

    Phrases are whole words of the last reply, in any case, with any blanks between the words and
    either form of apostrophe.  The paper mines its phrases from text; these few are ours.  Marks
    are no reward, and only `hicra` should learn from them.  The score is the inner reward's.
    """

    compares = False

    phrases: tuple[str, ...] = _PHRASES
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        if not self.phrases or not all(phrase.strip() for phrase in self.phrases):
            raise UsageError(f"planning.phrases is {self.phrases}; give at least one, none empty")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        return [self._of(r, v) if v.judged else v for r, v in zip(group, found, strict=True)]

    def _of(self, rollout: Rollout, verdict: Verdict) -> Verdict:
        credit = [0.0] * rollout.length
        for phrase in self.phrases:
            for found in _pattern(phrase).finditer(rollout.reply):
                span = tokens_of(rollout, *found.span())
                credit[span] = [1.0] * (span.stop - span.start)
        parts = {**verdict.parts, "planning_tokens": sum(credit)}
        return replace(verdict, credit=tuple(credit), parts=parts)


def _pattern(phrase: str) -> re.Pattern[str]:
    """The phrase between other words; its places are those of the text that is searched."""
    words = [re.sub("['’]", "['’]", re.escape(word)) for word in phrase.split()]
    return re.compile(r"(?<!\w)" + r"\s+".join(words) + r"(?!\w)", re.IGNORECASE)
