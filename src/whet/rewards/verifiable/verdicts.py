"""Verdicts that several rewards share."""

from whet.types import Finish, Reason, Rollout, Verdict


def no_answer(rollout: Rollout) -> Verdict:
    """The verdict of a reply without an answer; its reason says whether the reply was truncated."""
    cut = rollout.finish is Finish.LENGTH
    return Verdict.failure(Reason.TRUNCATED if cut else Reason.NO_ANSWER)


def nothing_to_compare(rollout: Rollout) -> Verdict:
    """The fault of a task that has no answer."""
    return Verdict.unjudged(f"task {rollout.task.id!r} has no answer to compare with")
