"""Brackets: what was begun and what is added are well-formed together."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import ruled
from whet.types import Rollout, Verdict

_PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SIGNS = re.compile(r"[()\[\]{}<>\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brackets(Reward):
    """1 where the answer closes every open bracket, the last one first, and opens none, else 0.

    The task brings `info["begun"]`, such as `([{}(`; a reply announces what closes it: `)])`.
    """

    def score(self, rollout: Rollout) -> Verdict:
        """Read the whole."""
        return ruled(rollout, ("begun",), _closes)


def _closes(info: Mapping[str, Any], text: str) -> bool | None:
    if not _SIGNS.fullmatch(text):
        return None
    answer = "".join(text.split())
    due: list[str] = []
    for sign in str(info["begun"]) + answer:
        if sign in _PAIRS:
            due.append(_PAIRS[sign])
        elif not due or due.pop() != sign:
            return False
    return not due and not set(answer) & set(_PAIRS)
