"""Environments with `reset` and `step`: gymnasium, GEM, and what looks like them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from whet.environments.adapters.foreign_worlds import SteppedWorld
from whet.environments.adapters.stepping import stepped
from whet.environments.adapters.turns import luck_of
from whet.protocols import Policy
from whet.types import Task, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetStep(SteppedWorld):
    """Any environment with `reset(seed=)` and a `step` that returns four or five items.

    `make` is the import path of what makes one: `gymnasium:make` with the arguments
    `{"id": "FrozenLake-v1", "render_mode": "ansi"}`, or `mine.py:Mine`.  It runs in worker
    processes; see `Foreign` for faults.

    An observation is shown as `describe`, the import path of a function of the environment and its
    observation, says; otherwise as `render()` gives it with `render_mode="ansi"`; otherwise by its
    `str`.  A reply is the name or the number of a discrete action, perhaps in a box.  `options`
    names the actions; otherwise an enum `actions` of the environment does, or their numbers.  Where
    `info` has an `action_mask`, it says which are legal.  Environments without an action space, and
    those of texts, as GEM's, get the words of the reply.  `read`, the import path of a function of
    the environment and the words, makes other actions; its `ValueError` marks the illegal ones.

    The score is the sum of the rewards, and a play is correct from `solved` on.  After an illegal
    reply it is told what is legal, up to `corrections` times; the next one ends the play.

    Sources: gymnasium 1.4.0, `core.Env`; gem-llm 0.1.0, `gem/core.py`.
    """

    driver: ClassVar[str] = "reset_step"

    arguments: Mapping[str, Any] = field(default_factory=dict)  # of `make`
    options: tuple[str, ...] = ()
    describe: str = ""
    read: str = ""

    async def play(self, task: Task, policy: Policy) -> Verdict:
        luck = luck_of(task)
        given = {
            "arguments": dict(self.arguments),
            "options": list(self.options),
            "describe": self.describe,
            "read": self.read,
        }
        async with self.foreign.open(luck, given) as env:
            return await stepped(env, task, policy, luck, self.limits)
