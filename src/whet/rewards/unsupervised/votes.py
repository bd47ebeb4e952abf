"""Votes: who says the same, and what most say."""

from collections import Counter
from collections.abc import Sequence
from math import log

from whet.types import Finish, Reason, Rollout, Verdict


def winner(answers: Sequence[str | None]) -> str | None:
    """The answer with most votes; of equals, the one seen first.  None is no vote."""
    votes = Counter(answer for answer in answers if answer is not None)
    return max(votes, key=votes.__getitem__) if votes else None


def share(answer: str | None, answers: Sequence[str | None]) -> float:
    """The votes for `answer` over all replies, those without an answer among them."""
    return answers.count(answer) / len(answers) if answer is not None and answers else 0.0


def meanings(answers: Sequence[str | None]) -> list[float]:
    """|C(i)| / G for each reply; who said nothing that can be read is alone, with 1 / G."""
    return [1 / len(answers) if a is None else share(a, answers) for a in answers]


def disagreement(answers: Sequence[str | None]) -> float:
    """Semantic entropy, −Σ_C p(C) log p(C), in nats; p(C) = |C| / G."""
    return -sum(log(p) for p in meanings(answers)) / max(len(answers), 1)


def ballot(rollout: Rollout, answer: str | None, label: str | None) -> Verdict:
    """1 to who says what the label says; to others why not."""
    if answer is not None:
        agrees = answer == label
        reason = Reason.OK if agrees else Reason.WRONG
        return Verdict(reason=reason, score=float(agrees), note=answer[:80])
    cut = rollout.finish is Finish.LENGTH
    return Verdict(reason=Reason.TRUNCATED if cut else Reason.NO_ANSWER, score=0.0)
