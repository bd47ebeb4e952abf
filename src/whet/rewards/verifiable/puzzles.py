"""What the rewards of puzzles share: a puzzle is judged by its rules, never by one solution."""

from collections.abc import Callable, Mapping
from typing import Any

from whet.rewards.verifiable.announced_answers import announced
from whet.rewards.verifiable.math.canonical import canonical
from whet.types import Reason, Rollout, Verdict


def ruled(
    rollout: Rollout, needs: tuple[str, ...], rule: Callable[[Mapping[str, Any], str], bool | None]
) -> Verdict:
    """The verdict of a rule on the announced answer.

    `rule(info, answer)` is True, False, or None where the text is no answer of this kind.  A task
    without one of the `needs` in its info is a fault.
    """
    info = rollout.task.info
    missing = [need for need in needs if need not in info]
    if missing:
        return Verdict.unjudged(f"task {rollout.task.id!r} has no info[{missing[0]!r}]")
    answer = announced(rollout)
    if isinstance(answer, Verdict):
        return answer
    found = rule(info, answer)
    if found is None:
        return Verdict.failure(Reason.BAD_FORMAT, note=answer[:80])
    return Verdict.binary(correct=found, note=answer[:80], answer=canonical(answer))
