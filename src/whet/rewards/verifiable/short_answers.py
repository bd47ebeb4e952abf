"""Short answers: the task's accepted ones, and the one of a reply."""

from collections.abc import Mapping

from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.extraction import announced_line, answers
from whet.rewards.verifiable.verdicts import no_answer
from whet.rewards.verifiable.words import squad
from whet.types import Reason, Rollout, Verdict


def golds(rollout: Rollout) -> tuple[str, ...]:
    """`info["answers"]`, of which any is accepted, or else the task's one answer.

    `answers` is a list, one text, or SQuAD's `{"text": [...], ...}`.
    """
    several = rollout.task.info.get("answers")
    if isinstance(several, Mapping):
        several = several.get("text")
    if isinstance(several, str):
        several = (several,)
    texts = several if isinstance(several, list | tuple) and several else (rollout.task.answer,)
    return tuple(str(answer) for answer in texts if str(answer).strip())


def answered(rollout: Rollout, longest: int) -> tuple[str, ...] | Verdict:
    """The readings of the one announced answer, or the verdict of a reply with none or several.

    After `Answer:` these are the first sentence and the whole line, for `J. K. Rowling` has stops.
    """
    text = final_text(rollout)
    if isinstance(text, Verdict):
        return text
    where, found = answers(text, rollout.finish)
    if not found:
        return no_answer(rollout)
    if (count := len({" ".join(squad(one)) for one in found})) > 1:
        return Verdict.failure(Reason.WRONG, note=f"{count} different answers")
    if len(found[0]) > longest:
        return Verdict.failure(Reason.WRONG, note=f"{len(found[0])} characters")
    line = announced_line(text, rollout.finish) if where == "announcement" else ""
    return (found[0], line) if 0 < len(line) <= longest else found[:1]
