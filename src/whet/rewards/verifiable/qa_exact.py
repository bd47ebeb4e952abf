"""Exact match of short answers, after SQuAD (Rajpurkar et al., arXiv:1606.05250)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.answer_frames import is_answer, opens_with_answer
from whet.rewards.verifiable.answer_questions import QuestionWords
from whet.rewards.verifiable.answer_words import normal_words
from whet.rewards.verifiable.short_answers import answered, golds
from whet.rewards.verifiable.verdicts import nothing_to_compare
from whet.types import Rollout, Verdict
from whet.types.messages import question_in


@dataclass(frozen=True, slots=True, kw_only=True)
class QaExact(Reward):
    r"""1 where the answer has the words of one of the task's answers, in order, else 0.

    Case, accents, punctuation, spaces and articles are ignored, as in SQuAD; unlike there, numbers
    keep sign and point, and `eleven` is 11.  The answer stands in `<answer>`, `\boxed{…}` or after
    `Answer:`; a reply without them is read whole, and by its last line and sentence.  Such a text
    may be a sentence if its other words are those of the question or mere function words, and the
    answer may have a title, a remark in brackets or an apposition.  What denies, or offers a second
    answer, is wrong.  The task's answers are `info["answers"]`, or its one answer; one without a
    word is skipped.
    """

    longest: int = 512  # characters of an answer; what is longer is wrong

    def score(self, rollout: Rollout) -> Verdict:
        wanted = golds(rollout)
        if not wanted:
            return nothing_to_compare(rollout)
        said = answered(rollout, self.longest)
        if isinstance(said, Verdict):
            return said
        asked = QuestionWords.of(question_in(rollout.task.prompt))
        right = any(
            is_answer(one, gold, asked, _others(gold, wanted)) for one in said for gold in wanted
        )
        right = right or any(opens_with_answer(said[0], gold, asked) for gold in wanted)
        return Verdict.binary(
            correct=right, note=said[0][:80], answer=" ".join(normal_words(said[-1]))
        )


def _others(gold: str, wanted: Sequence[str]) -> frozenset[str]:
    """The words of the accepted answers that one of them does not have."""
    return frozenset(w for one in wanted for w in normal_words(one)) - {*normal_words(gold)}
