"""The connection to a server: HTTP clients, its abilities, its past answers, its costs."""

import asyncio
from asyncio import AbstractEventLoop, Task
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import httpx2 as httpx

from whet.engines.openai.response_cache import ResponseCache
from whet.engines.openai.transport import opened, post


class Feature(StrEnum):
    """Optional abilities of a server."""

    TOP = "log-probabilities"
    SCHEMA = "replies that fit a JSON schema"
    SEVERAL = "several samples of one question"
    SEED = "seeds"


@dataclass(slots=True)
class InLoop:
    """The state of one event loop: an HTTP client, and the probes in progress."""

    client: httpx.AsyncClient
    probes: dict[Feature, Task[bool]] = field(default_factory=dict)
    end: AsyncGenerator[None, None] | None = None  # closes the client at the end of the event loop

    async def open(self) -> None:
        """Have the event loop close the client: it finishes every generator that began in it."""
        self.end = _until_closed(self.client)
        await anext(self.end)

    async def probed(
        self, feature: Feature, probe: Callable[[], Coroutine[Any, Any, bool]]
    ) -> bool:
        """One probe for all that ask meanwhile; after a failure the next one tries again."""
        if feature not in self.probes:
            task = self.probes[feature] = asyncio.create_task(probe())
            task.add_done_callback(lambda done: self._forget(feature, done))
        return await asyncio.shield(self.probes[feature])

    def _forget(self, feature: Feature, done: Task[bool]) -> None:
        if done.cancelled() or done.exception() is not None:
            del self.probes[feature]


@dataclass(slots=True)
class Connection:
    """Shared by all that ask the same server, in whatever event loop.

    At most `concurrency` requests of an event loop are under way; the client sees to it.
    """

    concurrency: int
    timeout_s: float
    cache: ResponseCache
    turn: Iterator[int] = field(default_factory=count)  # index of the next URL
    usage: Counter[str] = field(default_factory=Counter)
    features: dict[Feature, bool] = field(default_factory=dict)
    loops: WeakKeyDictionary[AbstractEventLoop, InLoop] = field(default_factory=WeakKeyDictionary)

    async def post(self, url: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        """The server's answer.  Raises as `transport.post` does."""
        return await post((await self._here()).client, url, body, key)

    async def has(self, feature: Feature, probe: Callable[[], Coroutine[Any, Any, bool]]) -> bool:
        """The result of the probe, which runs once per ability."""
        if feature not in self.features:
            self.features[feature] = await (await self._here()).probed(feature, probe)
        return self.features[feature]

    async def _here(self) -> InLoop:
        loop = asyncio.get_running_loop()
        if loop not in self.loops:
            here = self.loops[loop] = InLoop(opened(self.concurrency, self.timeout_s))
            await here.open()
        return self.loops[loop]


async def _until_closed(client: httpx.AsyncClient) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await client.aclose()
