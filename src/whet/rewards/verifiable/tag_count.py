"""A quarter for each tag in its place: a softer `format` (after open-r1's, unconfirmed)."""

from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.extraction import with_open_think
from whet.types import Reason, Rollout, Verdict

_TAGS = ("<think>", "</think>", "<answer>", "</answer>")


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCount(Reward):
    """¼ · |{tags that occur exactly once, with text between them and the tag before}|.

    The tags are `<think>`, `</think>`, `<answer>` and `</answer>`, in this order.  A tag out of
    order does not count, nor does a pair around nothing (both rules are ours).  A prompt that ends
    in `<think>` provides that tag.
    """

    def score(self, rollout: Rollout) -> Verdict:
        reply = with_open_think(rollout.turns)
        places = {tag: reply.find(tag) for tag in _TAGS if reply.count(tag) == 1}
        for first, last in (_TAGS[:2], _TAGS[2:]):
            between = reply[places.get(first, 0) + len(first) : places.get(last, 0)]
            if first in places and last in places and not between.strip():
                del places[first], places[last]
        count, reached = 0, -1
        for tag in _TAGS:
            if places.get(tag, -1) > reached:
                count, reached = count + 1, places[tag]
        reason = {0: Reason.BAD_FORMAT, len(_TAGS): Reason.OK}.get(count, Reason.PARTIAL)
        return Verdict(reason=reason, score=count / len(_TAGS), parts={"tags": float(count)})
