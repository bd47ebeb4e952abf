"""Environments with `reset` and `step`: gymnasium, GEM, and what looks like them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Any, ClassVar

from whet.environments.adapters.foreign.pool import Foreign, ForeignEpisode
from whet.environments.adapters.turns import following, graded, luck_of, opening
from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Policy, World
from whet.types import Finish, Reply, Task, UsageError, Verdict

LUCK = 2**31  # seeds of `reset`


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
        if self.turns < 1:
            raise UsageError(f"environment.turns is {self.turns}; give 1 or more")
        if self.corrections < 0:
            raise UsageError(f"environment.corrections is {self.corrections}; give 0 or more")
        self.foreign  # noqa: B018 (it checks its settings)

    @property
    def foreign(self) -> Foreign:
        """The processes that it runs in."""
        return Foreign(
            make=self.make, driver="reset_step", processes=self.processes, seconds=self.seconds
        )

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        luck = rng.randrange(LUCK)
        info = {"world": self.make, "luck": luck, "turns": self.turns + self.corrections}
        return Task(id=f"{self.make}/{luck}", prompt=self.rules, info=info)

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
            shown = await env.call("reset", luck)
            observation = opening(task.prompt, shown["text"])
            rewards, left, done = list[float](), self.corrections, 0
            while True:
                reply = await policy(observation, options=shown["options"])
                found = await _stepped(env, reply, shown["options"])
                rewards.append(found.get("reward", 0.0))
                if "illegal" in found:
                    if not left:
                        return self._ended(rewards, Finish.ILLEGAL, found["illegal"])
                    left -= 1
                    observation = following(task.prompt, _correction(found, shown["options"]))
                    continue
                shown, done = found, done + 1
                if found["ended"] or found["cut"]:
                    return self._ended(rewards, Finish.STOP)
                if done == self.turns:
                    return self._ended(rewards, Finish.TURNS)
                observation = following(task.prompt, found["text"])

    def _ended(self, rewards: Sequence[float], finish: Finish, note: str = "") -> Verdict:
        return graded(sum(rewards), self.solved, rewards, finish, note)


async def _stepped(env: ForeignEpisode, reply: Reply, options: Sequence[str]) -> dict[str, Any]:
    """What follows on a reply; `illegal` says why it is no action."""
    if not options:
        return await env.call("step", reply.words)
    grammar = re.compile("|".join([*map(re.escape, options), r"-?\d+"]), re.IGNORECASE)
    move = move_in(reply, grammar)
    if move is None:
        return {"illegal": f"{reply.words.strip()[:80]!r} is no action"}
    return await env.call("step", move[0])


def _correction(found: Mapping[str, Any], options: Sequence[str]) -> str:
    legal = f"; reply with one of {', '.join(options)}" if options else ""
    return f"{found['illegal']}{legal}"
