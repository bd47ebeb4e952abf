"""Branch points: the positions of a rollout where a tree forks."""

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from whet.types import Rollout
from whet.types.messages import content_of


def branch_points(
    scores: Float[ndarray, " T"],
    mask: Bool[ndarray, " T"],
    count: int,
    *,
    min_gap: int = 8,
    skip_first: int = 1,
    end: int | None = None,
) -> list[int]:
    """At most `count` positions of the highest scores, in ascending order.

    Two positions are at least `min_gap` apart. Excluded are the first `skip_first` positions, those
    where `mask` is False, and those from `end` on. Of equal scores the earlier position wins.
    """
    allowed = np.array(mask, np.bool_)
    allowed[:skip_first] = False
    if end is not None:
        allowed[end:] = False
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    found: list[int] = []
    for place in order[allowed[order]].tolist():
        if len(found) == count:
            break
        if all(abs(place - other) >= min_gap for other in found):
            found.append(place)
    return sorted(found)


def token_at(rollout: Rollout, reply: int, char: int) -> int | None:
    """The first sampled token that completes a character behind the first `char` of a reply.

    It is counted among all sampled tokens. None where no token does, or where it is not known.
    """
    ends = rollout.char_ends
    if ends is None:
        return None
    said = rollout.spoken[reply]
    place = said.start + int(np.searchsorted(ends[said], char, side="right"))
    return place if place < said.stop else None


def said_in_reply(rollout: Rollout, reply: int) -> str:
    """The text of one reply."""
    return content_of(rollout.messages[rollout.acts[reply].message])


def after_marks(rollout: Rollout, marks: Sequence[str]) -> Bool[ndarray, " N"]:
    """Per sampled token, whether it stands behind the first mark of its reply.

    Capitals don't count. The token that completes the mark is not behind it.
    """
    behind = np.zeros(rollout.length, np.bool_)
    for reply, said in enumerate(rollout.spoken):
        text = said_in_reply(rollout, reply)
        found = [re.search(re.escape(mark), text, re.IGNORECASE) for mark in marks]
        stops = [place.end() for place in found if place is not None]
        last = token_at(rollout, reply, min(stops) - 1) if stops else None
        if last is not None:
            behind[last + 1 : said.stop] = True
    return behind
