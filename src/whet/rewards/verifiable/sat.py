"""Boolean satisfiability: every clause has a true literal."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from string import ascii_lowercase

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import Info, Rule, listed, number, ruled
from whet.types import Rollout, Verdict

_BITS = re.compile(r"[01](?: ?[01])*")
_CLAUSES = re.compile(r"-?[a-z](?:[+|]-?[a-z])*")
_FEW = 12  # variables: all assignments are tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Sat(Reward):
    """1 where the assignment makes every clause true, else 0.

    The task has `info["variables"]`, the number of variables, which are called `a`, `b`, …, and
    `info["clauses"]`, such as `a+-b+c|-a+c+d`.  A reply announces 0 or 1 for each variable, in
    order.  Clauses that can't be read are a fault, and so are those of up to twelve variables that
    nothing satisfies.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("variables", "clauses"), _read)


def satisfies(clauses: str, true: set[str]) -> bool:
    """Whether every clause has a true literal, given the variables that are true.

    The family of tasks has these rules a second time, as truth tables, which it needs to count
    solutions; a test compares the two.
    """
    return all(
        any((literal.lstrip("-") in true) != literal.startswith("-") for literal in clause)
        for clause in (clause.split("+") for clause in clauses.split("|"))
    )


def _read(info: Info) -> Rule:
    names = ascii_lowercase[: number(info, "variables", 1, 26)]
    clauses = "".join(str(info["clauses"]).split())
    if not _CLAUSES.fullmatch(clauses) or set(clauses) - {*names, *"+-|"}:
        raise ValueError(f"info['clauses'] is {clauses!r:.80}, not such as a+-b|c, of {names}")
    if len(names) <= _FEW and not _satisfiable(clauses, names):
        raise ValueError("no assignment satisfies the clauses")

    def rule(text: str) -> bool | None:
        bits = listed(text)
        found = bits.replace(" ", "")
        if not _BITS.fullmatch(bits) or len(found) != len(names):
            return None
        return satisfies(clauses, _true(names, found))

    return rule


@lru_cache(maxsize=1024)
def _satisfiable(clauses: str, names: str) -> bool:
    every = product("01", repeat=len(names))
    return any(satisfies(clauses, _true(names, "".join(bits))) for bits in every)


def _true(names: str, bits: str) -> set[str]:
    return {name for name, bit in zip(names, bits, strict=True) if bit == "1"}
