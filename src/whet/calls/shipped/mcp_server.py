"""Tools of any MCP server that speaks over stdio (modelcontextprotocol.io)."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from weakref import WeakKeyDictionary

from whet.calls.schemas import Schema
from whet.calls.tools import Tool, ToolError, ToolSet
from whet.types import Fault, Task, UsageError

_MARGIN_S = 30.0  # beside the time of a call
_PAGES = 100  # of a list of tools


@dataclass(frozen=True, slots=True, kw_only=True)
class MCP(ToolSet):
    """The tools of a server that is started for each episode: `MCP(command="…", args=(…,))`.

    A tool's `inputSchema` is shown to the policy unchanged, and the server checks the arguments.
    A result that `isError` says is an error is one for the policy, and so is a request that the
    server refuses.  A server that can't be started, dies, or takes longer than `seconds` for a
    call is a `Fault`.  Raises `UsageError` if the extra `mcp` is not installed.
    """

    command: str
    args: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()  # variables besides a few harmless ones
    folder: str | None = None  # where it runs
    seconds: float = 60.0  # wall time of a call
    characters: int = 4000  # of a result
    most: int = 8

    def __post_init__(self) -> None:
        if self.most < 1:
            raise UsageError(f"mcp.most is {self.most}; give 1 or more")
        if not 0 < self.seconds < float("inf"):
            raise UsageError(f"mcp.seconds is {self.seconds}; give a finite number above 0")
        _check_extra()

    def schemas(self) -> tuple[Schema, ...]:
        return ()

    @asynccontextmanager
    async def open(self, task: Task) -> AsyncIterator[Sequence[Tool]]:
        async with _served(self) as server:
            yield [self._tool(server, one) for one in server.tools]

    def _tool(self, server: "_Server", one: Any) -> Tool:
        async def call(**arguments: Any) -> str:
            return await server.call(one.name, arguments)

        function = {
            "name": one.name,
            "description": one.description or one.title or one.name,
            "parameters": one.input_schema,
        }
        return Tool(
            name=one.name,
            schema={"type": "function", "function": function},
            call=call,
            seconds=self.seconds + _MARGIN_S,
            most=self.characters,
            parameters={"type": "object"},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedMCP(ToolSet):
    """One server for all episodes of a run: a server whose tools keep nothing.

    It is started by the first episode, and again by the next one after it has died.
    """

    server: MCP

    @property
    def most(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.server.most

    def schemas(self) -> tuple[Schema, ...]:
        return self.server.schemas()

    @asynccontextmanager
    async def open(self, task: Task) -> AsyncIterator[Sequence[Tool]]:
        server = await _shared(self.server)
        yield [self.server._tool(server, one) for one in server.tools]


class _Server:
    """A server that runs, held open by a task of its own.

    The client's task group would otherwise cancel the task of the play when the server dies.
    """

    def __init__(self, settings: MCP) -> None:
        self._settings = settings
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._leaving = asyncio.Event()
        self._session: Any = None
        self.tools: list[Any] = []
        self._holding = asyncio.create_task(self._hold())

    async def start(self) -> None:
        """Wait until the tools are known."""
        await asyncio.wait([self._ready, self._holding], return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done():
            raise self._fault("can't be started")

    async def stop(self) -> None:
        """End the server; one that has died is no fault any more."""
        self._leaving.set()
        await asyncio.wait([self._holding])

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """The text of a result."""
        kinds = import_module("mcp_types")
        try:
            result = await self._asked(
                lambda: self._session.call_tool(
                    name, dict(arguments), read_timeout_seconds=self._settings.seconds
                )
            )
        except import_module("mcp").MCPError as error:
            if error.code in (kinds.CONNECTION_CLOSED, kinds.REQUEST_TIMEOUT):
                raise self._fault(f"failed at {name}: {error.message}") from error
            raise ToolError(_line(error.message)) from error
        text = _text(result)
        if result.is_error:
            raise ToolError(_line(text))
        return text

    @property
    def alive(self) -> bool:
        return not self._holding.done()

    async def _asked(self, ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """What the server answers, unless it ends before."""
        if not self.alive:
            raise self._fault("has ended")
        asking = asyncio.ensure_future(ask())
        try:
            await asyncio.wait([asking, self._holding], return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise self._fault("has ended")
            return asking.result()
        finally:
            asking.cancel()

    async def _hold(self) -> None:
        """Start the server, list its tools, and wait until it is to be ended."""
        mcp, stdio, settings = (
            import_module("mcp"),
            import_module("mcp.client.stdio"),
            self._settings,
        )
        parameters = mcp.StdioServerParameters(
            command=settings.command,
            args=list(settings.args),
            env=dict(settings.environment),
            cwd=settings.folder,
        )
        async with AsyncExitStack() as held:
            streams = await held.enter_async_context(stdio.stdio_client(parameters))
            self._session = await held.enter_async_context(mcp.ClientSession(*streams))
            await self._session.initialize()
            self.tools = await _listed(self._session)
            self._ready.set_result(None)
            await self._leaving.wait()

    def _fault(self, what: str) -> Fault:
        words = " ".join((self._settings.command, *self._settings.args))
        error = None
        if self._holding.done() and not self._holding.cancelled():
            error = self._holding.exception()
        fault = Fault(f"MCP server {words!r:.80} {what}{f': {error}' if error else ''}")
        fault.__cause__ = error
        return fault


@asynccontextmanager
async def _served(settings: MCP) -> AsyncIterator[_Server]:
    server = _Server(settings)
    try:
        await server.start()
        yield server
    finally:
        await asyncio.shield(server.stop())


async def _listed(session: Any) -> list[Any]:
    """All tools, from all pages of the list."""
    asked = import_module("mcp_types").PaginatedRequestParams
    found, cursor = list[Any](), None
    for _ in range(_PAGES):
        page = await session.list_tools(params=asked(cursor=cursor) if cursor else None)
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    return found


def _text(result: Any) -> str:
    """The text blocks of a result, one per line; what is no text is named."""
    pieces = [one.text if one.type == "text" else f"({one.type})" for one in result.content]
    if not pieces and result.structured_content is not None:
        return json.dumps(result.structured_content, ensure_ascii=False, sort_keys=True)
    return "\n".join(pieces)


def _line(text: str) -> str:
    return " ".join(text.split())


_Servers = dict[MCP, _Server]
_SHARED: WeakKeyDictionary[asyncio.AbstractEventLoop, _Servers] = WeakKeyDictionary()


async def _shared(settings: MCP) -> _Server:
    """The server of this event loop, which ends with the loop."""
    known = _SHARED.setdefault(asyncio.get_running_loop(), {})
    server = known.get(settings)
    if server is None or not server.alive:
        server = known[settings] = _Server(settings)
    await server.start()
    return server


def _check_extra() -> None:
    if find_spec("mcp") is None:
        raise UsageError("MCP needs the package mcp; install it: pip install 'whet[mcp]'")
