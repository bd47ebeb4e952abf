"""Knights and knaves: whoever is called a knight has told the truth, and no knave has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import ruled
from whet.types import Rollout, Verdict

_BITS = re.compile(r"[01](?:[ ,]*[01])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knights(Reward):
    """1 where no statement contradicts what its speaker is said to be, else 0.

    The task brings `info["said"]`, such as `a:-b|b:a*-c|c:b+c`: `-b` says that b is a knave, `*`
    joins what is all true, `+` what is partly true.  A reply announces 1 for a knight and 0 for a
    knave, for each speaker in order.
    """

    def score(self, rollout: Rollout) -> Verdict:
        """Hold every statement against its speaker."""
        return ruled(rollout, ("said",), _consistent)


def _consistent(info: Mapping[str, Any], text: str) -> bool | None:
    said = dict(entry.split(":", 1) for entry in str(info["said"]).split("|"))
    found = re.findall("[01]", text)
    if not _BITS.fullmatch(text) or len(found) != len(said):
        return None
    honest = {name: bit == "1" for name, bit in zip(said, found, strict=True)}
    return all(honest[name] == _true(statement, honest) for name, statement in said.items())


def _true(statement: str, honest: Mapping[str, bool]) -> bool:
    literals = re.findall(r"-?\w+", statement)
    truths = [honest[literal.lstrip("-")] != literal.startswith("-") for literal in literals]
    return all(truths) if "*" in statement else any(truths)
