"""Shaping rewards inside others: a score that would be lost or refused is an error at once."""

import re

from whet.protocols import GroupReward, Judge
from whet.rewards.shaping.rescoring import Range
from whet.types import UsageError

UNIT = Range(low=0.0, high=1.0)
ONE = Range(low=1.0, high=1.0)
NONE = Range(low=0.0, high=0.0)
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Shaper(GroupReward):
    """A reward that changes the scores of another one."""

    __slots__ = ()

    @property
    def ranges(self) -> tuple[Range, Range] | None:
        """The scores of right and of wrong replies where those of the rewards inside are 1 and 0.

        None where the settings don't bound them.
        """
        return None


def name_of(judge: Judge) -> str:
    """The name of a reward's class, as parts of verdicts are called."""
    return _WORD.sub("_", type(judge).__name__).lower()


def ranges_of(judge: Judge) -> tuple[Range, Range] | None:
    """A shaping reward's `ranges`; those of any other reward are 1 and 0."""
    return judge.ranges if isinstance(judge, Shaper) else (ONE, NONE)


def reads_only_right(owner: str, inner: Judge) -> None:
    """Raises `UsageError` where a reward that reads only `correct` would drop a shaped score."""
    if isinstance(inner, Shaper):
        kind = name_of(inner)
        raise UsageError(
            f"{owner}.inner is {kind}, whose scores {owner} would drop, as it reads only which "
            f"replies are right; put {owner} into {kind}, or add both with weighted_sum"
        )


def in_unit(owner: str, field: str, judge: Judge) -> None:
    """Raises `UsageError` for a shaping reward whose scores may leave [0, 1]."""
    known = ranges_of(judge)
    if known is None or not all(UNIT.holds(span) for span in known):
        kind = name_of(judge)
        raise UsageError(
            f"{owner}.{field} is {kind}, whose scores may lie outside [0, 1]; put the "
            f"composition into {kind}"
        )
