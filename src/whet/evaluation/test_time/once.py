"""A plain sample: one reply, decoded once."""

from dataclasses import dataclass
from typing import ClassVar

from whet.evaluation.test_time.attempt import Answered, Attempt, AttemptContext
from whet.types import Request, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Once(Attempt):
    """One reply.  Its answers are the samples that every evaluation has."""

    name: ClassVar[str] = "once"
    samples: ClassVar[bool] = True

    async def answer(self, task: Task, seed: int, context: AttemptContext) -> Answered:
        request = Request.of(task, (seed,), context.decoding)
        [rollout] = await context.runner.rollout(request)
        return Answered(rollout=rollout, tokens=rollout.length)
