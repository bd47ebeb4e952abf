"""Graph colouring: no edge joins two nodes of one colour."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import ruled
from whet.types import Rollout, Verdict

_DIGITS = re.compile(r"[0-9](?:[ ,]*[0-9])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Colouring(Reward):
    """1 where every node has a legal colour and no two neighbours share one, else 0.

    The task brings `info["nodes"]`, how many, from `a` on, `info["colours"]`, how many, from 1 to
    at most 9, and `info["edges"]`, such as `ab ac bd`.  A reply announces the digit of a colour for
    each node, in order.
    """

    def score(self, rollout: Rollout) -> Verdict:
        """Look at every edge."""
        return ruled(rollout, ("nodes", "colours", "edges"), _colours)


def _colours(info: Mapping[str, Any], text: str) -> bool | None:
    found = re.findall("[0-9]", text)
    if not _DIGITS.fullmatch(text) or len(found) != info["nodes"]:
        return None
    colour = dict(zip(ascii_lowercase, map(int, found), strict=False))
    legal = all(1 <= own <= info["colours"] for own in colour.values())
    return legal and all(colour[a] != colour[b] for a, b in str(info["edges"]).split())
