"""Labelled replies in which the reference answer and the replied answer are exchanged."""

from dataclasses import replace

from whet.data.cases import Case
from whet.rewards.verifiable.extraction import after_think, answers


def swapped(case: Case) -> Case | None:
    """The task that has the reply's answer, and the same reply with the task's.

    Equality is symmetric, so the two deserve the same verdict.  None where the exchange makes no
    sense: a task without answer or with several, a reply whose answer can't be found or stands
    there twice.
    """
    gold = case.task.answer
    found = answers(after_think(case.reply) or "")[1]
    said = found[-1] if found else ""
    if not gold or case.task.alternatives or not said or case.reply.count(said) != 1:
        return None
    info = {name: said if value == gold else value for name, value in case.task.info.items()}
    task = replace(case.task, id=f"{case.task.id} exchanged", answer=said, info=info)
    return replace(case, task=task, reply=case.reply.replace(said, gold))
