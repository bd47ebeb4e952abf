"""Environments of TRL's `environment_factory`: objects whose public methods are tools."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from whet.calls.call_format import CallFormat
from whet.calls.formats.pythonic import Pythonic
from whet.calls.toolbox import OpenToolbox
from whet.calls.tools import Tool, ToolError
from whet.environments.adapters.foreign.pool import Foreign, ForeignEpisode
from whet.environments.adapters.turns import graded, opening
from whet.environments.tool_talk import talk_with
from whet.protocols import Environment, Policy
from whet.types import Task, UsageError, Verdict, seed_of
from whet.types.messages import messages_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TrlEnvironment(Environment):
    """An object of `make` for each rollout, with the tasks of any corpus.

    `make` is the import path of a class, of a function that makes an environment, or of a
    dictionary of them by the row's field `environment`.  `reset` gets the columns of the task's row
    that it takes by name, all for `**row`: `prompt` as messages, the columns of `info`, and the
    answer as `answer`, `solution`, `ground_truth` and `label`.  The text that it returns is put
    behind the last message.  The public methods with a docstring are tools, as TRL has them, in
    alphabetical order; what they return is shown by `str`.  Their exceptions are read by
    the policy.

    `get_reward()`, sync or async, is the score, and None is "not applicable".  Without that method
    the reward of the run judges.  In TRL, both are added; here a run that has a reward takes that
    reward alone.

    TRL has no limit of calls unless `max_tool_calling_iterations` is set; here an episode has
    `calls` of them, and after the last one a reply is left.  TRL keeps objects and resets them;
    here each episode has a new one.  `close` is called at its end, and is no tool.  Plain text
    shows no tools; its replies are read in the format `plain`.

    Source: TRL 1.16.0, `trl/trainer/grpo_trainer.py`, `__init__`, `_tool_call_loop` and
    `_generate_and_score_completions`.
    """

    make: str
    calls: int = 16
    plain: CallFormat = Pythonic()
    solved: float = 1.0
    processes: int = 4
    seconds: float = 30.0  # wall time of a call

    def __post_init__(self) -> None:
        if self.calls < 1:
            raise UsageError(f"environment.calls is {self.calls}; give 1 or more")
        _ = self.foreign  # which checks its settings

    @property
    def foreign(self) -> Foreign:
        """The processes that it runs in."""
        return Foreign(make=self.make, driver="trl", processes=self.processes, seconds=self.seconds)

    async def play(self, task: Task, policy: Policy) -> Verdict | None:
        async with self.foreign.open(seed_of(task.id), row_of(task)) as env:
            told = await env.call("reset")
            box = await self._box(env)
            prompt = opening(task.prompt, told or "")
            await talk_with(box, prompt, policy, self.plain)
            return self._verdict(await env.call("reward"))

    async def _box(self, env: ForeignEpisode) -> OpenToolbox:
        """The tools; calls of one reply run in their order, since they share an object."""
        lock = asyncio.Lock()
        limit = 2 * self.seconds * self.processes  # the process has limits of its own
        found = [
            Tool(
                name=(name := schema["function"]["name"]),
                schema=schema,
                call=partial(_called, env, name),
                seconds=limit,
            )
            for schema in await env.call("tools")
        ]
        return OpenToolbox([(tool, lock) for tool in found], self.calls)

    def _verdict(self, told: Mapping[str, Any]) -> Verdict | None:
        if "reward" not in told:
            return None
        if told["reward"] is None:
            return Verdict.not_applicable("get_reward() returned None")
        return graded(told["reward"], self.solved)


def row_of(task: Task) -> dict[str, Any]:
    """The columns of a task's row, with its answer under the usual names for it."""
    given = [task.answer, *task.alternatives] if task.alternatives else task.answer
    names = ("answer", "solution", "ground_truth", "label") if task.answer else ()
    prompt = [dict(message) for message in messages_of(task.prompt)]
    return {**dict.fromkeys(names, given), **task.info, "prompt": prompt}


async def _called(env: ForeignEpisode, name: str, /, **arguments: Any) -> str:
    """A tool's text.  Raises `ToolError` with its exception, whose text the policy reads."""
    told = await env.call("call", name, arguments)
    if "error" in told:
        raise ToolError(told["error"])
    return told["text"]
