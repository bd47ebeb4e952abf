"""Thoughts and answer in their tags, as DeepSeek-R1 wants them (arXiv:2501.12948, unconfirmed)."""

import re
from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable._extraction import with_open_think
from whet.types import Reason, Rollout, Verdict

_TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_ORDER = re.compile(r"\s*<think>(.*)</think>\s*<answer>(.*)</answer>\s*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format(Reward):
    """1 where the reply is `<think>…</think><answer>…</answer>` and nothing else, else 0.

    Each tag stands exactly once, neither part is empty.  A prompt that ends in `<think>` has
    written that tag for the policy.  Whether the answer is right is not this judge's business.
    """

    def score(self, rollout: Rollout) -> Verdict:
        """Look at the tags."""
        reply = with_open_think(rollout.turns)
        match = _ORDER.fullmatch(reply) if all(reply.count(tag) == 1 for tag in _TAGS) else None
        well = match is not None and all(part.strip() for part in match.groups())
        return Verdict(reason=Reason.OK if well else Reason.BAD_FORMAT, score=float(well))
