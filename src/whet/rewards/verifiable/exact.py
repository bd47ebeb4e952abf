"""Exact match of a marked answer: the rule of DeepSeek-R1 (arXiv:2501.12948, unconfirmed)."""

from collections.abc import Iterator
from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.verdicts import no_answer, nothing_to_compare
from whet.types import Finish, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact(Reward):
    """1 where the reply's one answer equals the task's, character by character, else 0.

    An answer stands after the thoughts, between `before` and `after`, or the end of the reply where
    `after` is empty; spaces around it are dropped.  Thoughts that never end have no answer.  Two
    different answers are wrong, because the reply bets on both.  A reply whose last answer has no
    end has none: without `after`, a reply that was cut.
    """

    before: str = "#"
    after: str = ""

    def __post_init__(self) -> None:
        if not self.before:
            raise UsageError("exact.before is ''; give what announces an answer, such as '#'")
        if "think>" in self.before:
            raise UsageError(
                f"exact.before is {self.before!r}, but only the text after the thoughts is read; "
                "give what announces an answer there, such as '#'"
            )

    def score(self, rollout: Rollout) -> Verdict:
        gold = rollout.task.answer.strip()
        if not gold:
            return nothing_to_compare(rollout)
        if self.before in gold:
            return Verdict.unjudged(
                f"the answer of task {rollout.task.id!r} contains {self.before!r}, which announces "
                "answers here; give exact.before"
            )
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        found = set(self._answers(text))
        if not found or self._unfinished(text, rollout.finish):
            return no_answer(rollout)
        if len(found) > 1:
            return Verdict.binary(correct=False, note=f"{len(found)} different answers")
        answer = found.pop()
        return Verdict.binary(correct=answer == gold, note=answer[:80], answer=answer)

    def _unfinished(self, text: str, finish: Finish) -> bool:
        """Whether the last answer is never closed, or may have been cut."""
        if not self.after:
            return finish is Finish.LENGTH
        return self.after not in text.rpartition(self.before)[2]

    def _answers(self, text: str) -> Iterator[str]:
        for piece in text.split(self.before)[1:]:
            answer, closed, _ = piece.partition(self.after) if self.after else (piece, "end", "")
            if closed and answer.strip():
                yield answer.strip()
