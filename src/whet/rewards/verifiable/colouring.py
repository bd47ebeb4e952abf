"""Graph colouring: no edge joins two nodes of one colour."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import Info, Rule, listed, number, ruled
from whet.types import Rollout, Verdict

_DIGITS = re.compile(r"[0-9](?: ?[0-9])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Colouring(Reward):
    """1 where every node has a legal colour and no two neighbours share one, else 0.

    The task has `info["nodes"]`, the number of nodes, which are called `a`, `b`, …;
    `info["colours"]`, the number of colours, 1 to at most 9; and `info["edges"]`, such as
    `ab ac bd`.  A reply announces the digit of a colour for each node, in order.  A graph that
    can't be read, or that cannot be coloured, is a fault.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("nodes", "colours", "edges"), _read)


def clash(edges: Iterable[str], colours: Mapping[str, str]) -> bool:
    """Whether an edge joins two nodes of one colour; nodes without a colour clash with none."""
    return any(a in colours and colours[a] == colours.get(b) for a, b in edges)


def _read(info: Info) -> Rule:
    names = ascii_lowercase[: number(info, "nodes", 1, 26)]
    most, edges = number(info, "colours", 1, 9), tuple(str(info["edges"]).split())
    pairs = {a + b for a in names for b in names if a != b}
    if set(edges) - pairs:
        raise ValueError(f"info['edges'] is {info['edges']!r:.80}, not pairs of nodes of {names}")
    if not _colourable(names, edges, most):
        raise ValueError(f"{most} colours are too few for the graph")

    def rule(text: str) -> bool | None:
        digits = listed(text)
        found = digits.replace(" ", "")
        if not _DIGITS.fullmatch(digits) or len(found) != len(names):
            return None
        legal = all(1 <= int(own) <= most for own in found)
        return legal and not clash(edges, dict(zip(names, found, strict=True)))

    return rule


@lru_cache(maxsize=1024)
def _colourable(names: str, edges: tuple[str, ...], most: int) -> bool:
    """Whether some colouring is legal; True where that isn't found out within 10,000 trials."""
    pending: list[str] = [""]
    for _ in range(10_000):
        if not pending or len(pending[-1]) == len(names):
            return bool(pending)
        given = pending.pop()
        used = len(set(given))
        for colour in "123456789"[: min(most, used + 1)]:
            if not clash(edges, dict(zip(names, given + colour, strict=False))):
                pending.append(given + colour)
    return True
