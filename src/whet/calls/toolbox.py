"""The tools of one episode: calls of a reply go in, messages for the policy come out."""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from whet.calls.arguments import ArgumentError, checked
from whet.calls.call_format import Calls
from whet.calls.nearest import unknown
from whet.calls.places import places
from whet.calls.results import clean, text_of_error, text_of_result
from whet.calls.schemas import Schema
from whet.calls.threads import in_thread
from whet.calls.tools import (
    Offered,
    Tool,
    ToolError,
    ToolSet,
    check_names,
    takes_task,
    tools_of,
)
from whet.types import BadCall, Fault, IntegrityError, Message, Task, ToolCall, UsageError
from whet.types.errors import raised_from

_AT_ONCE = 8  # calls that run concurrently
_SECONDS = 60.0  # wall time of making and closing an object
_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}")
_NAME = re.compile(r"[\w.\-]{1,64}")
_UNREADABLE = "invalid"  # name in the answer to what has no readable name
_LETTERS = 9  # of an id; Mistral's templates accept no other length
_NO_CALLS_LEFT = "no calls left; answer now"
_FAULTS = (Fault, ConnectionError, TimeoutError)
_PASSING = (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit, IntegrityError)


class Toolbox:
    """Tools as an environment names them; `open` makes those of an episode."""

    @staticmethod
    @asynccontextmanager
    async def open(
        tools: Sequence[Offered], task: Task, calls: int = 8
    ) -> AsyncIterator["OpenToolbox"]:
        """The tools for one episode of at most so many calls.

        Classes are made with the task, or with nothing; their `aclose` or `close` is called at the
        end.  An episode waits until there is a place in each of its tool sets, before it makes any
        tool.  Raises `UsageError` for tools that can't be described, and `Fault` for one that takes
        longer than a minute to be made or closed.
        """
        async with AsyncExitStack() as closing:
            sets = [one for one in tools if isinstance(one, ToolSet)]
            await closing.enter_async_context(places(sets))
            found = list[tuple[Tool, asyncio.Lock | None]]()
            for one in tools:
                found += await _opened(one, task, closing)
            yield OpenToolbox(found, calls)


class OpenToolbox:
    """The tools of one episode, and the counts of its calls.

    Calls of one reply run concurrently, except that those of one object run in their order.
    `calls` counts the calls within the limit, `bad_calls` those of them that no tool could take,
    and `failed_calls` those whose tool raised an exception.
    """

    def __init__(self, tools: Sequence[tuple[Tool, asyncio.Lock | None]], calls: int) -> None:
        if calls < 1:
            raise UsageError(f"calls is {calls}; give 1 or more")
        check_names([tool.name for tool, _ in tools])
        self._tools = {tool.name: tool for tool, _ in tools}
        self._locks = {tool.name: lock for tool, lock in tools}
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._answered = 0
        self.schemas: tuple[Schema, ...] = tuple(tool.schema for tool, _ in tools)
        self.left = calls
        self.open = True  # until a call finds none left
        self.calls = self.bad_calls = self.failed_calls = 0

    async def answer(self, calls: Calls) -> tuple[Message, ...]:
        """One message per call, in order.

        What is wrong with a call is told in its message.  Raises what is infrastructure's: `Fault`,
        also for a call that takes longer than its tool's `seconds`, `ConnectionError`,
        `TimeoutError`, and an exception that was raised from one of them and is no `ToolError`.
        The other calls of the reply are cancelled then.
        """
        counted = [self._counted(call) for call in calls]
        tasks = [asyncio.ensure_future(self._message(*one)) for one in counted]
        try:
            return tuple(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _counted(
        self, call: ToolCall | BadCall
    ) -> tuple[dict[str, Any], ToolCall | BadCall | None]:
        """What is known of a message before its content; the call, or None where none is left."""
        place, self._answered = self._answered, self._answered + 1
        name, given = ("", "") if isinstance(call, BadCall) else (call.name, call.id)
        shown = {
            "role": "tool",
            "name": name if _NAME.fullmatch(name) else _UNREADABLE,
            "tool_call_id": given if _ID.fullmatch(given) else _id_of(place),
        }
        if not self.left:
            self.open = False
            return shown, None
        self.left -= 1
        self.calls += 1
        return shown, call

    async def _message(self, shown: dict[str, Any], call: ToolCall | BadCall | None) -> Message:
        content = _error(_NO_CALLS_LEFT) if call is None else await self._content(call)
        return {**shown, "content": content}

    async def _content(self, call: ToolCall | BadCall) -> str:
        if isinstance(call, BadCall):
            return self._bad(f"this call can't be read: {call.why}")
        tool = self._tools.get(call.name)
        if tool is None:
            return self._bad(unknown("tool", call.name, list(self._tools)))
        try:
            arguments = checked(tool.checks, call.arguments)
        except ArgumentError as error:
            return self._bad(f"{tool.name}: {error}")
        lock = self._locks[tool.name]
        if lock is None:
            return await self._called(tool, arguments)
        async with lock:
            return await self._called(tool, arguments)

    def _bad(self, why: str) -> str:
        self.bad_calls += 1
        return _error(why)

    async def _called(self, tool: Tool, arguments: dict[str, Any]) -> str:
        try:
            async with self._slots:
                return await _run(tool, arguments)
        except _PASSING:
            raise
        except BaseException as error:  # SystemExit and a panic of Rust are no Exception
            if raised_from(error, _FAULTS, but=(ToolError,)):
                raise
            self.failed_calls += 1
            return _error(text_of_error(error))


def _error(why: str) -> str:
    return clean(f"error: {why}")


async def _run(tool: Tool, arguments: dict[str, Any]) -> str:
    """The text of a result; it is made where the function runs."""
    async with _limit(tool.seconds, f"tool {tool.name}"):
        if inspect.iscoroutinefunction(tool.call):
            return text_of_result(await tool.call(**arguments), tool.most)
        return await in_thread(lambda: text_of_result(tool.call(**arguments), tool.most))


@asynccontextmanager
async def _limit(seconds: float, what: str) -> AsyncIterator[None]:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise Fault(f"{what} took longer than {seconds:g} s") from error


def _id_of(place: int) -> str:
    """Nine letters for a place in the episode."""
    letters = ""
    for _ in range(_LETTERS):
        place, last = divmod(place, 26)
        letters = chr(ord("a") + last) + letters
    return letters


async def _opened(
    one: Offered, task: Task, closing: AsyncExitStack
) -> list[tuple[Tool, asyncio.Lock | None]]:
    """The tools of a function, a class or a set; those of one object or set share a lock."""
    if isinstance(one, Tool):
        return [(one, None)]
    if isinstance(one, ToolSet):
        async with _limit(one.start_s, f"opening {type(one).__name__}"):
            tools = await closing.enter_async_context(one.open(task))
        lock = asyncio.Lock()
        return [(tool, lock) for tool in tools]
    if not isinstance(one, type):
        return [(Tool.of(one), None)]
    make: Callable[[], object] = partial(one, task) if takes_task(one) else one
    async with _limit(_SECONDS, f"making {one.__name__}"):
        owner = await in_thread(make)
    closing.push_async_callback(_close, owner)
    lock = asyncio.Lock()
    return [(tool, lock) for tool in tools_of(owner)]


async def _close(owner: object) -> None:
    async with _limit(_SECONDS, f"closing {type(owner).__name__}"):
        if (aclose := getattr(owner, "aclose", None)) is not None:
            await aclose()
        elif (close := getattr(owner, "close", None)) is not None:
            await in_thread(close)
