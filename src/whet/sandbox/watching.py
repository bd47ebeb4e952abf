"""Reading a program's output until it ends or passes a limit."""

import fcntl
import os
import select
import signal
import subprocess
from time import monotonic

from whet.sandbox.limits import Ending, Limits, ProgramResult

_PIECE = 1 << 16
_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


class OutputCapture:
    """The output streams of one program, read up to its limits."""

    def __init__(self, limits: Limits) -> None:
        """Open the pipes; the wall time starts here."""
        self.limits = limits
        self.begun = monotonic()
        self.heard: dict[int, bytearray] = {}
        self.write_ends: list[int] = []
        for _ in range(2):
            reading, writing = os.pipe()
            os.set_blocking(reading, False)
            self.heard[reading] = bytearray()
            self.write_ends.append(writing)

    def started(self) -> None:
        """Close this process's copies of the write ends, which the program has now."""
        while self.write_ends:
            os.close(self.write_ends.pop())

    def until(self, ended: int) -> Ending:
        """Read until the descriptor `ended` becomes readable, or until a limit is passed."""
        poll = select.poll()
        for fd in (ended, *self.heard):
            poll.register(fd, select.POLLIN)
        while True:
            left = self.begun + self.limits.wall_s - monotonic()
            if left <= 0:
                return Ending.WALL
            ready = [fd for fd, _ in poll.poll(1000 * left)]
            for fd in ready:
                if fd != ended and not self._read(fd):
                    poll.unregister(fd)
            if any(self._size(fd) > self.limits.output for fd in self.heard):
                return Ending.OUTPUT
            if ended in ready:
                return Ending.EXIT

    def rest(self) -> tuple[bytes, bytes]:
        """Read the remaining output; all of stdout and stderr up to the limit."""
        for fd in self.heard:
            while self._size(fd) <= self.limits.output and self._read(fd):
                pass
        said = [bytes(heard[: self.limits.output]) for heard in self.heard.values()]
        return said[0], said[1]

    def overflowed(self) -> bool:
        """True if a stream is longer than the limit."""
        return any(self._size(fd) > self.limits.output for fd in self.heard)

    def close(self) -> None:
        """Close all pipes of the program."""
        self.started()
        for fd in self.heard:
            os.close(fd)

    def _read(self, fd: int) -> bool:
        try:
            piece = os.read(fd, _PIECE)
        except BlockingIOError:
            return False
        self.heard[fd] += piece
        return bool(piece)

    def _size(self, fd: int) -> int:
        return len(self.heard[fd])


def ended(process: subprocess.Popen[bytes], capture: OutputCapture) -> Ending:
    """Wait for the process, and kill its session at a limit."""
    watched = os.pidfd_open(process.pid)
    try:
        return capture.until(watched)
    finally:
        os.close(watched)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def outcome(ending: Ending, status: int, capture: OutputCapture) -> ProgramResult:
    """The outcome of a program that has ended."""
    stdout, stderr = capture.rest()
    if capture.overflowed():
        ending = Ending.OUTPUT
    elif ending is Ending.EXIT and status == -signal.SIGXCPU:
        ending = Ending.CPU
    wall = monotonic() - capture.begun
    return ProgramResult(ending=ending, status=status, stdout=stdout, stderr=stderr, wall_s=wall)


def sealed(content: bytes) -> int:
    """A descriptor of an in-memory file with this content, which cannot be changed any more."""
    fd = os.memfd_create("whet", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.truncate(fd, 0)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    return fd
