"""Brackets: the answer closes every bracket that the task left open."""

import re
from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import Info, Rule, ruled
from whet.types import Rollout, Verdict

PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SIGNS = re.compile(r"[()\[\]{}<>\s,]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brackets(Reward):
    """1 where the answer closes every open bracket, the last one first, and opens none, else 0.

    The task has `info["begun"]`, such as `([{}(`; a reply announces the closing brackets: `)])`.  A
    beginning that has other signs, closes what it did not open, or leaves nothing open is a fault.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("begun",), _read)


def after(due: str, sign: str) -> str | None:
    """The brackets that are due, the next one first, after one more sign.

    None where the sign closes another bracket than the one that is due.
    """
    if sign in PAIRS:
        return PAIRS[sign] + due
    return due[1:] if due[:1] == sign else None


def _read(info: Info) -> Rule:
    begun, due = "".join(str(info["begun"]).split()), ""
    for sign in begun:
        following = after(due, sign)
        if following is None:
            raise ValueError(f"info['begun'] is {begun!r:.80}, not the beginning of brackets")
        due = following
    if not due:
        raise ValueError(f"info['begun'] is {begun!r:.80}, which leaves nothing open")

    def rule(text: str) -> bool | None:
        return "".join(text.replace(",", " ").split()) == due if _SIGNS.fullmatch(text) else None

    return rule
