"""Does a reply correct itself: its first and its last announced answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from whet.evaluation.bounds import Bounds, conditional_bounds, exactly, negated
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.estimates import mean_over
from whet.evaluation.samples import Problem, Sample
from whet.types import UsageError


class Announcement(NamedTuple):
    """An answer that a reply announces, and where it begins."""

    answer: str  # as it is compared
    start: int  # the index of its first character in the text


Announcements = Callable[[str], Sequence[Announcement]]
"""All answers of a text, in the order of their appearance."""

AnswerJudge = Callable[[Sample, str], bool | None]
"""Whether an answer to a sample's problem is right; None: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCorrection:
    """What becomes of the first answer of a reply by its last one.

    Each is a mean over the problems that have such replies.  A reply without an answer is in none.
    """

    wrong_to_right: Estimate  # P(last right | first wrong)
    right_to_wrong: Estimate  # P(last wrong | first right)
    revised: Estimate  # the share of replies whose last answer is not their first


def correction(
    problems: Sequence[Problem], announced: Announcements, judge: AnswerJudge
) -> SelfCorrection:
    """The rates of self-correction.

    A reply that announces one answer keeps it.  So within a problem, with f and l the shares of
    right first and last answers,  l = f (1 − P(right → wrong)) + (1 − f) P(wrong → right).
    """
    return SelfCorrection(
        wrong_to_right=mean_over(
            problems,
            lambda problem: conditional_bounds(
                [(negated(first), last) for first, last in _verdicts(problem, announced, judge)]
            ),
        ),
        right_to_wrong=mean_over(
            problems,
            lambda problem: conditional_bounds(
                [(first, negated(last)) for first, last in _verdicts(problem, announced, judge)]
            ),
        ),
        revised=mean_over(problems, lambda problem: _revised(problem, announced)),
    )


def mean_answer_first(
    problems: Sequence[Problem], announced: Announcements, lead: float = 0.1
) -> Estimate:
    """The share of replies that answer first: the answer begins within the `lead` of their text.

    The share 0.1 of the text is ours.  A reply without an answer is not counted.  Raises
    `UsageError` for a `lead` that is not a share.
    """
    if not 0 <= lead <= 1:
        raise UsageError(f"lead is {lead}; give a share of the text from 0 to 1")

    def bounds(problem: Problem) -> Bounds | None:
        texts = [sample.text for sample in problem.samples]
        found = [(announced(text), len(text)) for text in texts]
        early = [told[0].start <= lead * length for told, length in found if told]
        return exactly(sum(early) / len(early)) if early else None

    return mean_over(problems, bounds)


def _verdicts(
    problem: Problem, announced: Announcements, judge: AnswerJudge
) -> list[tuple[bool | None, bool | None]]:
    """The verdicts on the first and the last answer of each reply with an answer."""
    found: list[tuple[bool | None, bool | None]] = []
    for sample in problem.samples:
        told = announced(sample.text)
        if told:
            first = judge(sample, told[0].answer)
            same = told[-1].answer == told[0].answer
            found.append((first, first if same else judge(sample, told[-1].answer)))
    return found


def _revised(problem: Problem, announced: Announcements) -> Bounds | None:
    told = [found for sample in problem.samples if (found := announced(sample.text))]
    changed = [found[-1].answer != found[0].answer for found in told]
    return exactly(sum(changed) / len(changed)) if changed else None
