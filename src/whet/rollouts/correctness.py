"""Correctness as a label, for algorithms that tell right replies from wrong ones."""

from collections.abc import Iterable

from whet.policy.inspection import walk
from whet.protocols import Algorithm
from whet.protocols.part import Part
from whet.types import Group, Need, Rollout, UsageError, Verdict


def label(verdict: Verdict) -> bool | None:
    """The verdict's `correct`; without it, a score of 1 is right and a score of 0 is wrong.

    None for any other score: a graded reward has no threshold that this library could know.
    """
    if verdict.correct is None and verdict.score in (0.0, 1.0):
        return verdict.score == 1.0
    return verdict.correct


def correct(rollout: Rollout) -> bool | None:
    """The label of a rollout that has a score; None where it is not known."""
    verdict = rollout.verdict
    return None if verdict is None or not verdict.judged else label(verdict)


def check_correctness(objective: Algorithm, groups: Iterable[Group]) -> None:
    """Raise `UsageError` for a score without a label, where the algorithm needs to have one."""
    if Need.CORRECTNESS not in objective.needs:
        return
    for rollout in (r for group in groups for r in group):
        if rollout.score is not None and correct(rollout) is None:
            raise UsageError(
                f"{reader(objective)} reads which replies are correct, but the reward gives task "
                f"{rollout.task.id!r} the score {rollout.score:g} without `correct`; let the "
                "reward return `correct` as well, or choose an algorithm that learns from scores, "
                "such as grpo"
            )


def reader(objective: Algorithm) -> str:
    """The name of the innermost part that reads correctness."""
    readers = [p for p in walk(objective) if isinstance(p, Part) and Need.CORRECTNESS in p.needs]
    return type(readers[-1]).__name__
