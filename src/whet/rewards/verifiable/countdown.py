"""Countdown: make the target from the given numbers (TinyZero's task, unconfirmed)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable._expression import evaluated
from whet.rewards.verifiable._extraction import boxed, tagged
from whet.rewards.verifiable._verdicts import no_answer
from whet.types import Reason, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown(Reward):
    r"""1 where the expression uses the task's numbers and equals its target exactly, else 0.

    The expression stands in the last `<answer>…</answer>`, else in the last `\boxed{…}`, else after
    the last `#`; `= target` may end it.  The task brings `info["target"]` and `info["numbers"]`, or
    `nums`.  Each number is used exactly once, as in TinyZero's data; a task whose
    `info["use_all"]` is false lets some of them lie.
    """

    def score(self, rollout: Rollout) -> Verdict:
        """Evaluate with fractions."""
        info = rollout.task.info
        numbers, target = info.get("numbers", info.get("nums")), info.get("target")
        if numbers is None or target is None:
            return Verdict.unjudged(f"task {rollout.task.id!r} brings no numbers and target")
        text = _expression(rollout.reply)
        if not text:
            return no_answer(rollout)
        try:
            found = evaluated(_left(text, target))
        except ZeroDivisionError:
            return Verdict.failure(Reason.WRONG, note=f"{text[:80]} divides by zero")
        if found is None:
            return Verdict.failure(Reason.BAD_FORMAT, note=text[:80])
        value, used = found
        fair = _fair(Counter(used), Counter(int(n) for n in numbers), info)
        return Verdict.binary(correct=fair and value == int(target), note=f"{text[:80]} = {value}")


def _expression(reply: str) -> str:
    content, boxes = tagged(reply), boxed(reply)
    if content is not None:
        return content
    _, announced, rest = reply.rpartition("#")
    return boxes[-1] if boxes else rest.strip() if announced else ""


def _left(equation: str, target: object) -> str:
    """The left side of `expression = target`; any other equation stays whole, and is no answer."""
    left, equals, right = equation.rpartition("=")
    return left if equals and right.strip() == str(target) else equation


def _fair(used: Counter[int], given: Counter[int], info: Mapping[str, Any]) -> bool:
    return used <= given if info.get("use_all") is False else used == given
