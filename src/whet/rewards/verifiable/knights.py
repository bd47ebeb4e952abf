"""Knights and knaves: a knight's statement is true, a knave's is false."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import Info, Rule, listed, ruled
from whet.types import Rollout, Verdict

_BITS = re.compile(r"[01](?: ?[01])*")
_ENTRY = re.compile(r"(\w+):(-?\w+(?:\*-?\w+)*|-?\w+(?:\+-?\w+)*)")
_FEW = 12  # speakers: all assignments are tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Knights(Reward):
    """1 where every statement is true if its speaker is a knight and false if a knave, else 0.

    The task has `info["said"]`, such as `a:-b|b:a*-c|c:b+c`.  `b` says that b is a knight, `-b`
    that b is a knave; `*` joins claims that are all true, `+` claims of which at least one is true.
    A reply announces 1 for a knight and 0 for a knave, for each speaker in order.  Statements that
    can't be read are a fault, and so are those of up to twelve speakers that contradict each other.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("said",), _read)


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


def _read(info: Info) -> Rule:
    text = "".join(str(info["said"]).split())
    said = _statements(text)
    if len(said) <= _FEW and not _solvable(text):
        raise ValueError("the statements contradict each other")

    def rule(text: str) -> bool | None:
        bits = listed(text)
        found = bits.replace(" ", "")
        if not _BITS.fullmatch(bits) or len(found) != len(said):
            return None
        return consistent(said, _honest(said, found))

    return rule


def _statements(text: str) -> dict[str, str]:
    """Each speaker's statement.  Raises `ValueError` where one is no statement on the speakers."""
    entries = [_ENTRY.fullmatch(entry) for entry in text.split("|")]
    said = {entry[1]: entry[2] for entry in entries if entry}
    about = set(re.findall(r"\w+", " ".join(said.values())))
    if len(said) < len(entries) or about - set(said):
        raise ValueError(f"info['said'] is {text!r:.80}, not such as a:-b|b:a*b, one per speaker")
    return said


@lru_cache(maxsize=1024)
def _solvable(text: str) -> bool:
    said = _statements(text)
    every = product("01", repeat=len(said))
    return any(consistent(said, _honest(said, bits)) for bits in every)


def _honest(said: Iterable[str], bits: Iterable[str]) -> dict[str, bool]:
    return {name: bit == "1" for name, bit in zip(said, bits, strict=True)}
