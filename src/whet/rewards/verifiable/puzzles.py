"""What the rewards of puzzles share: a puzzle is judged by its rules, never by one solution."""

from collections.abc import Callable, Mapping
from typing import Any

from whet.rewards.verifiable.announced_answers import announced
from whet.rewards.verifiable.math.canonical import canonical
from whet.types import Reason, Rollout, Verdict

Info = Mapping[str, Any]
Rule = Callable[[str], bool | None]
"""True or False for an answer; None where the text is no answer of this kind."""

_PAIRS = ("()", "[]", "{}")


def ruled(rollout: Rollout, needs: tuple[str, ...], read: Callable[[Info], Rule]) -> Verdict:
    """The verdict of a puzzle's rule on the announced answer.

    `read` makes the rule from the task's info, and raises `ValueError` for a puzzle that can't be
    read or has no solution.  Such a task, and one without one of the `needs`, is a fault whatever
    the reply is.
    """
    info = rollout.task.info
    missing = [need for need in needs if need not in info]
    if missing:
        return Verdict.unjudged(f"task {rollout.task.id!r} has no info[{missing[0]!r}]")
    try:
        rule = read(info)
    except ValueError as error:
        return Verdict.unjudged(f"task {rollout.task.id!r}: {error}"[:300])
    answer = announced(rollout)
    if isinstance(answer, Verdict):
        return answer
    found = rule(answer)
    if found is None:
        return Verdict.failure(Reason.BAD_FORMAT, note=answer[:80])
    return Verdict.binary(correct=found, note=answer[:80], answer=canonical(answer))


def number(info: Info, name: str, least: int, most: int) -> int:
    """A whole number of the task, as a number or as digits.

    Raises `ValueError` for anything else, and outside the limits.
    """
    digits = str(info[name]).removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and least <= int(digits) <= most):
        raise ValueError(f"info[{name!r}] is {info[name]!r:.40}; it needs {least} to {most}")
    return int(digits)


def listed(text: str) -> str:
    """A list of signs with single spaces between them.

    Commas and line ends are spaces; one pair of brackets around the list, and a full stop behind
    it, are dropped.
    """
    text = text.strip().removesuffix(".").strip()
    if text[:1] + text[-1:] in _PAIRS:
        text = text[1:-1]
    return " ".join(text.replace(",", " ").split())
