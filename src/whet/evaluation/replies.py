"""Counts over the replies of an evaluation: cut off, judged, and why a verdict is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan

from whet.types import Reason, Rollout, Verdict

SCORE_ONLY = "score_only"  # the reward gives a score, and does not say whether it is correct
_NONE = Verdict.unjudged("there is no verdict")  # the runner lets no such rollout pass
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
            verdict = reply.verdict or _NONE
            reason = SCORE_ONLY if verdict.judged else str(verdict.reason)
            notes.setdefault(reason, []).append(verdict.note)
    return tuple(
        Missing(reason=reason, count=len(told), note=told[0]) for reason, told in notes.items()
    )


def _cut(rollout: Rollout) -> bool:
    return rollout.finish.truncated
