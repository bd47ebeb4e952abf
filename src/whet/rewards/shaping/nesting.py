"""Shaping rewards inside others: a score that would be lost or refused is an error at once."""

import re

from whet.protocols import GroupReward, Judge
from whet.types import UsageError

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Shaper(GroupReward):
    """A reward that changes the scores of another one."""

    __slots__ = ()

    @property
    def unit(self) -> bool:
        """Whether its scores lie in [0, 1] wherever those of the rewards inside are 1 or 0."""
        return False


def name_of(judge: Judge) -> str:
    """The name of a reward's class, as parts of verdicts are called."""
    return _WORD.sub("_", type(judge).__name__).lower()


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
    if isinstance(judge, Shaper) and not judge.unit:
        kind = name_of(judge)
        raise UsageError(
            f"{owner}.{field} is {kind}, whose scores may lie outside [0, 1]; put the "
            f"composition into {kind}"
        )
