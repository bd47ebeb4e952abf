"""The thought of a reply: its tokens before the tag that closes it."""

from whet.sampling.structured.points import said_in_reply, token_at
from whet.types import Finish, Rollout


def thought_end(rollout: Rollout, close: str) -> int | None:
    """Number of sampled tokens before the end of the first reply's thought.

    The thought ends before `close`; without it, before the token that ended the reply. None where
    it has no end, because the reply was cut, and where the rollout has no reply.
    """
    if not rollout.acts or not rollout.spoken[0].stop:
        return None
    char = said_in_reply(rollout, 0).find(close) if close else -1
    place = token_at(rollout, 0, char) if char >= 0 else None
    if place is not None:
        return place
    return rollout.spoken[0].stop - 1 if rollout.acts[0].finish is Finish.STOP else None
