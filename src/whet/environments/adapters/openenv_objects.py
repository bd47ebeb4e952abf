"""Clients and environments of OpenEnv as Python objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Any, ClassVar

from whet.environments.adapters.foreign.pool import Foreign, ForeignEpisode
from whet.environments.adapters.openenv_actions import Actions, shown
from whet.environments.adapters.stepping import Limits, stepped
from whet.environments.adapters.turns import LUCK, drawn, luck_of
from whet.environments.levels import check_level
from whet.protocols import Policy, World
from whet.types import Task, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEnvObject(World):
    """A client or an environment of OpenEnv as a Python object, one for each episode.

    `make` is the import path of what makes it, with `arguments`; it runs in worker processes, as
    `Foreign` says.  Actions and observations are those of `OpenEnvServer`; the fields of an action
    are those of the class that `step` or the client's type declares, else `action` names one.
    """

    levels: ClassVar[tuple[int, int]] = (1, 1)
    bounds: ClassVar[tuple[float, float]] = (-inf, inf)

    make: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of `make`
    action: str = ""
    observe: str = ""
    turns: int = 50
    corrections: int = 0
    solved: float = 1.0
    rules: str = ""
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
            make=self.make, driver="openenv", processes=self.processes, seconds=self.seconds
        )

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        return drawn(self.make, rng.randrange(LUCK), self.limits.most, self.rules)

    def canonical(self, task: Task) -> str:
        return f"{self.make}/{task.info['luck']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        luck = luck_of(task)
        async with self.foreign.open(luck, {"arguments": dict(self.arguments)}) as env:
            actions = Actions(await env.call("schema"), self.action)
            session = _ObjectSession(env, actions, self.observe)
            return await stepped(session, task, policy, luck, self.limits)


@dataclass(frozen=True, slots=True)
class _ObjectSession:
    """An episode in a worker process."""

    env: ForeignEpisode
    actions: Actions
    observe: str

    async def call(self, method: str, *arguments: Any) -> dict[str, Any]:
        """A reset with a seed, or a step with words."""
        given = arguments
        if method == "step":
            fields, why = self.actions.of(arguments[0])
            if why:
                return {"illegal": why}
            given = (fields,)
        told = await self.env.call(method, *given)
        return told if "illegal" in told else shown(told, self.observe)
