"""Puzzles are judged by their rules, never by one solution."""

from collections.abc import Callable, Mapping
from typing import Any

from whet.rewards.verifiable.announced_answers import announced
from whet.types import Reason, Rollout, Verdict


def ruled(
    rollout: Rollout, needs: tuple[str, ...], rule: Callable[[Mapping[str, Any], str], bool | None]
) -> Verdict:
    """What the rule says of the announced answer: right, wrong, or, None, no answer of this kind.

    A task that lacks one of the needs is a fault.
    """
    info = rollout.task.info
    missing = [need for need in needs if need not in info]
    if missing:
        return Verdict.unjudged(f"task {rollout.task.id!r} brings no info[{missing[0]!r}]")
    answer = announced(rollout)
    if isinstance(answer, Verdict):
        return answer
    found = rule(info, answer)
    if found is None:
        return Verdict.failure(Reason.BAD_FORMAT, note=answer[:80])
    return Verdict.binary(correct=found, note=answer[:80])
