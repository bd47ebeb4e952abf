"""Clients and environments of OpenEnv as Python objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from whet.environments.adapters.foreign.pool import ForeignEpisode
from whet.environments.adapters.foreign_worlds import SteppedWorld
from whet.environments.adapters.openenv_actions import Actions, shown
from whet.environments.adapters.stepping import stepped
from whet.environments.adapters.turns import luck_of
from whet.protocols import Policy
from whet.types import Task, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEnvObject(SteppedWorld):
    """A client or an environment of OpenEnv as a Python object, one for each episode.

    `make` is the import path of what makes it, with `arguments`; it runs in worker processes, as
    `Foreign` says.  Actions and observations are those of `OpenEnvServer`; the fields of an action
    are those of the class that `step` or the client's type declares, else `action` names one.
    """

    driver: ClassVar[str] = "openenv"

    arguments: Mapping[str, Any] = field(default_factory=dict)  # of `make`
    action: str = ""  # the field of an action that gets the reply
    observe: str = ""  # the field of an observation that is shown

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
