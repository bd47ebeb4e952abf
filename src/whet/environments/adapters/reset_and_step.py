"""Environments with `reset` and `step`: gymnasium, GEM, and what looks like them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Any, ClassVar

from whet.environments.adapters.foreign.pool import Foreign
from whet.environments.adapters.stepping import Limits, stepped
from whet.environments.adapters.turns import LUCK, drawn, luck_of
from whet.environments.levels import check_level
from whet.protocols import Policy, World
from whet.types import Task, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetStep(World):
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

    levels: ClassVar[tuple[int, int]] = (1, 1)
    bounds: ClassVar[tuple[float, float]] = (-inf, inf)

    make: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of `make`
    options: tuple[str, ...] = ()
    describe: str = ""
    read: str = ""
    turns: int = 50  # legal replies
    corrections: int = 0
    solved: float = 1.0
    rules: str = ""  # put before the first observation
    processes: int = 4
    seconds: float = 30.0  # wall time of a call

    def __post_init__(self) -> None:
        _ = self.limits, self.foreign  # which check their settings

    @property
    def limits(self) -> Limits:
        """When a play ends."""
        return Limits(turns=self.turns, corrections=self.corrections, solved=self.solved)

    @property
    def foreign(self) -> Foreign:
        """The processes that it runs in."""
        return Foreign(
            make=self.make, driver="reset_step", processes=self.processes, seconds=self.seconds
        )

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        return drawn(self.make, rng.randrange(LUCK), self.limits.most, self.rules)

    def canonical(self, task: Task) -> str:
        return f"{self.make}/{task.info['luck']}"

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
