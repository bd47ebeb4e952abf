"""The answers that a question has, and what a reply answers."""

from whet.rewards.verifiable._announced import final_text
from whet.rewards.verifiable._extraction import answers
from whet.rewards.verifiable._verdicts import no_answer
from whet.types import Reason, Rollout, Verdict


def golds(rollout: Rollout) -> tuple[str, ...]:
    """`info["answers"]`, any of which will do, or else the task's one answer."""
    several = rollout.task.info.get("answers") or (rollout.task.answer,)
    return tuple(str(answer) for answer in several if str(answer).strip())


def answered(rollout: Rollout, longest: int) -> str | Verdict:
    """The one announced answer, or the verdict of a reply that gives none, or several."""
    text = final_text(rollout)
    if isinstance(text, Verdict):
        return text
    _, found = answers(text)
    if not found:
        return no_answer(rollout)
    if len(set(found)) > 1:
        return Verdict.failure(Reason.WRONG, note=f"{len(set(found))} different answers")
    if len(found[0]) > longest:
        return Verdict.failure(Reason.WRONG, note=f"{len(found[0])} characters")
    return found[0]
