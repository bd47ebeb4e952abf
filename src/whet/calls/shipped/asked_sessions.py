"""A sandbox's session that starts with its first message, as tools of an episode ask it."""

from threading import Lock

from whet.sandbox import SandboxFault
from whet.sandbox.messages import (
    Cell,
    Heard,
    SessionFolder,
    SessionLimits,
    SessionScript,
    StopReason,
)
from whet.sandbox.session import SandboxSession, SessionSandbox
from whet.types import Fault, Task, UsageError

MARGIN_S = 90.0  # of wall time, for starting and stopping
ROOM = 500  # characters beside the output: what stopped a program


class AskedSession:
    """One session; its faults are `Fault`s."""

    def __init__(
        self, sandbox: SessionSandbox, limits: SessionLimits, folder: SessionFolder
    ) -> None:
        self._sandbox, self._limits, self._folder = sandbox, limits, folder
        self._session: SandboxSession | None = None
        self._closed, self._opening = False, Lock()

    def ask(self, message: Cell | SessionScript) -> Heard:
        """Say a message and hear its answer."""
        try:
            session = self._opened()
            session.say(message)
            return session.hear()
        except SandboxFault as fault:
            raise Fault(str(fault)) from fault

    def close(self) -> None:
        """End the session, also one that a call in another thread waits for."""
        with self._opening:
            self._closed = True
            if self._session is not None:
                self._session.kill()

    def told(self, heard: Heard, rest: str) -> str:
        """The output, and what stopped the program; `rest` is what follows from that."""
        why = stopped(heard.stop, self._limits)
        if not why:
            return heard.output or "(no output)"
        before = (
            heard.output
            if not heard.output or heard.output.endswith("\n")
            else (f"{heard.output}\n")
        )
        return f"{before}error: {why}{rest}"

    def _opened(self) -> SandboxSession:
        with self._opening:
            if self._closed:
                raise SandboxFault("the episode has ended")
            if self._session is None:
                self._session = self._sandbox.open(self._limits, self._folder)
            return self._session


def stopped(stop: StopReason, limits: SessionLimits) -> str:
    """What stopped a program, in words; empty if nothing did."""
    words = {
        StopReason.DONE: "",
        StopReason.ENDED: "the interpreter ended",
        StopReason.CPU: f"stopped after {limits.cpu_s:g} s",
        StopReason.IDLE: f"stopped after {limits.idle_s:g} s of waiting",
        StopReason.OUTPUT: f"stopped: more than {limits.written >> 20:,} MiB of output",
        StopReason.MEMORY: f"stopped: more than {limits.memory >> 20:,} MiB of memory",
        StopReason.ENTRIES: f"stopped: more than {limits.entries:,} files",
        StopReason.OUTLIVED: "threads or processes outlived the call",
    }
    return words[stop]


def check_sandbox(sandbox: SessionSandbox) -> None:
    """Raise `UsageError` if no session can be started here."""
    if why := sandbox.probe():
        raise UsageError(why)


def files_of(task: Task) -> dict[str, str]:
    """`task.info["files"]`: texts by their paths in the episode's folder; none by default."""
    found = task.info.get("files", {})
    if not isinstance(found, dict) or not all(
        isinstance(one, str) for pair in found.items() for one in pair
    ):
        raise UsageError(
            f"info['files'] of task {task.id!r} is {found!r:.60}; give a mapping from paths to "
            "texts"
        )
    return found
