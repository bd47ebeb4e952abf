"""Short answers: the task's accepted ones, and the one of a reply."""

from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.extraction import answers
from whet.rewards.verifiable.verdicts import no_answer
from whet.types import Reason, Rollout, Verdict


def golds(rollout: Rollout) -> tuple[str, ...]:
    """`info["answers"]`, of which any is accepted, or else the task's one answer."""
    several = rollout.task.info.get("answers") or (rollout.task.answer,)
    return tuple(str(answer) for answer in several if str(answer).strip())


def answered(rollout: Rollout, longest: int) -> str | Verdict:
    """The one announced answer, or the verdict of a reply with none or with several."""
    text = final_text(rollout)
    if isinstance(text, Verdict):
        return text
    _, found = answers(text, rollout.finish)
    if not found:
        return no_answer(rollout)
    if len(set(found)) > 1:
        return Verdict.failure(Reason.WRONG, note=f"{len(set(found))} different answers")
    if len(found[0]) > longest:
        return Verdict.failure(Reason.WRONG, note=f"{len(found[0])} characters")
    return found[0]
