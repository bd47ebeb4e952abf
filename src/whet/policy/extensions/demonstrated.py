"""Demonstrations of the run's demonstrator, as rollouts and as prefixes of replies."""

from dataclasses import replace

from whet.protocols.extension import StepContext
from whet.types import Rollout, Task, Verdict


def demonstrated(context: StepContext, task: Task) -> Rollout | None:
    """A demonstration of a task with a correct verdict; None if the demonstrator has none."""
    reply = context.demonstrate(task)
    if reply is None:
        return None
    return replace(context.render(task, reply), verdict=Verdict.binary(correct=True))


def beginning(context: StepContext, task: Task, share: float) -> tuple[int, ...]:
    """The first `share` of a demonstration's token ids, never all; empty if there is none."""
    demo = demonstrated(context, task)
    if demo is None:
        return ()
    ids = demo.chosen_ids.tolist()
    return tuple(ids[: min(round(share * len(ids)), len(ids) - 1)])
