"""A Python interpreter that keeps its names for an episode, in a sandbox."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from whet.calls.schemas import Schema
from whet.calls.shipped.asked_sessions import MARGIN_S, ROOM, AskedSession, check_sandbox, files_of
from whet.calls.threads import in_thread
from whet.calls.tools import Tool, ToolSet, method_schemas, tools_of
from whet.sandbox import Safest
from whet.sandbox.messages import Cell, SessionFolder, SessionLimits
from whet.sandbox.session import SessionSandbox
from whet.types import Task, UsageError

_ANEW = "; the interpreter starts anew, without its names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Python(ToolSet):
    """The tool `python(code)`: one sandboxed interpreter for each episode.

    The answer is what the code printed, the `repr` of a last expression, and of an exception the
    line of the code and the message.  A program that passes a limit is stopped, which its answer
    says; the interpreter then starts anew, and the code isn't run again.  Threads and processes end
    with their call.

    Hash seed and `random` start from 0; there is no network, and no package besides the standard
    library.  The folder of the interpreter has the task's `info["files"]`.

    Raises `UsageError` if no sandbox works on this machine, and `Fault` if the sandbox fails.
    """

    limits: SessionLimits = SessionLimits()
    sandbox: SessionSandbox = Safest()
    most: int = 16

    def __post_init__(self) -> None:
        if self.most < 1:
            raise UsageError(f"python.most is {self.most}; give 1 or more")

    def schemas(self) -> tuple[Schema, ...]:
        return method_schemas(_Interpreter)

    @asynccontextmanager
    async def open(self, task: Task) -> AsyncIterator[Sequence[Tool]]:
        folder = SessionFolder(files=files_of(task))
        await in_thread(lambda: check_sandbox(self.sandbox))
        session = AskedSession(self.sandbox, self.limits, folder)
        try:
            seconds, most = self.limits.wall_s + MARGIN_S, self.limits.output + ROOM
            yield tools_of(_Interpreter(session), seconds=seconds, most=most)
        finally:
            await in_thread(session.close)


class _Interpreter:
    """The interpreter of one episode."""

    def __init__(self, session: AskedSession) -> None:
        self._session = session

    def python(self, code: str) -> str:
        """Run Python code. Names are kept for later calls.

        Args:
            code: The code. What it prints and the value of its last expression are shown.
        """
        return self._session.told(self._session.ask(Cell(source=code)), _ANEW)
