"""A session: sandboxed programs that keep their state from message to message."""

import json
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Protocol, runtime_checkable
from weakref import WeakSet

from whet.sandbox.guest_process import CONTROL
from whet.sandbox.limits import SandboxFault
from whet.sandbox.messages import (
    Cell,
    Heard,
    SessionFolder,
    SessionLimits,
    SessionScript,
    StopReason,
)
from whet.sandbox.metering import Account, rests, usage_of
from whet.sandbox.output_window import OutputWindow

_HEAD = struct.Struct(">I")
_LONGEST = 1 << 20  # bytes of a supervisor's frame
_SAMPLE_S = 0.05
_PATIENCE_S = 30.0  # to start, and to kill what a message has started
_GRACE_S = 0.5  # for threads that end just when their cell does
_PIECE = 1 << 16


@runtime_checkable
class SessionSandbox(Protocol):
    """A sandbox that has sessions."""

    def open(self, limits: SessionLimits, folder: SessionFolder) -> "SandboxSession":
        """Start a session.  Raises `SandboxFault` if the sandbox fails."""
        ...

    def probe(self) -> str:
        """Why the sandbox does not work on this machine; empty if it does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervised:
    """The host's connection to a supervisor that has been started."""

    pid: int  # of the supervisor, as this process sees it
    line: socket.socket
    output: int  # reading end of the pipe that all programs write to
    end: Callable[[], None]  # kills whatever is left, waits for it, and removes its folder
    why: Callable[[], str]  # what is known of a supervisor that has ended


class SandboxSession:
    """One supervisor, its programs and their folder.

    `say` begins a message and `hear` waits for its end.  A program that passes a limit is stopped,
    which is an answer: the folder stays, and the next cell gets a new interpreter.  No message is
    ever run twice.

    Both raise `SandboxFault` if the sandbox fails.  `kill` ends the session from any thread, and
    leaves no process and no folder behind.  They also end with this process, however it ends.
    """

    def __init__(self, supervised: Supervised, limits: SessionLimits) -> None:
        self.limits = limits
        self._supervised, self._line = supervised, supervised.line
        self._hearing, self._ending = Lock(), Lock()
        self._closed, self._busy, self._keeps = False, False, False
        self._window = OutputWindow(limits.output)
        os.set_blocking(supervised.output, False)
        _SESSIONS.add(self)
        try:
            self._frame_of("ready", value=True)
        except BaseException:
            self.kill()
            raise

    def say(self, message: Cell | SessionScript) -> None:
        """Begin a message; the one before has been heard."""
        self._pid()
        if self._busy:
            raise RuntimeError("a message is under way; hear its answer first")
        self._window = OutputWindow(self.limits.output)
        self._read()  # nothing that was written between messages is an answer
        self._window = OutputWindow(self.limits.output)
        if isinstance(message, Cell):
            self._send({"cell": message.source})
        else:
            self._send({"script": message.source, "arguments": dict(message.arguments)})
        self._keeps = isinstance(message, Cell)
        self._busy = True

    def hear(self) -> Heard:
        """The answer to the message under way, once it has ended or passed a limit."""
        self._pid()
        if not self._busy:
            raise RuntimeError("no message is under way; say one first")
        with self._hearing:
            stop, status = self._ended()
            if stop is StopReason.DONE and self._keeps and not self._rests():
                stop = self._stopped(StopReason.OUTLIVED)
            self._read()
            self._busy = False
            return Heard(stop=stop, output=self._window.text(), status=status)

    def kill(self) -> None:
        """End the session at once; harmless if it has ended."""
        self._closed = True
        with self._ending:  # a `hear` in another thread notices within a moment
            if self._line.fileno() < 0:
                return
            self._supervised.end()
            with self._hearing:
                self._line.close()
                os.close(self._supervised.output)

    def __enter__(self) -> "SandboxSession":
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _ended(self) -> tuple[StopReason, int | None]:
        """Read output and take samples until the message has ended."""
        begun = sampled = time.monotonic()
        account = Account(self.limits, usage_of(self._pid()), begun)
        while True:
            if self._wait(_SAMPLE_S):
                return _outcome(self._frame(), keeps=self._keeps)
            now = time.monotonic()
            if now - sampled < _SAMPLE_S:
                continue
            sampled = now
            passed = account.add(usage_of(self._pid()), self._window.bytes, now)
            if passed is not None:
                return self._stopped(passed), None
            if now - begun > self.limits.wall_s:
                raise SandboxFault(
                    f"a program of {account.cpu_s:.1f} s did not end within "
                    f"{self.limits.wall_s:g} s: the machine is too slow"
                )

    def _stopped(self, why: StopReason) -> StopReason:
        """Have all programs killed."""
        self._send({"stop": why})
        self._frame_of("stopped", why)
        return why

    def _rests(self) -> bool:
        """Freeze the interpreter until the next cell; false if more than its loop is left of it.

        A program could say that it has ended, and go on.
        """
        if not self._rests_soon():
            return False
        self._send({"freeze": True})
        self._frame_of("frozen", value=True)
        return self._rests_soon()

    def _rests_soon(self) -> bool:
        patience = time.monotonic() + _GRACE_S
        while not rests(self._pid(), CONTROL):
            if time.monotonic() > patience:
                return False
            time.sleep(0.001)
        return True

    def _pid(self) -> int:
        if self._closed:
            raise SandboxFault("the session was closed")
        return self._supervised.pid

    def _wait(self, seconds: float) -> bool:
        """Read output for so long; true as soon as a frame is there."""
        self._pid()
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        poll.register(self._supervised.output, select.POLLIN)
        events = dict(poll.poll(1000 * seconds))
        if events.get(self._supervised.output, 0) & select.POLLIN:
            self._read_once()
        return self._line.fileno() in events

    def _read_once(self) -> bool:
        try:
            piece = os.read(self._supervised.output, _PIECE)
        except BlockingIOError:
            return False
        self._window.add(piece)
        return bool(piece)

    def _read(self) -> None:
        """Read what is in the pipe; its writers have ended, or wait for a cell."""
        while self._read_once():
            pass

    def _send(self, message: dict[str, Any]) -> None:
        self._pid()
        self._line.settimeout(_PATIENCE_S)
        try:
            self._line.sendall(framed(message))
        except OSError as error:
            raise self._fault() from error

    def _frame_of(self, kind: str, value: object) -> None:
        """Wait for this frame; those that came before it are of a message that ended."""
        patience = time.monotonic() + _PATIENCE_S
        while time.monotonic() < patience:
            if self._wait(_SAMPLE_S) and self._frame().get(kind) == value:
                return
        raise SandboxFault(f"a supervisor doesn't answer within {_PATIENCE_S:g} s")

    def _frame(self) -> dict[str, Any]:
        size = _HEAD.unpack(self._exactly(_HEAD.size))[0]
        if size > _LONGEST:
            raise SandboxFault(f"a supervisor sent a frame of {size} bytes")
        told = json.loads(self._exactly(size))
        if "fault" in told:
            raise SandboxFault(told["fault"])
        return told

    def _exactly(self, size: int) -> bytes:
        self._line.settimeout(_PATIENCE_S)
        pieces = b""
        while len(pieces) < size:
            try:
                piece = self._line.recv(size - len(pieces))
            except OSError as error:
                raise self._fault() from error
            if not piece:
                raise self._fault()
            pieces += piece
        return pieces

    def _fault(self) -> SandboxFault:
        return SandboxFault(f"a session's supervisor has ended: {self._supervised.why()}")


def framed(message: dict[str, Any]) -> bytes:
    """A message with its length before it."""
    content = json.dumps(message).encode()
    return _HEAD.pack(len(content)) + content


@lru_cache(maxsize=4)
def guest_text(name: str) -> str:
    """The source of a module of this package, for an interpreter inside a sandbox."""
    return Path(__file__).with_name(f"{name}.py").read_text()


def opening(limits: SessionLimits, files: dict[str, str]) -> dict[str, Any]:
    """What a supervisor is told first."""
    return {"files": files, "loop": guest_text("cell_loop"), "entries": int(limits.entries)}


def _outcome(told: dict[str, Any], *, keeps: bool) -> tuple[StopReason, int | None]:
    if "stopped" in told:
        return StopReason(told["stopped"]), None
    if "done" in told:
        return StopReason.DONE, None
    return (StopReason.ENDED if keeps else StopReason.DONE), told["ended"]


_SESSIONS: WeakSet[SandboxSession] = WeakSet()


def _forget() -> None:
    """In a fork of this process: leave the sessions to the parent, which may end before."""
    for session in list(_SESSIONS):
        session._supervised.line.close()
        session._closed = True
    _SESSIONS.clear()


os.register_at_fork(after_in_child=_forget)
