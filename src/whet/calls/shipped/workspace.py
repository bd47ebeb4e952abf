"""A folder for an episode, with a shell and tools for its files, in a sandbox."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from whet.calls.schemas import Schema
from whet.calls.shipped.asked_sessions import (
    MARGIN_S,
    ROOM,
    AskedSession,
    check_sandbox,
    files_of,
)
from whet.calls.threads import in_thread
from whet.calls.tools import Tool, ToolError, ToolSet, method_schemas, tools_of
from whet.sandbox import Safest
from whet.sandbox.messages import Heard, SessionFolder, SessionLimits, SessionScript, StopReason
from whet.sandbox.session import SessionSandbox, guest_text
from whet.types import Task, UsageError

_COMMANDS = ("/usr/bin", "/bin")
_REFUSED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace(ToolSet):
    """The tools `shell`, `read`, `ls`, `grep`, `write`, `replace` and `test`, in a folder.

    Each episode has a folder of its own with the task's `info["files"]`.  `info["tests"]` names
    those of them that are tests: nothing can change them, and `test` runs their original text.
    Paths that lead out of the folder are errors, by links too.  All tools run inside of the
    sandbox, each call in a process of its own, whose children end with it.

    Raises `UsageError` if this machine's sandbox gives programs no folder to write in, and `Fault`
    if the sandbox fails.
    """

    limits: SessionLimits = SessionLimits()
    sandbox: SessionSandbox = Safest()
    most: int = 16

    def __post_init__(self) -> None:
        if self.most < 1:
            raise UsageError(f"workspace.most is {self.most}; give 1 or more")

    def schemas(self) -> tuple[Schema, ...]:
        return method_schemas(_Tools)

    @asynccontextmanager
    async def open(self, task: Task) -> AsyncIterator[Sequence[Tool]]:
        files, tests = files_of(task), _tests_of(task)
        folder = SessionFolder(files=files, locked=frozenset(tests), commands=_COMMANDS)
        await in_thread(lambda: _check(self.sandbox))
        session = AskedSession(self.sandbox, self.limits, folder)
        try:
            tools = _Tools(session, {name: files[name] for name in tests})
            seconds, most = self.limits.wall_s + MARGIN_S, self.limits.output + ROOM
            yield tools_of(tools, seconds=seconds, most=most)
        finally:
            await in_thread(session.close)


class _Tools:
    """The tools of one episode."""

    def __init__(self, session: AskedSession, tests: Mapping[str, str]) -> None:
        self._session, self._tests = session, dict(tests)

    def shell(self, command: str) -> str:
        """Run a command with sh in the folder.

        Args:
            command: The command. What it prints is shown, and an exit code other than 0.
        """
        heard = self._ask("shell", command=command, path=":".join(_COMMANDS))
        code = f"exit code {heard.status}" if heard.status else ""
        if heard.stop is StopReason.DONE and code:
            return f"{heard.output.rstrip()}\n{code}".lstrip("\n")
        return self._session.told(heard, "")

    def read(self, path: str, first: int = 1, last: int | None = None) -> str:
        """Show a file, or some of its lines.

        Args:
            path: The file.
            first: Number of the first line.
            last: Number of the last line; the file's last one by default.
        """
        return self._told("read", path=path, first=first, last=last)

    def ls(self, path: str = ".") -> str:
        """List a folder.

        Args:
            path: The folder.
        """
        return self._told("ls", path=path)

    def grep(self, pattern: str, path: str = ".") -> str:
        """Find lines in a file, or in all files below a folder.

        Args:
            pattern: A regular expression of Python.
            path: The file or the folder.
        """
        return self._told("grep", pattern=pattern, path=path)

    def write(self, path: str, text: str) -> str:
        """Make a file, or overwrite it.

        Args:
            path: The file.
            text: Its new text.
        """
        return self._told("write", path=path, text=text, locked=list(self._tests))

    def replace(self, path: str, old: str, new: str) -> str:
        """Replace a text that a file has once.

        Args:
            path: The file.
            old: The text to be replaced.
            new: The text that takes its place.
        """
        return self._told("replace", path=path, old=old, new=new, locked=list(self._tests))

    def test(self) -> str:
        """Run the tests of the task."""
        if not self._tests:
            raise ToolError("this task has no tests")
        return self._told("test", tests=self._tests)

    def _told(self, name: str, **arguments: Any) -> str:
        heard = self._ask(name, **arguments)
        if heard.stop is StopReason.DONE and heard.status == _REFUSED:
            raise ToolError(heard.output)
        if heard.stop is StopReason.DONE and heard.status:
            last = heard.output.strip().splitlines()[-1:]
            raise ToolError("".join(last) or f"{name} ended with {heard.status}")
        return self._session.told(heard, "")

    def _ask(self, name: str, **arguments: Any) -> Heard:
        return self._session.ask(_script(name, arguments))


def _script(name: str, arguments: Mapping[str, Any]) -> SessionScript:
    return SessionScript(
        source=f"{guest_text('folder_programs')}\n{name}(**arguments)\n", arguments=arguments
    )


@lru_cache(maxsize=8)
def _check(sandbox: SessionSandbox) -> None:
    """Raise `UsageError` where programs can't write, fork or execute."""
    check_sandbox(sandbox)
    with sandbox.open(SessionLimits(), SessionFolder(commands=_COMMANDS)) as session:
        session.say(_script("able", {}))
        heard = session.hear()
    if heard.status != 0:
        last = heard.output.strip().splitlines()[-1:]
        raise UsageError(
            f"workspace.sandbox gives programs no folder and shell here ({''.join(last)}); install "
            "bubblewrap and permit user namespaces, or run as root"
        )


def _tests_of(task: Task) -> tuple[str, ...]:
    found = task.info.get("tests", ())
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise UsageError(
            f"info['tests'] of task {task.id!r} is {found!r:.60}; give a list of paths among "
            "info['files']"
        )
    return tuple(found)
