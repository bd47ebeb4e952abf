"""Counts over the replies of an evaluation: cut off, judged, and why a verdict is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan

from whet.evaluation.samples import Sample
from whet.types import Reason

SCORE_ONLY = "score_only"  # the reward gives a score, and does not say whether it is correct
REASONS = (str(Reason.VERIFIER_ERROR), str(Reason.NOT_APPLICABLE), SCORE_ONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Replies of which correctness is not known, for one reason."""

    reason: str  # one of `REASONS`
    count: int
    note: str  # of the first such verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """The replies of one kind: greedy ones, or samples.  A share of nothing is NaN."""

    count: int
    tokens: int  # of the replies whose tokens were counted
    uncounted: int = 0  # replies whose server did not count their tokens
    truncated: int  # cut off at the length limit
    right: int
    right_truncated: int  # correct, although the reply was cut off
    faults: int  # without a verdict because the reward failed
    not_applicable: int  # of problems that the reward does not cover
    missing: tuple[Missing, ...]  # of the other problems

    @property
    def length(self) -> float:
        """The mean number of sampled tokens; NaN where some were not counted."""
        return self.tokens / self.count if self.count and not self.uncounted else nan

    @property
    def cut(self) -> float:
        """The share that was cut off."""
        return self.truncated / self.count if self.count else nan


def counted(replies: Sequence[Sample], covered: Iterable[Sample]) -> Replies:
    """Count all replies; `covered` are those of problems that the reward covers."""
    right = [sample for sample in replies if sample.correct is True]
    asked = list(covered)
    return Replies(
        count=len(replies),
        tokens=sum(sample.tokens or 0 for sample in replies),
        uncounted=sum(sample.tokens is None for sample in replies),
        truncated=sum(map(_cut, replies)),
        right=len(right),
        right_truncated=sum(map(_cut, right)),
        faults=sum(sample.fault for sample in replies),
        not_applicable=len(replies) - len(asked),
        missing=_missing(asked),
    )


def covers(problem: Iterable[Sample]) -> bool:
    """Whether the reward covers a problem: it judges a reply, or does not refuse one."""
    samples = list(problem)
    refused = any(sample.reason is Reason.NOT_APPLICABLE for sample in samples)
    return not refused or any(sample.judged for sample in samples)


def _missing(replies: Iterable[Sample]) -> tuple[Missing, ...]:
    notes: dict[str, list[str]] = {}
    for sample in replies:
        if sample.correct is None:
            reason = SCORE_ONLY if sample.judged else str(sample.reason)
            notes.setdefault(reason, []).append(sample.note)
    return tuple(
        Missing(reason=reason, count=len(told), note=told[0]) for reason, told in notes.items()
    )


def _cut(sample: Sample) -> bool:
    return sample.finish.truncated
