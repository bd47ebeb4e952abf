"""Brackets: the answer closes every bracket that the task left open."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import ruled
from whet.types import Rollout, Verdict

PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SIGNS = re.compile(r"[()\[\]{}<>\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brackets(Reward):
    """1 where the answer closes every open bracket, the last one first, and opens none, else 0.

    The task has `info["begun"]`, such as `([{}(`; a reply announces the closing brackets: `)])`.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("begun",), _closes)


def after(due: str, sign: str) -> str | None:
    """The brackets that are due, the next one first, after one more sign.

    None where the sign closes another bracket than the one that is due.
    """
    if sign in PAIRS:
        return PAIRS[sign] + due
    return due[1:] if due[:1] == sign else None


def _closes(info: Mapping[str, Any], text: str) -> bool | None:
    if not _SIGNS.fullmatch(text):
        return None
    answer = "".join(text.split())
    due: str | None = ""
    for sign in str(info["begun"]) + answer:
        due = after(due, sign)
        if due is None:
            return False
    return not due and not set(answer) & set(PAIRS)
