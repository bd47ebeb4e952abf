"""Exact match of short answers, as SQuAD compares them (Rajpurkar et al., arXiv:1606.05250)."""

from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.short_answers import answered, golds
from whet.rewards.verifiable.verdicts import nothing_to_compare
from whet.rewards.verifiable.words import squad
from whet.types import Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class QaExact(Reward):
    r"""1 where the answer has the words of one of the task's answers, in order, else 0.

    Case, ASCII punctuation and articles are ignored.  The answer stands in `<answer>`, `\boxed{…}`
    or after `Answer:`.  The task's answers are `info["answers"]`, or its one answer; one that
    consists of articles and punctuation only is skipped.
    """

    longest: int = 512  # characters of an answer; what is longer is wrong

    def score(self, rollout: Rollout) -> Verdict:
        wanted = [words for gold in golds(rollout) if (words := squad(gold))]
        if not wanted:
            return nothing_to_compare(rollout)
        said = answered(rollout, self.longest)
        if isinstance(said, Verdict):
            return said
        right = any(squad(one) in wanted for one in said)
        return Verdict.binary(correct=right, note=said[0][:80], answer=" ".join(squad(said[0])))
