"""Thoughts and answer in their tags, as for DeepSeek-R1 (arXiv:2501.12948, unconfirmed)."""

import re
from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.extraction import with_open_think
from whet.types import Reason, Rollout, Verdict

_TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_ORDER = re.compile(r"\s*<think>(.*)</think>\s*<answer>(.*)</answer>\s*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format(Reward):
    """1 where the reply is `<think>…</think><answer>…</answer>` and nothing else, else 0.

    Each tag occurs exactly once and neither part is empty.  A prompt that ends in `<think>`
    provides that tag.  The answer itself is not judged.
    """

    def score(self, rollout: Rollout) -> Verdict:
        reply = with_open_think(rollout.turns)
        match = _ORDER.fullmatch(reply) if all(reply.count(tag) == 1 for tag in _TAGS) else None
        well = match is not None and all(part.strip() for part in match.groups())
        return Verdict(reason=Reason.OK if well else Reason.BAD_FORMAT, score=float(well))
