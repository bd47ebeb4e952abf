"""Demonstrations of a run's demonstrator, as rollouts and as beginnings of replies."""

from dataclasses import replace

from whet.protocols.extension import StepContext
from whet.types import Rollout, Task, Verdict


def demonstrated(context: StepContext, task: Task) -> Rollout | None:
    """A demonstration of a task, judged right; None where the demonstrator has none."""
    reply = context.demonstrate(task)
    if reply is None:
        return None
    return replace(context.render(task, reply), verdict=Verdict.binary(correct=True))


def beginning(context: StepContext, task: Task, share: float) -> tuple[int, ...]:
    """The first token ids of a demonstration, never all; none where the demonstrator has none."""
    demo = demonstrated(context, task)
    if demo is None:
        return ()
    ids = demo.chosen_ids.tolist()
    return tuple(ids[: min(round(share * len(ids)), len(ids) - 1)])
