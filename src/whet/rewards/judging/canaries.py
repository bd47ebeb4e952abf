"""Known rows: answers that are known to be right or wrong, judged among the replies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from whet.types import Group, IntegrityError, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A row with a known verdict; the rollout has a text and no tokens.

    Of a reward whose `correct` does not tell the two rows of a pair apart, one with a score above
    `between` counts as right: it is half-way between the scores that the two have alone.
    """

    rollout: Rollout
    right: bool
    between: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryVerdict:
    """What a judge said of a known row."""

    canary: Canary
    verdict: Verdict

    @property
    def said(self) -> bool | None:
        """Whether it counts as right: `correct`, or a score that is high; None without a verdict.

        A score is high above `between` of the row, or without one above 0.
        """
        if not self.verdict.judged:
            return None
        correct, between = self.verdict.correct, self.canary.between
        if correct is None or between is not None:
            return self.verdict.score > (between or 0.0)
        return correct

    @property
    def mistaken(self) -> bool:
        """Whether there is a verdict, and not the known one."""
        return self.said is not None and self.said != self.canary.right


def scaled(right: CanaryVerdict, wrong: CanaryVerdict) -> tuple[CanaryVerdict, CanaryVerdict]:
    """A pair on the scale of its own scores, where `correct` says nothing about it.

    Rewards of −1 and 0, or of 30 and 100, tell right from wrong as well as those of 0 and 1 do.
    """
    one, other = right.verdict, wrong.verdict
    if not (one.judged and other.judged) or one.correct != other.correct:
        return right, wrong
    if one.score == other.score:
        return right, wrong
    between = (one.score + other.score) / 2
    high, low = (replace(row.canary, between=between) for row in (right, wrong))
    return replace(right, canary=high), replace(wrong, canary=low)


def interleaved(group: Group, canaries: Sequence[Canary]) -> tuple[Group, tuple[int, ...]]:
    """The group with the known rows at random places, and these places, in the order of the rows.

    The places depend on the ids of the group's rollouts, so they are the same in a repeated run.
    """
    size = len(group) + len(canaries)
    rng = Random("/".join(rollout.id for rollout in group))
    places = tuple(rng.sample(range(size), len(canaries)))
    known = dict(zip(places, (canary.rollout for canary in canaries), strict=True))
    replies = iter(group)
    rows = [known[place] if place in known else next(replies) for place in range(size)]
    return group.having(rows), places


def too_many(found: Sequence[CanaryVerdict], mistaken: float) -> bool:
    """Whether more than the share `mistaken` of the verdicts are not the known ones."""
    heard = [one for one in found if one.said is not None]
    return sum(one.mistaken for one in heard) > mistaken * len(heard)


def named(found: Sequence[CanaryVerdict], alone: Sequence[CanaryVerdict]) -> IntegrityError:
    """What a judge does that gave known rows other verdicts than theirs.

    It is told from what the judge says of them `alone`.  All as it should be: a row among others
    has the verdict of another, as where calls race.  Else, all the opposite: reversed.  All one and
    the same: constant.
    """
    heard = [one for one in found if one.said is not None]
    odd = [one for one in heard if one.mistaken]
    first = odd[0]
    known = "right" if first.canary.right else "wrong"
    return IntegrityError(
        f"verdicts: the judge is {_kind(heard, alone)}: {len(odd)} of {len(heard)} known rows "
        f"(judging.canaries) have another verdict than they should; the first: task "
        f"{first.canary.rollout.task.id!r}, reply {first.canary.rollout.reply!r:.60}, is known to "
        f"be {known}, and was judged {first.verdict.reason} with score {first.verdict.score:g}; "
        "mend the judge, or give the form of an answer in judging.reply; with a reward that is not "
        "about right answers, give judging.canaries 0"
    )


def _kind(heard: Sequence[CanaryVerdict], alone: Sequence[CanaryVerdict]) -> str:
    known = [one for one in alone if one.said is not None]
    if known and not any(one.mistaken for one in known):
        return "racing (among others a row has the verdict of another), or it errs"
    both = len({one.canary.right for one in heard}) > 1
    if both and all(one.mistaken for one in heard):
        return "reversed"
    if both and len({one.said for one in heard}) == 1:
        return "constant"
    return "not what it was when the run began, or it errs"
