"""A reward of one reply, where a judge needs one inside."""

from whet.protocols import Judge, Reward
from whet.types import UsageError


def needs_single(owner: str, field: str, judge: Judge) -> None:
    """Raises `UsageError` for a judge that compares the replies of a group."""
    if not isinstance(judge, Reward):
        kind = type(judge).__name__
        raise UsageError(
            f"{owner}.{field} is {kind}, which judges the replies of a group together; give a "
            "reward of single replies, such as math"
        )
