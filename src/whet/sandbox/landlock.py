"""Landlock and seccomp, set up by the process itself: no package, no namespace needed."""

import atexit
import json
import os
import pickle
import platform
import shutil
import socket
import subprocess
import tempfile
from array import array
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock

from whet.sandbox import kernel
from whet.sandbox.interpreter import interpreter
from whet.sandbox.limits import Ending, Fault, Limits, Outcome, Program
from whet.sandbox.slots import together, users
from whet.sandbox.syscalls import ARCHITECTURE
from whet.sandbox.watching import Watch, outcome, sealed

_OLDEST = 3  # Landlock's first version that keeps files from being emptied
_FOLDER = str(Path(__file__).parent)
_PATIENCE_S = 10.0  # for a warden to clean up
_START = f"""
import sys, types
package = types.ModuleType("sandbox")
package.__path__ = [{_FOLDER!r}]
sys.modules["sandbox"] = package
import bisect, collections, functools, heapq, itertools, json, math, operator, re, string, typing
from sandbox.zygote import main
del package, types
main(int(sys.argv[1]))
"""
_SIGKILL = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Landlock:
    """Programs in a fork of a warm interpreter that has given away all it could do.

    Landlock leaves it the interpreter's files to read; a seccomp filter takes sockets, other
    processes, mounts, keys, permissions; rlimits cap the rest.  As root each slot has a user of
    its own and a small disk in memory, if root may mount.  As an ordinary user a program can have
    threads but no processes, and no place to write.

    CPU time and memory are limits of each process: sixteen of them may use sixteen times as much.
    """

    slots: int = 2  # programs at once

    def run(self, program: Program, limits: Limits) -> Outcome:
        """Fork, run, and clean up after it."""
        with users(self.slots, 1) as (user,):
            return _zygote().run(program, limits, user)

    def pair(self, tested: Program, harness: Program, limits: Limits) -> tuple[Outcome, Outcome]:
        """Two forks, and a socket between them."""
        with users(self.slots, 2) as both:
            play = [partial(_zygote().run, limits=limits, user=user) for user in both]
            return together(play, (tested, harness))

    def probe(self) -> str:
        """Why not; empty where it works."""
        if platform.machine() not in ARCHITECTURE:
            return f"no table of system calls for {platform.machine()}"
        if kernel.abi() < _OLDEST:
            return f"Landlock's version is {kernel.abi()}; it needs {_OLDEST}, of Linux 6.2"
        try:
            tried = self.run(Program(source="print(6 * 7)"), Limits())
        except (Fault, OSError) as fault:
            return f"a trial failed: {fault}"
        return "" if tried.stdout == b"42\n" else f"a trial ended with {tried}"


@dataclass(slots=True, kw_only=True)
class _Zygote:
    """The parent's end of the warm interpreter."""

    process: subprocess.Popen[bytes]
    line: socket.socket
    place: str
    speaking: Lock = field(default_factory=Lock)

    @classmethod
    def opened(cls) -> "_Zygote":
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        found = interpreter()
        place = tempfile.mkdtemp(prefix="whet-sandbox-")
        os.chmod(place, 0o755)
        process = subprocess.Popen(
            [*found.command, "-c", _START, str(theirs.fileno())],
            env=found.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
        theirs.close()
        return cls(process=process, line=ours, place=place)

    def run(self, program: Program, limits: Limits, user: int | None) -> Outcome:
        """Send the job and listen."""
        watch, (ours, theirs) = Watch(limits), socket.socketpair()
        job = sealed(pickle.dumps(self._job(program, limits, user)))
        stdin = sealed(program.stdin)
        with ours:
            try:
                self._send([theirs.fileno(), job, stdin, *watch.write_ends, *program.links])
                theirs.close()
                watch.started()
                ending = watch.until(ours.fileno())
                return _outcome(ending, _report(ours), watch)
            finally:
                theirs.close()
                watch.close()
                for fd in (job, stdin):
                    os.close(fd)

    def _job(self, program: Program, limits: Limits, user: int | None) -> dict[str, object]:
        found = interpreter()
        return {
            "source": program.source.encode(errors="surrogatepass"),
            "files": dict(program.files),
            "limits": limits.kernel(),
            "processes": limits.processes,
            "disk": limits.disk,
            "user": user,
            "place": self.place,
            "reads": found.reads,
            "environment": found.environment,
        }

    def _send(self, files: list[int]) -> None:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", files))
        try:
            with self.speaking:
                self.line.sendmsg([b"run"], [rights])
        except OSError as error:
            raise Fault(f"the sandbox's interpreter is gone: {error}") from error

    def close(self) -> None:
        self.line.close()
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.place, ignore_errors=True)


def _report(ours: socket.socket) -> dict[str, object]:
    """The warden's last words, after a word to it that time is up."""
    ours.settimeout(_PATIENCE_S)
    try:
        ours.shutdown(socket.SHUT_WR)
        told = ours.recv(1 << 16)
    except OSError as error:
        raise Fault(f"a warden doesn't answer: {error}") from error
    if not told:
        raise Fault("a warden was killed")
    return json.loads(told)


def _outcome(ending: Ending, report: dict[str, object], watch: Watch) -> Outcome:
    if report["ready"] != "!":
        raise Fault(f"a guest could not be confined: {report['ready'] or report}")
    status = int(str(report["status"]))
    used, most = float(str(report["cpu"])), watch.limits.kernel()["CPU"]
    if ending is Ending.EXIT and status == -_SIGKILL and used >= most:
        ending = Ending.CPU  # it ignored the warning
    return replace(outcome(ending, status, watch), wall_s=float(str(report["wall"])))


_OPEN: list[_Zygote] = []
_OPENING = Lock()
os.register_at_fork(after_in_child=_OPEN.clear)


def _zygote() -> _Zygote:
    """The one of this process; another where it has died."""
    with _OPENING:
        if _OPEN and _OPEN[0].process.poll() is not None:
            _OPEN.pop().close()
        if not _OPEN:
            _OPEN.append(_Zygote.opened())
        return _OPEN[0]


@atexit.register
def _close() -> None:
    while _OPEN:
        _OPEN.pop().close()
