"""Countdown: make the target from the given numbers (TinyZero's task, unconfirmed)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import after_hash, final_text
from whet.rewards.verifiable.countdown_solutions import solution
from whet.rewards.verifiable.extraction import boxed, tagged, unfinished
from whet.rewards.verifiable.math.canonical import canonical
from whet.rewards.verifiable.verdicts import no_answer
from whet.types import Finish, Reason, Rollout, Verdict

_WHOLE = re.compile(r"\s*-?[0-9]+\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown(Reward):
    r"""1 where the expression uses the task's numbers and equals its target exactly, else 0.

    The expression stands after the thoughts, in the last `<answer>…</answer>`, else in the last
    `\boxed{…}`, else after the last `#`; it may end in `= target`.  The task has `info["target"]`
    and `info["numbers"]`, or `nums`.  Each number is used exactly once, as in TinyZero's data;
    where the task's `info["use_all"]` is false, some may be left out.
    """

    def score(self, rollout: Rollout) -> Verdict:
        info = rollout.task.info
        if not _readable(info):
            return Verdict.unjudged(f"task {rollout.task.id!r} has no whole numbers and target")
        said = final_text(rollout)
        if isinstance(said, Verdict):
            return said
        text = _expression(said, rollout.finish)
        if not text:
            return no_answer(rollout)
        try:
            found = solution(text, info)
        except ZeroDivisionError:
            return Verdict.failure(Reason.WRONG, note=f"{text[:80]} divides by zero")
        if found is None:
            return Verdict.failure(Reason.BAD_FORMAT, note=text[:80])
        value, correct = found
        return Verdict.binary(
            correct=correct, note=f"{text[:80]} = {value}", answer=canonical(text)
        )


def _readable(info: Mapping[str, Any]) -> bool:
    """Whether the task has a target and a list of numbers, and all of them are whole."""
    numbers = info.get("numbers", info.get("nums"))
    if not isinstance(numbers, list | tuple):
        return False
    return all(_WHOLE.fullmatch(str(number)) for number in (*numbers, info.get("target")))


def _expression(text: str, finish: Finish) -> str:
    """The announced expression; empty where there is none, or one without an end."""
    content, boxes = tagged(text), boxed(text)
    if unfinished(text, finish):
        return ""
    if content is not None:
        return content
    return boxes[-1] if boxes else after_hash(text, finish)
