"""Knights and knaves: a knight's statement is true, a knave's is false."""

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
    """1 where every statement is true if its speaker is a knight and false if a knave, else 0.

    The task has `info["said"]`, such as `a:-b|b:a*-c|c:b+c`.  `b` says that b is a knight, `-b`
    that b is a knave; `*` joins claims that are all true, `+` claims of which at least one is true.
    A reply announces 1 for a knight and 0 for a knave, for each speaker in order.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("said",), _consistent)


def consistent(said: Mapping[str, str], honest: Mapping[str, bool]) -> bool:
    """Whether each speaker's statement is true exactly if the speaker is honest.

    The family of tasks has these rules a second time, as truth tables, which it needs to count
    solutions; a test compares the two.
    """
    return all(honest[name] == is_true(statement, honest) for name, statement in said.items())


def is_true(statement: str, honest: Mapping[str, bool]) -> bool:
    """Whether the statement is true, given which speakers are honest."""
    literals = re.findall(r"-?\w+", statement)
    truths = [honest[literal.lstrip("-")] != literal.startswith("-") for literal in literals]
    return all(truths) if "*" in statement else any(truths)


def _consistent(info: Mapping[str, Any], text: str) -> bool | None:
    said = dict(entry.split(":", 1) for entry in str(info["said"]).split("|"))
    found = re.findall("[01]", text)
    if not _BITS.fullmatch(text) or len(found) != len(said):
        return None
    honest = {name: bit == "1" for name, bit in zip(said, found, strict=True)}
    return consistent(said, honest)
