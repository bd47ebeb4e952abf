"""Graph colouring: no edge joins two nodes of one colour."""

import re
from collections.abc import Iterable, Mapping
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

    The task has `info["nodes"]`, the number of nodes, which are called `a`, `b`, …;
    `info["colours"]`, the number of colours, 1 to at most 9; and `info["edges"]`, such as
    `ab ac bd`.  A reply announces the digit of a colour for each node, in order.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("nodes", "colours", "edges"), _colours)


def clash(edges: Iterable[str], colours: Mapping[str, str]) -> bool:
    """Whether an edge joins two nodes of one colour; nodes without a colour clash with none."""
    return any(a in colours and colours[a] == colours.get(b) for a, b in edges)


def _colours(info: Mapping[str, Any], text: str) -> bool | None:
    found = re.findall("[0-9]", text)
    if not _DIGITS.fullmatch(text) or len(found) != info["nodes"]:
        return None
    legal = all(1 <= int(own) <= info["colours"] for own in found)
    colours, edges = dict(zip(ascii_lowercase, found, strict=False)), str(info["edges"]).split()
    unknown = set("".join(edges)) - set(colours)
    if unknown:
        raise ValueError(f"the edges name {sorted(unknown)}, which are not among the nodes")
    return legal and not clash(edges, colours)
