"""Landlock and seccomp, applied by the process itself, without packages or namespaces."""

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
from whet.sandbox.landlock_session import start
from whet.sandbox.limits import Ending, Limits, Program, ProgramResult, SandboxFault
from whet.sandbox.messages import SessionFolder, SessionLimits
from whet.sandbox.session import SandboxSession
from whet.sandbox.slots import together, users
from whet.sandbox.syscalls import ARCHITECTURE
from whet.sandbox.watching import OutputCapture, outcome, sealed

_OLDEST = 3  # Landlock's first version that can forbid truncation
_FOLDER = str(Path(__file__).parent)
_PATIENCE_S = 10.0  # to wait for a warden's cleanup
_START = f"""
import sys, types
package = types.ModuleType("sandbox")
package.__path__ = [{_FOLDER!r}]
sys.modules["sandbox"] = package
import bisect, collections, functools, heapq, itertools, json, math, operator, re, string, typing
from sandbox.zygote import main
del package, types
main(int(sys.argv[1]), sys.argv[2])
"""
_SIGKILL = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Landlock:
    """Programs in a fork of a warm interpreter that has dropped all its rights.

    Landlock lets it read the interpreter's files only. A seccomp filter forbids sockets, access to
    other processes, mounts, keys and permissions; rlimits bound the rest. As root, each slot has a
    user of its own and a small in-memory disk, if root may mount. As an ordinary user, a program
    can have threads but no processes, and cannot write files.

    What is left open: Landlock doesn't confine `stat`, so a program can learn which paths of the
    host exist, with their sizes, times and owners, but neither names in folders nor content.
    `Safest` says so in the log where it chooses this backend.

    CPU time and memory are limits per process: sixteen processes may use sixteen times as much.
    """

    slots: int = 2  # concurrent programs

    def run(self, program: Program, limits: Limits) -> ProgramResult:
        """Fork a guest, run the program, and remove what it leaves."""
        with users(self.slots, 1) as (user,):
            return _zygote().run(program, limits, user)

    def pair(
        self, tested: Program, harness: Program, limits: Limits
    ) -> tuple[ProgramResult, ProgramResult]:
        """Run two programs in separate forks, connected by a socket."""
        with users(self.slots, 2) as both:
            play = [partial(_zygote().run, limits=limits, user=user) for user in both]
            return together(play, (tested, harness))

    def open(self, limits: SessionLimits, folder: SessionFolder) -> SandboxSession:
        """Start a session with a warden of its own; `slots` doesn't count it."""
        zygote = _zygote()
        return start(zygote.send, zygote.place, limits, folder)

    def probe(self) -> str:
        """Why the sandbox does not work here; empty if it does."""
        if platform.machine() not in ARCHITECTURE:
            return f"no table of system calls for {platform.machine()}"
        if kernel.abi() < _OLDEST:
            return f"Landlock's version is {kernel.abi()}; it needs {_OLDEST}, of Linux 6.2"
        try:
            tried = self.run(Program(source="print(6 * 7)"), Limits())
        except OSError as fault:
            return f"a trial failed: {fault}"
        return "" if tried.stdout == b"42\n" else f"a trial ended with {tried}"


@dataclass(slots=True, kw_only=True)
class _Zygote:
    """The parent's handle on the warm interpreter, which forks guests."""

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
            [*found.command, "-c", _START, str(theirs.fileno()), place],
            env=found.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
        theirs.close()
        return cls(process=process, line=ours, place=place)

    def run(self, program: Program, limits: Limits, user: int | None) -> ProgramResult:
        """Send a job, and read the program's output and the report."""
        capture, (ours, theirs) = OutputCapture(limits), socket.socketpair()
        job = sealed(pickle.dumps(self._job(program, limits, user)))
        stdin = sealed(program.stdin)
        with ours:
            try:
                self.send(
                    b"run", [theirs.fileno(), job, stdin, *capture.write_ends, *program.links]
                )
                theirs.close()
                capture.started()
                ending = capture.until(ours.fileno())
                return _outcome(ending, _report(ours), capture)
            finally:
                theirs.close()
                capture.close()
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
            "runs": (),
            "environment": found.environment,
        }

    def send(self, word: bytes, files: list[int]) -> None:
        """Send a command with descriptors."""
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", files))
        try:
            with self.speaking:
                self.line.sendmsg([word], [rights])
        except OSError as error:
            raise SandboxFault(f"the sandbox's interpreter has ended: {error}") from error

    def close(self) -> None:
        self.line.close()
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.place, ignore_errors=True)


def _report(ours: socket.socket) -> dict[str, object]:
    """Tell the warden that time is up, and read its report."""
    ours.settimeout(_PATIENCE_S)
    try:
        ours.shutdown(socket.SHUT_WR)
        told = ours.recv(1 << 16)
    except OSError as error:
        raise SandboxFault(f"a warden doesn't answer: {error}") from error
    if not told:
        raise SandboxFault("a warden was killed")
    return json.loads(told)


def _outcome(ending: Ending, report: dict[str, object], capture: OutputCapture) -> ProgramResult:
    if report["ready"] != "!":
        raise SandboxFault(f"a guest could not be confined: {report['ready'] or report}")
    status = int(str(report["status"]))
    used, most = float(str(report["cpu"])), capture.limits.kernel()["CPU"]
    if ending is Ending.EXIT and status == -_SIGKILL and used >= most:
        ending = Ending.CPU  # the program ignored SIGXCPU
    return replace(outcome(ending, status, capture), wall_s=float(str(report["wall"])))


_OPEN: list[_Zygote] = []
_OPENING = Lock()
os.register_at_fork(after_in_child=_OPEN.clear)


def _zygote() -> _Zygote:
    """The zygote of this process, restarted if it has died."""
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
