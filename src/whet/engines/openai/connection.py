"""The live half of a server: threads that wait for it, what it can do, what it said and cost."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TypeVar

from whet.engines.openai.response_cache import ResponseCache
from whet.engines.openai.transport import ServerError

T = TypeVar("T")


class Feature(StrEnum):
    """What a server may lack."""

    TOP = "log-probabilities"
    SCHEMA = "replies that fit a JSON schema"
    SEVERAL = "several samples of one question"


@dataclass(slots=True)
class Connection:
    """Shared by all that ask the same server, in whatever event loop."""

    threads: ThreadPoolExecutor
    cache: ResponseCache
    turn: Iterator[int] = field(default_factory=count)  # whose URL is next
    usage: Counter[str] = field(default_factory=Counter)
    features: dict[Feature, Future[bool]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    async def run(self, function: Callable[..., T], *given: object) -> T:
        """In one of the threads, of which there are as many as questions may be under way."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *given)

    def count(self, **more: int) -> None:
        """Add to the account."""
        with self.lock:
            self.usage.update(more)

    async def has(self, feature: Feature, probe: Callable[[], Awaitable[bool]]) -> bool:
        """Asked once; a probe that fails for other reasons is tried again by the next one."""
        with self.lock:
            known = self.features.get(feature)
            mine = known is None
            if known is None:
                known = self.features[feature] = Future()
        if mine:
            try:
                known.set_result(await probe())
            except BaseException as error:
                with self.lock:
                    del self.features[feature]
                failed = f"the server could not be asked for {feature}: {error}"
                known.set_exception(error if isinstance(error, Exception) else ServerError(failed))
                raise
        return await asyncio.shield(asyncio.wrap_future(known))  # others wait for it too


_LOCK = Lock()
_LINES: dict[Hashable, Connection] = {}
os.register_at_fork(after_in_child=_LINES.clear)  # a child has none of its parent's threads


def connection(owner: Hashable, threads: int, folder: Path | None) -> Connection:
    """The line of that server, opened by the first who asks."""
    with _LOCK:
        if owner not in _LINES:
            pool = ThreadPoolExecutor(threads, thread_name_prefix="whet-server")
            _LINES[owner] = Connection(threads=pool, cache=ResponseCache(folder))
        return _LINES[owner]
