"""The supervisor of a session: a process in front of the programs that a session runs.

No program of the session can signal it, read its memory or write to its line.  It starts programs,
hands cells to the interpreter, and tells the host when they have ended.  It interprets nothing that
a program says: output goes to the host by a pipe, and an interpreter's answer is compared with a
nonce.  It uses the standard library only, because a sandbox starts with its text.
"""

import json
import os
import select
import signal
import socket
import struct
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

_HEAD, _NONCE, _TICK_MS, _READ, _LINK, _MARK = struct.Struct(">I"), 16, 20, 1 << 16, 3, 500


class Walls:
    """How a sandbox confines the programs of a session."""

    def enter(self, streams: "list[int]") -> None:
        """Confine this process, a fork of the supervisor; `streams` become descriptors 0, 1 …"""
        raise NotImplementedError

    def sweep(self, own: "list[int]") -> None:
        """Kill all processes of the session; `own` are those that the supervisor has started."""
        raise NotImplementedError


class _Kept:
    """A context manager that keeps an error as text instead of raising it."""

    error = ""

    def __enter__(self) -> "_Kept":
        return self

    def __exit__(
        self, kind: "type | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> bool:
        self.error = f"{type(error).__name__}: {error}" if error is not None else ""
        return error is not None


class _Gone(Exception):
    """The host has closed the line."""


class Supervisor:
    """The state of a session: its interpreter, and the message under way."""

    def __init__(self, line: int, output: int, walls: Walls, entries: int) -> None:
        self.line, self.output, self.walls, self.entries = line, output, walls, entries
        self.null = os.open(os.devnull, os.O_RDONLY)
        self.process = self.watched = self.control = -1  # of the program that runs, or waits
        self.nonce = self.heard = self.pending = b""
        self.loop = ""  # text of the interpreter's loop
        self.before = 0  # entries of the folder when the message came
        self.busy = False

    def serve(self) -> "tuple[Any, ...] | None":
        """Serve until the host closes the line; returns a program to run, in a fork of its own."""
        try:
            self.tell({"ready": True})
            while True:
                part = self._turn()
                if part is not None:
                    return part
        except (_Gone, BrokenPipeError, ConnectionResetError):
            self.clear()
            return None

    def tell(self, what: "dict[str, Any]") -> None:
        """Send a frame to the host."""
        content = json.dumps(what).encode()
        rest = _HEAD.pack(len(content)) + content
        while rest:
            rest = rest[os.write(self.line, rest) :]

    def clear(self) -> None:
        """Kill all processes of the session, and bury them."""
        self.walls.sweep([self.process] if self.process > 0 else [])
        for fd in (self.watched, self.control):
            if fd >= 0:
                os.close(fd)
        self.process = self.watched = self.control = -1
        self.heard = self.pending = b""
        self.busy = False

    def _turn(self) -> "tuple[Any, ...] | None":
        """Wait for an event and act on it."""
        poll = select.poll()
        poll.register(self.line, select.POLLIN)
        if self.busy:
            poll.register(self.watched, select.POLLIN)
            if self.control >= 0:
                wanted = select.POLLIN | (select.POLLOUT if self.pending else 0)
                poll.register(self.control, wanted)
        events = dict(poll.poll(_TICK_MS if self.busy else None))
        if self.line in events:
            return self._obey(self._frame())
        if self.busy and self.control in events:
            self._talk(events[self.control])
        if self.busy and self.watched in events:
            self._buried()
        if self.busy:
            self._count()
        return None

    def _frame(self) -> "dict[str, Any]":
        size = _HEAD.unpack(self._exactly(_HEAD.size))[0]
        return json.loads(self._exactly(size))

    def _exactly(self, size: int) -> bytes:
        pieces = bytearray()
        while len(pieces) < size:
            piece = os.read(self.line, min(_READ, size - len(pieces)))
            if not piece:
                raise _Gone
            pieces += piece
        return bytes(pieces)

    def _obey(self, message: "dict[str, Any]") -> "tuple[Any, ...] | None":
        """Begin what a message asks for; returns a program to run, in a fork of its own."""
        os.set_blocking(self.output, True)  # noqa: FBT003 (a program may have changed the pipe)
        self.before = _entries()
        if "stop" in message:
            self.clear()
            self.tell({"stopped": message["stop"]})
        elif "freeze" in message:
            os.kill(self.process, signal.SIGSTOP)
            self.tell({"frozen": True})
        elif "cell" in message:
            return self._cell(message["cell"].encode(errors="surrogatepass"))
        elif self._started([], -1):
            return ("script", message["script"], message["arguments"])
        else:
            self.busy = self.process > 0
        return None

    def _cell(self, source: bytes) -> "tuple[Any, ...] | None":
        """Hand a cell to the interpreter, which is started if there is none."""
        if self.process > 0:
            os.kill(self.process, signal.SIGCONT)
        else:
            near, far = _pair()
            if self._started([far], near):
                return ("cell", self.loop)
            os.close(far)
            if self.process < 0:
                os.close(near)
                return None
            self.control = near
        self.nonce, self.heard, self.busy = os.urandom(_NONCE), b"", True
        self.pending = self.nonce + _HEAD.pack(len(source)) + source
        return None

    def _started(self, links: "list[int]", other: int) -> bool:
        """Fork a program; true in the fork, which is confined then.

        A fork that can't be confined is told to the host, and ends.
        """
        ready, mark = os.pipe()
        child = os.fork()
        if child == 0:
            for fd in (ready, other):
                if fd >= 0:
                    os.close(fd)
            mark = os.dup2(mark, _MARK)
            with _Kept() as kept:
                self.walls.enter([self.null, self.output, self.output, *links])
            os.write(mark, kept.error.encode() or b"!")
            if kept.error:
                os._exit(1)
            os.closerange(_LINK + len(links), 1 << 16)
            return True
        os.close(mark)
        said = os.read(ready, _READ)
        os.close(ready)
        self.process, self.watched = child, os.pidfd_open(child)
        if said != b"!":
            self.clear()
            self.tell({"fault": f"a program could not be confined: {said.decode()}"})
        return False

    def _talk(self, event: int) -> None:
        """Hand the cell to the interpreter, and hear whether it has ended."""
        with _Kept() as kept:
            if event & select.POLLOUT and self.pending:
                self.pending = self.pending[os.write(self.control, self.pending) :]
            if event & ~select.POLLOUT:
                piece = os.read(self.control, _NONCE - len(self.heard))
                self.heard += piece
                if not piece or not self.nonce.startswith(self.heard):
                    self._ended(None)  # it closed its end, or wrote something else
                elif self.heard == self.nonce and not self.pending:
                    self.busy = False
                    self.tell({"done": None})
        if kept.error and not kept.error.startswith("BlockingIOError"):
            self._ended(None)

    def _buried(self) -> None:
        """The program has ended; so must its processes."""
        status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        self.process = -1
        self._ended(status)

    def _ended(self, status: "int | None") -> None:
        self.clear()
        self.tell({"ended": status})

    def _count(self) -> None:
        """Bury orphans, and stop programs that make too many files."""
        with _Kept():  # ChildProcessError: there are none
            while True:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if found is None or found.si_pid == self.process:
                    break
                os.waitpid(found.si_pid, 0)
        if self.entries and _entries() > max(self.entries, self.before):
            self.clear()
            self.tell({"stopped": "entries"})


def _entries() -> int:
    """The number of files and folders of this file system, which is the session's own."""
    room = os.statvfs(".")
    return room.f_files - room.f_ffree


def _pair() -> "tuple[int, int]":
    """Two connected descriptors; the first doesn't block."""
    near, far = socket.socketpair()
    near.setblocking(False)  # noqa: FBT003 (its name says it)
    return near.detach(), far.detach()


def written(place: str, files: "dict[str, str]", user: int, locked: "list[str]") -> None:
    """Write files below a folder, which belong to `user`, or to this process if that is -1.

    Locked files and all folders stay this process's.  Where there are locked ones, everybody can
    write in the folders, but only its owner can rename or remove a file.
    """
    folders = {place}
    for name, text in files.items():
        parts, path = name.split("/"), os.path.join(place, name)
        folders |= {os.path.join(place, *parts[:depth]) for depth in range(1, len(parts))}
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode(errors="surrogatepass"))
        if user >= 0 and name not in locked:
            os.chown(path, user, user)
    for folder in folders if user >= 0 else ():
        os.chown(folder, *((0, 0) if locked else (user, user)))
        os.chmod(folder, 0o1777 if locked else 0o755)


class Namespace(Walls):
    """The supervisor is the first process of a namespace: the kernel lets no process signal it."""

    def __init__(self, limited: "Callable[[], None]") -> None:
        self.limited = limited

    def enter(self, streams: "list[int]") -> None:
        os.setsid()
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
        self.limited()

    def sweep(self, own: "list[int]") -> None:
        with _Kept():  # ChildProcessError: no process is left
            while True:
                with _Kept():  # ProcessLookupError: there is none to kill
                    os.kill(-1, signal.SIGKILL)
                os.waitpid(-1, 0)


def attend(line: int, output: int, limit: "Callable[[dict[str, int]], None]") -> "tuple[Any, ...]":
    """Serve as the first process of a namespace, whose folder is the current one.

    It returns in a fork only, with a program to run.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    supervisor = Supervisor(line, output, Walls(), 0)
    opening = supervisor._frame()
    written(".", opening["files"], -1, [])
    supervisor.walls = Namespace(partial(limit, opening["most"]))
    supervisor.entries, supervisor.loop = opening["entries"], opening["loop"]
    part = supervisor.serve()
    if part is None:
        os._exit(0)
    return part
