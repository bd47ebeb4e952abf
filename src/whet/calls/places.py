"""Places of tool sets: how many episodes may have theirs open."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakKeyDictionary

from whet.calls.tools import ToolSet

_Places = dict[ToolSet, asyncio.Semaphore]
_PLACES: WeakKeyDictionary[asyncio.AbstractEventLoop, _Places] = WeakKeyDictionary()


@asynccontextmanager
async def places(sets: Iterable[ToolSet]) -> AsyncIterator[None]:
    """Wait for a place of each set, and give them back at the end.

    All episodes take them in the same order, so none waits for one that waits for it.
    """
    known = _PLACES.setdefault(asyncio.get_running_loop(), {})
    async with AsyncExitStack() as held:
        for one in sorted(set(sets), key=repr):
            await held.enter_async_context(known.setdefault(one, asyncio.Semaphore(one.most)))
        yield
