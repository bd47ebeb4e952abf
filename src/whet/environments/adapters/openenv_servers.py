"""Environments of OpenEnv behind a server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from math import inf
from random import Random
from typing import Any, ClassVar

import httpx2

from whet.environments.adapters.openenv_actions import Actions, shown
from whet.environments.adapters.stepping import PlayLimits, stepped
from whet.environments.adapters.turns import LUCK, drawn, luck_of
from whet.environments.adapters.websocket import WebSocket, connected
from whet.environments.levels import check_level
from whet.protocols import Policy, World
from whet.types import Fault, Task, UsageError, Verdict

_UNFIT = ("VALIDATION_ERROR",)  # codes that say that an action is none


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEnvServer(World):
    """An OpenEnv server at `url`; each episode has a connection, and an environment, of its own.

    Messages are those of OpenEnv over its WebSocket `/ws`: `reset` with a seed, and `step`.  Where
    an action has one field that it requires, or one at all, that field gets the words of the reply;
    `action` names another one.  Otherwise a reply is a JSON object with the fields.  An observation
    with one field that is text is shown as that text, or as the field `observe`, else as JSON.

    The score is the sum of the rewards.  An action that the server calls invalid is illegal; any
    other error of the server is a fault, as is an answer that takes more than `seconds`.

    Source: openenv-core 0.3.0, `core/env_client.py` and `core/env_server/http_server.py`.
    """

    levels: ClassVar[tuple[int, int]] = (1, 1)
    bounds: ClassVar[tuple[float, float]] = (-inf, inf)

    url: str
    action: str = ""  # the field of an action that gets the reply
    observe: str = ""  # the field of an observation that is shown
    turns: int = 50
    corrections: int = 0
    solved: float = 1.0
    rules: str = ""
    seconds: float = 30.0  # wall time of an answer

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://", "ws://", "wss://")):
            raise UsageError(f"environment.url is {self.url!r}; give http://HOST:PORT")
        _ = self.limits  # which checks its settings

    @property
    def limits(self) -> PlayLimits:
        """When a play ends."""
        return PlayLimits(turns=self.turns, corrections=self.corrections, solved=self.solved)

    def check(self) -> None:
        """Raise `UsageError` where the server can't be reached, or its actions have no text."""
        try:
            asyncio.run(self._actions())
        except Fault as error:
            raise UsageError(f"environment.url {self.url!r}: {error}; start the server") from error

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        return drawn(self.url, rng.randrange(LUCK), self.limits.most, self.rules)

    def canonical(self, task: Task) -> str:
        return f"{self.url}/{task.info['luck']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        luck = luck_of(task)
        async with self._session() as session:
            return await stepped(session, task, policy, luck, self.limits)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator["_ServerSession"]:
        actions = await self._actions()
        async with connected(f"{self.url.rstrip('/')}/ws") as socket:
            try:
                yield _ServerSession(socket, actions, self.observe, self.seconds)
            finally:
                with suppress(OSError):
                    await socket.send(json.dumps({"type": "close"}))

    async def _actions(self) -> Actions:
        """How actions are made of replies, by the server's schema.  Raises `Fault` without one."""
        scheme, _, place = self.url.rstrip("/").partition("://")
        url = f"{scheme.replace('ws', 'http')}://{place}/schema"
        try:
            async with httpx2.AsyncClient(timeout=self.seconds) as client:
                answer = await client.get(url)
                answer.raise_for_status()
                schema = answer.json()["action"]
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Fault(f"{url} gives no schema: {type(error).__name__}: {error}") from error
        return Actions(schema, self.action)


@dataclass(frozen=True, slots=True)
class _ServerSession:
    """An episode at a server."""

    socket: WebSocket
    actions: Actions
    observe: str
    seconds: float

    async def call(self, method: str, *arguments: Any) -> dict[str, Any]:
        """A reset with a seed, or a step with words."""
        data: Any = {"seed": arguments[0]}
        if method == "step":
            data, why = self.actions.of(arguments[0])
            if why:
                return {"illegal": why}
        await self.socket.send(json.dumps({"type": method, "data": data}))
        try:
            async with asyncio.timeout(self.seconds):
                answer = json.loads(await self.socket.receive())
        except ValueError as error:
            raise Fault(f"the server's answer to {method} is no JSON") from error
        told = answer.get("data") or {}
        if answer.get("type") != "error":
            return shown(told, self.observe)
        if method == "step" and told.get("code") in _UNFIT:
            return {"illegal": str(told.get("message", ""))}
        raise Fault(f"the server's answer to {method}: {told.get('code')}: {told.get('message')}")
