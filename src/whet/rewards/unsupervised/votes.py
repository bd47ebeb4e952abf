"""Votes: answers are counted, and the majority is the label."""

from collections import Counter
from collections.abc import Sequence
from math import log

from whet.types import Finish, Reason, Rollout, Verdict


def winner(answers: Sequence[str | None]) -> str | None:
    """The answer with the most votes; among equals, the one seen first.  None casts no vote."""
    votes = Counter(answer for answer in answers if answer is not None)
    return max(votes, key=votes.__getitem__) if votes else None


def share(answer: str | None, answers: Sequence[str | None]) -> float:
    """The share of all replies that give this answer; replies without an answer count too."""
    return answers.count(answer) / len(answers) if answer is not None and answers else 0.0


def meanings(answers: Sequence[str | None]) -> list[float]:
    """|C(i)| / G for each reply; a reply without an answer is a cluster of its own, 1 / G."""
    return [1 / len(answers) if a is None else share(a, answers) for a in answers]


def disagreement(answers: Sequence[str | None]) -> float:
    """Semantic entropy, −Σ_C p(C) log p(C), in nats; p(C) = |C| / G."""
    return -sum(log(p) for p in meanings(answers)) / max(len(answers), 1)


def ballot(rollout: Rollout, answer: str | None, label: str | None) -> Verdict:
    """The verdict of a vote: 1 where the answer is the label, else 0 with the reason."""
    if answer is not None:
        agrees = answer == label
        reason = Reason.OK if agrees else Reason.WRONG
        return Verdict(reason=reason, score=float(agrees), note=answer[:80])
    return unanswered(rollout)


def unanswered(rollout: Rollout) -> Verdict:
    """The verdict of a reply without an answer: 0."""
    cut = rollout.finish is Finish.LENGTH
    return Verdict(reason=Reason.TRUNCATED if cut else Reason.NO_ANSWER, score=0.0)
