"""Verdicts that several judges share."""

from whet.types import Finish, Reason, Rollout, Verdict


def no_answer(rollout: Rollout) -> Verdict:
    """No answer where one was due; who was cut off is told so."""
    cut = rollout.finish is Finish.LENGTH
    return Verdict.failure(Reason.TRUNCATED if cut else Reason.NO_ANSWER)


def nothing_to_compare(rollout: Rollout) -> Verdict:
    """The task came without its answer: nobody can be judged by it."""
    return Verdict.unjudged(f"task {rollout.task.id!r} has no answer to compare with")
