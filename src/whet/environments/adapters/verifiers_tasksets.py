"""Tasksets of verifiers 1: tasks with a prompt, and rewards that read the conversation."""

from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

from whet.environments.adapters.foreign_worlds import ForeignWorld
from whet.environments.adapters.indexed import drawn_task, index_of, task_at
from whet.environments.adapters.turns import graded
from whet.environments.levels import check_level
from whet.protocols import Policy
from whet.types import Finish, Task, Verdict
from whet.types.messages import messages_of


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiersTaskset(ForeignWorld):
    """The tasks of a taskset of verifiers 1, one reply each, judged by the taskset's own rewards.

    `make` is the import path of a taskset's class, or `package.module:` for the one that a module
    exports in `__all__`.  A class is made with the default of the configuration that it declares.

    The score is Σ weight · reward, as of `Trace.reward`; the rewards are logged one by one.  A task
    of verifiers judges a real trace by its own `score`, with its metrics and judges.  Toolsets,
    users that open the conversation, and rewards that need a runtime are refused: they belong to
    programs that verifiers runs beside the policy.

    Source: verifiers 0.4.0, `v1/taskset.py`, `v1/task.py` and `v1/trace.py`.
    """

    driver: ClassVar[str] = "verifiers"

    processes: int = 2
    seconds: float = 60.0  # wall time of a call

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        return drawn_task(self.foreign, rng, 1)

    def task(self, index: int) -> Task:
        """The task at a place of the taskset."""
        return task_at(self.foreign, index, 1)

    def canonical(self, task: Task) -> str:
        return f"{self.make}/{task.info['index']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        reply = await policy(task.prompt)
        asked = [dict(message) for message in messages_of(task.prompt)]
        said = [*asked, {"role": "assistant", "content": reply.words}]
        index = index_of(task)
        async with self.foreign.open(index, {"index": index}) as env:
            stop = "max_output_tokens" if reply.finish is Finish.LENGTH else "agent_completed"
            found = await env.call("score", said, len(asked), stop)
        score = sum(score * weight for score, weight in found.values())
        return replace(
            graded(score, self.solved), parts={name: score for name, (score, _) in found.items()}
        )
