"""A warm interpreter that forks a guest for each program.

It uses the standard library only, starts from an empty environment, never reads a program itself,
and holds no file but its command socket. So guests inherit nothing but modules that most programs
and tests import, loaded once here.

Each program has two processes. The *warden* reads the job, makes the disk, forks the guest, waits,
kills what is left, and reports to the parent. The *guest* drops its rights and runs the program.
"""

import array
import datetime  # noqa: F401 (this and the next ones are for guests)
import decimal  # noqa: F401
import fractions  # noqa: F401
import heapq  # noqa: F401
import json
import os
import pickle
import select
import shutil
import signal
import socket
import sys
import time
from types import TracebackType
from typing import Any

from . import guest_process, kernel, supervisor, syscall_filter

_ENTRIES = guest_process.ENTRIES
_FILES = 6  # descriptors per command: report, job, stdin, stdout, stderr, link


class _Kept:
    """A context manager that keeps an error as text instead of raising it."""

    error = ""

    def __enter__(self) -> "_Kept":
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = f"{type(error).__name__}: {error}" if error is not None else ""
        return error is not None


def serve(commands: int, place: str) -> "tuple[Any, ...]":
    """Fork a warden per command, until the parent closes the socket.

    It returns in a guest only, with what to run: ("program", source), or a part of a session.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # wardens are not waited for
    filters = _filters()
    with socket.socket(fileno=commands) as line:
        while True:
            room = socket.CMSG_SPACE(_FILES * array.array("i").itemsize)
            word, extra, _, _ = line.recvmsg(16, room)
            if not word:
                _leave(place)
            files = _received(extra)
            if os.fork() == 0:
                line.close()
                return _WARDENS[word](files, filters)
            for fd in files:
                os.close(fd)


def _leave(place: str) -> None:
    """Wait for the wardens, remove the folder of guests, and exit."""
    with _Kept():  # ChildProcessError: none is left
        os.wait()
    shutil.rmtree(place, ignore_errors=True)
    os._exit(0)


def _received(extra: "list[Any]") -> "list[int]":
    files = array.array("i")
    for _, _, content in extra:
        files.frombytes(content[: len(content) - len(content) % files.itemsize])
    return list(files)


def _filters() -> "dict[bool, bytes]":
    """Seccomp filters, by whether the guest has a user of its own."""
    rules = [syscall_filter.base()]
    if kernel.abi() < kernel.CONFINES_SIGNALS:
        rules.append(syscall_filter.silent())
    shared = syscall_filter.program(*rules, syscall_filter.single())
    return {True: syscall_filter.program(*rules), False: shared}


def _ward(files: "list[int]", filters: "dict[bool, bytes]") -> "tuple[Any, ...]":
    """Run as the warden and exit; in the forked guest, return the program."""
    report, program, *streams = files
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    kernel.adopt_orphans()
    job = pickle.loads(guest_process.everything(program))
    if job["user"] is not None:
        _bury(job["user"])  # processes left by a killed warden
    place, own = _disk(job)
    ready, low = os.pipe()
    mark = os.dup2(low, guest_process.HIGH)
    os.close(low)
    begun = time.monotonic()
    guest = os.fork()
    if guest == 0:
        with _Kept() as kept:
            os.close(ready)
            _become(job, streams, (place, own), filters[job["user"] is not None])
        if kept.error:
            os.write(mark, kept.error.encode())
            os._exit(1)
        os.write(mark, b"!")
        os.closerange(len(streams), 1 << 16)
        return ("program", job["source"])
    os.close(mark)
    for fd in streams:
        os.close(fd)
    said = _wait(guest, report)
    said["wall"] = time.monotonic() - begun
    said["ready"] = guest_process.everything(ready).decode()
    _bury(job["user"])
    if not own:
        shutil.rmtree(place, ignore_errors=True)
    with _Kept():  # the parent may have ended
        os.write(report, json.dumps(said).encode())
    os._exit(0)


class _Guarded(supervisor.Walls):
    """The supervisor is a warden: programs drop their rights, and have another user if it is root.

    Without another user they can neither fork nor signal the warden.
    """

    def __init__(self, job: "dict[str, Any]", disk: "tuple[str, bool]", program: bytes) -> None:
        self.job, self.disk, self.program = job, disk, program

    def enter(self, streams: "list[int]") -> None:
        _become(self.job, streams, self.disk, self.program)

    def sweep(self, own: "list[int]") -> None:
        for pid in own:
            os.kill(pid, signal.SIGKILL)
        _bury(self.job["user"])


def _ward_session(files: "list[int]", filters: "dict[bool, bytes]") -> "tuple[Any, ...]":
    """Run as the supervisor of a session and exit; in a fork of it, return what to run."""
    line, program, output = files
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    kernel.adopt_orphans()
    job = pickle.loads(guest_process.everything(program))
    has_user = job["user"] is not None
    if has_user:
        _bury(job["user"])
    place, own = _disk(job)
    os.chdir(place)
    supervisor.written(place, job["texts"], job["user"] if own else -1, job["locked"])
    walls = _Guarded(job, (place, own), filters[has_user])
    serving = supervisor.Supervisor(line, output, walls, job["entries"] if own else 0)
    serving.loop = job["loop"]
    part = serving.serve()
    if part is not None:
        return part
    os.chdir("/")
    if not own:
        shutil.rmtree(place, ignore_errors=True)
    os._exit(0)


_WARDENS = {b"run": _ward, b"open": _ward_session}


def _disk(job: "dict[str, Any]") -> "tuple[str, bool]":
    """A folder with the job's files, and whether it is a writable in-memory disk."""
    place, user = job["place"], -1 if job["user"] is None else job["user"]
    own = user >= 0 and kernel.own_mounts() and kernel.small_disk(place, job["disk"], _ENTRIES)
    os.chown(place, user if own else -1, -1)
    if not own:
        place = os.path.join(place, str(os.getpid()))
        os.mkdir(place, 0o755)
    for name, content in job["files"].items():
        with open(os.path.join(place, name), "wb") as file:
            file.write(content)
        os.chown(os.path.join(place, name), user if own else -1, -1)
    return place, own


def _become(
    job: "dict[str, Any]",
    streams: "list[int]",
    disk: "tuple[str, bool]",
    program: bytes,
) -> None:
    """Drop all rights, in an order in which each step is still permitted."""
    place, own = disk
    os.setsid()
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
    os.chdir(place)
    os.umask(0o022)
    os.environ.clear()
    os.environ.update(job["environment"])
    guest_process.limit(job["limits"])
    user = job["user"]
    if user is not None:
        guest_process.limit({"NPROC": job["processes"]})
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    kernel.die_with_parent()
    kernel.no_new_privileges()
    writes = ("/dev/null", place) if own else ("/dev/null",)
    kernel.confine((*job["reads"], place), writes, job["runs"])
    kernel.filtered(program)


def _wait(guest: int, report: int) -> "dict[str, Any]":
    """Wait until the guest ends, or kill it when the parent closes the connection."""
    watched = os.pidfd_open(guest)
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.register(report, select.POLLIN)
    if watched not in [fd for fd, _ in poll.poll()]:
        os.kill(guest, signal.SIGKILL)
    _, status, used = os.wait4(guest, 0)
    os.close(watched)
    return {"status": os.waitstatus_to_exitcode(status), "cpu": used.ru_utime + used.ru_stime}


def _bury(user: "int | None") -> None:
    """Kill all processes of a user, and wait for them.

    Orphans become children of the warden, so when it has no children, no process of the guest is
    left. A guest without a user of its own cannot fork.
    """
    with _Kept():  # ChildProcessError: no process is left
        while True:
            if user is not None:
                _sweep(user)
            os.waitpid(-1, 0)


def _sweep(user: int) -> None:
    """Send SIGKILL to all processes of the user at once, so that none can fork away."""
    sweeper = os.fork()
    if sweeper == 0:
        with _Kept():
            os.setresuid(user, user, user)
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    os.waitpid(sweeper, 0)


def main(commands: int, place: str) -> None:
    """Run as the zygote, whose guests have their files in `place`; in a guest, run its program."""
    with open(os.devnull, "r+b") as nothing:
        for number in (0, 1):
            os.dup2(nothing.fileno(), number)
    part = serve(commands, place)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for name in [name for name in sys.modules if name.startswith("sandbox")]:
        sys.modules.pop(name)
    if part[0] == "program":
        play(part[1])
    else:
        act(part)


play, act = guest_process.play, guest_process.act
