"""Shaping rewards inside others: a score that would be lost or refused is an error at once."""

import re

from whet.protocols import GroupReward, Judge, Reward
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


def shaper_in(judge: Judge) -> Shaper | None:
    """The outermost shaping reward among a reward and those inside it."""
    while not isinstance(judge, Shaper):
        inner = getattr(judge, "inner", None)
        if not isinstance(inner, Reward | GroupReward):
            return None
        judge = inner
    return judge


def ranges_of(judge: Judge) -> tuple[Range, Range] | None:
    """The `ranges` of a shaping reward, or of the one inside; those of any other reward are 1 and
    0.
    """
    shaper = shaper_in(judge)
    return shaper.ranges if shaper is not None else (ONE, NONE)


def reads_only_right(owner: str, inner: Judge) -> None:
    """Raises `UsageError` where a reward that reads only `correct` would drop a shaped score."""
    shaper = shaper_in(inner)
    if shaper is not None:
        kind = name_of(shaper)
        raise UsageError(
            f"{owner}.inner is {kind}, whose scores {owner} would drop, as it reads only which "
            f"replies are right; put {owner} into {kind}, or add both with weighted_sum"
        )


def in_unit(owner: str, field: str, judge: Judge) -> None:
    """Raises `UsageError` for a shaping reward whose scores may leave [0, 1]."""
    known = ranges_of(judge)
    if known is None or not all(UNIT.holds(span) for span in known):
        kind = name_of(shaper_in(judge) or judge)
        raise UsageError(
            f"{owner}.{field} is {kind}, whose scores may lie outside [0, 1]; put the "
            f"composition into {kind}"
        )
