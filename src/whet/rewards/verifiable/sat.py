"""Boolean satisfiability: every clause has a true literal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import ruled
from whet.types import Rollout, Verdict

_BITS = re.compile(r"[01](?:[ ,]*[01])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sat(Reward):
    """1 where the assignment makes every clause true, else 0.

    The task has `info["variables"]`, the number of variables, which are called `a`, `b`, …, and
    `info["clauses"]`, such as `a+-b+c|-a+c+d`.  A reply announces 0 or 1 for each variable, in
    order.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("variables", "clauses"), _satisfies)


def satisfies(clauses: str, true: set[str]) -> bool:
    """Whether every clause has a true literal, given the variables that are true.

    The family of tasks has these rules a second time, as truth tables, which it needs to count
    solutions; a test compares the two.
    """
    return all(
        any((literal.lstrip("-") in true) != literal.startswith("-") for literal in clause)
        for clause in (clause.split("+") for clause in clauses.split("|"))
    )


def _satisfies(info: Mapping[str, Any], text: str) -> bool | None:
    found = re.findall("[01]", text)
    if not _BITS.fullmatch(text) or len(found) != info["variables"]:
        return None
    true = {name for name, bit in zip(ascii_lowercase, found, strict=False) if bit == "1"}
    return satisfies(str(info["clauses"]), true)
