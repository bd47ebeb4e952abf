"""A quarter for each tag in its place: the soft form of `format` (after open-r1's, unconfirmed)."""

from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable._extraction import with_open_think
from whet.types import Reason, Rollout, Verdict

_TAGS = ("<think>", "</think>", "<answer>", "</answer>")


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCount(Reward):
    """¼ · |{tags that stand exactly once, with something between them and the tag before}|.

    The tags are `<think>`, `</think>`, `<answer>` and `</answer>`, in this order; one that comes
    too early counts for nothing, nor does a pair around nothing (both are ours).  A prompt that
    ends in `<think>` has written that tag for the policy.
    """

    def score(self, rollout: Rollout) -> Verdict:
        """Count the tags."""
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
