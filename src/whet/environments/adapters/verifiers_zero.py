"""Environments of verifiers 0: single-turn, with tools, or with answers of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, ClassVar

from whet.environments.adapters.foreign_worlds import ForeignWorld
from whet.environments.adapters.indexed import drawn_task, index_of, task_at
from whet.environments.adapters.turns import check_turns, graded
from whet.environments.levels import check_level
from whet.protocols import Policy
from whet.types import Finish, Reply, Task, ToolCall, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiersEnvironment(ForeignWorld):
    """The rows of an environment of verifiers 0, played by its own loop.

    `make` is the import path of `load_environment`, which gets `arguments`.  The loop of the
    environment, `run_rollout`, runs in a worker process with a client that asks the policy; so
    `SingleTurnEnv`, `ToolEnv` and any `MultiTurnEnv` end, answer and judge as they do there.  The
    score is the rubric's reward, and its metrics are logged.

    A conversation only grows: an environment that rewrites earlier messages is refused.  After
    `turns` replies the rollout ends as for a prompt that is too long, and is judged.  An error of
    the rollout is a fault.  An exception of a reward function is a 0, which verifiers itself makes
    of it, and tells in its log alone.

    Source: verifiers 0.1.14, `envs/multiturn_env.py`, `envs/environment.py`, `clients/client.py`.
    """

    driver: ClassVar[str] = "verifiers_zero"

    arguments: Mapping[str, Any] = field(default_factory=dict)  # of `load_environment`
    turns: int = 50
    processes: int = 2
    seconds: float = 60.0  # wall time of a call

    def __post_init__(self) -> None:
        check_turns(self.turns)
        ForeignWorld.__post_init__(self)

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        return drawn_task(self.foreign, rng, self.turns, dict(self.arguments))

    def task(self, index: int) -> Task:
        """The task of a row."""
        return task_at(self.foreign, index, self.turns, dict(self.arguments))

    def canonical(self, task: Task) -> str:
        return f"{self.make}/{task.info['index']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        index = index_of(task)
        given = {"index": index, "arguments": dict(self.arguments)}
        async with self.foreign.open(index, given) as env:
            shown, tools, replies = await env.call("first"), True, 0
            while not shown["ended"] and replies < self.turns:
                known = {"tools": tuple(shown["tools"])} if tools and shown["tools"] else {}
                reply = await policy(tuple(shown["messages"]), **known)
                shown, tools, replies = await env.call("step", *_said(reply)), False, replies + 1
            finish = None if shown["ended"] else Finish.TURNS
            if not shown["ended"]:
                shown = await env.call("stop")
        return replace(graded(shown["reward"], self.solved, finish=finish), parts=shown["metrics"])


def _said(reply: Reply) -> tuple[str, list[dict[str, Any]], str]:
    """The text of a reply, its calls that can be read, and why it ended, in OpenAI's words."""
    calls = [
        {"id": call.id, "name": call.name, "arguments": dict(call.arguments)}
        for call in reply.calls
        if isinstance(call, ToolCall)
    ]
    ended = "length" if reply.finish is Finish.LENGTH else "tool_calls" if calls else "stop"
    return reply.words, calls, ended
