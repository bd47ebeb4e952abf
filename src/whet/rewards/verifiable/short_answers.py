"""Short answers: the task's accepted ones, and the one of a reply."""

import re
from collections.abc import Mapping

from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.answer_words import joined, legible, normal_words
from whet.rewards.verifiable.extraction import announced_line, answers, unfinished
from whet.rewards.verifiable.verdicts import no_answer
from whet.types import Finish, Reason, Rollout, Verdict

_OFFER = re.compile(
    r"\b(?:let me know|feel free|hope this|would you like|if you(?:'d| would) like)\b",
    re.IGNORECASE,
)
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_STOP = re.compile(
    r"(?<=[\w)\]'\"”’][.!?])(?<!\b[A-Z]\.)(?<!\b(?:Dr|Mt|St|Mr|vs)\.)\s+(?=[\"'“‘*(]?[A-Z0-9])"
)


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
    return tuple(str(answer) for answer in texts if normal_words(str(answer)))


def answered(rollout: Rollout, longest: int) -> tuple[str, ...] | Verdict:
    """The readings of the reply's one answer, or the verdict of a reply with none or several.

    It stands in `<answer>`, in a box or after `Answer:`; there the readings are the first sentence
    and the whole line, for `J. K. Rowling` has stops.  A reply that announces nothing is its own
    answer: the whole of it, its last line, the last sentence of that, and what it has in bold.
    """
    text = final_text(rollout)
    if isinstance(text, Verdict):
        return text
    text = legible(text)
    where, found = answers(text, rollout.finish)
    if not found:
        said = () if unfinished(text, rollout.finish) else _unannounced(text, rollout.finish)
        short = tuple(one for one in said if len(one) <= longest)
        if said and not short:
            return Verdict.failure(Reason.WRONG, note=f"{len(said[0])} characters")
        return short or no_answer(rollout)
    if (count := len({joined(normal_words(one)) for one in found})) > 1:
        return Verdict.failure(Reason.WRONG, note=f"{count} different answers")
    if len(found[0]) > longest:
        return Verdict.failure(Reason.WRONG, note=f"{len(found[0])} characters")
    line = announced_line(text, rollout.finish) if where == "announcement" else ""
    return (found[0], line) if 0 < len(line) <= longest else found[:1]


def _unannounced(text: str, finish: Finish) -> tuple[str, ...]:
    """The readings of a reply that announces nothing; a reply that was cut has none."""
    lines = [line.strip() for line in text.split("\n") if line.strip() and not _OFFER.search(line)]
    if finish is Finish.LENGTH or not lines:
        return ()
    bold = _BOLD.findall("\n".join(lines))
    shown = (bold[-1],) if len(bold) == 1 else ()
    sentences = _STOP.split(lines[-1])
    last = sentences[-1].removeprefix("No, ") if len(sentences) > 1 else sentences[-1]
    return ("\n".join(lines), lines[-1], last, *shown)
