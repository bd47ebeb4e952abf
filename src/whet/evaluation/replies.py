"""Counts over the replies of an evaluation: cut off, judged, and why a verdict is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan

from whet.types import Finish, Reason, Rollout, Verdict

SCORE_ONLY = "score_only"  # the reward gives a score, and does not say whether it is correct
NO_VERDICT = "no_verdict"  # there is no reward, and the environment gave no verdict
REASONS = (str(Reason.VERIFIER_ERROR), str(Reason.NOT_APPLICABLE), SCORE_ONLY, NO_VERDICT)


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
    tokens: int
    truncated: int  # cut off at the length limit
    right: int
    right_truncated: int  # correct, although the reply was cut off
    faults: int  # without a verdict because the reward failed
    not_applicable: int  # of problems that the reward does not cover
    missing: tuple[Missing, ...]  # of the other problems

    @property
    def length(self) -> float:
        """The mean number of sampled tokens."""
        return self.tokens / self.count if self.count else nan

    @property
    def cut(self) -> float:
        """The share that was cut off."""
        return self.truncated / self.count if self.count else nan


def counted(replies: Sequence[Rollout], covered: Iterable[Rollout]) -> Replies:
    """Count all replies; `covered` are those of problems that the reward covers."""
    right = [r for r in replies if correct(r) is True]
    asked = list(covered)
    return Replies(
        count=len(replies),
        tokens=sum(r.length for r in replies),
        truncated=sum(map(_cut, replies)),
        right=len(right),
        right_truncated=sum(map(_cut, right)),
        faults=sum(r.verdict is not None and r.verdict.fault for r in replies),
        not_applicable=len(replies) - len(asked),
        missing=_missing(asked),
    )


def covers(problem: Iterable[Rollout]) -> bool:
    """Whether the reward covers a problem: it judges a reply, or does not refuse one."""
    verdicts = [r.verdict for r in problem if r.verdict is not None]
    refused = any(verdict.reason is Reason.NOT_APPLICABLE for verdict in verdicts)
    return not refused or any(verdict.judged for verdict in verdicts)


def correct(rollout: Rollout) -> bool | None:
    """`correct` of the verdict, never the score; None if it is not known."""
    return None if rollout.verdict is None else rollout.verdict.correct


def _missing(replies: Iterable[Rollout]) -> tuple[Missing, ...]:
    notes: dict[str, list[str]] = {}
    for reply in replies:
        if correct(reply) is None:
            notes.setdefault(_reason(reply.verdict), []).append(_note(reply.verdict))
    return tuple(
        Missing(reason=reason, count=len(told), note=told[0]) for reason, told in notes.items()
    )


def _reason(verdict: Verdict | None) -> str:
    if verdict is None:
        return NO_VERDICT
    return SCORE_ONLY if verdict.judged else str(verdict.reason)


def _note(verdict: Verdict | None) -> str:
    return "" if verdict is None else verdict.note


def _cut(rollout: Rollout) -> bool:
    return rollout.finish is Finish.LENGTH
