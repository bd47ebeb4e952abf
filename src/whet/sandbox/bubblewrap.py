"""bubblewrap: programs in namespaces of their own, with almost no files of the host."""

import json
import os
import platform
import select
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from whet.sandbox import syscall_filter
from whet.sandbox.bubblewrap_session import start
from whet.sandbox.interpreter import Interpreter, interpreter
from whet.sandbox.limits import Limits, Program, ProgramResult, SandboxFault
from whet.sandbox.messages import SessionFolder, SessionLimits
from whet.sandbox.session import SandboxSession
from whet.sandbox.slots import together, users
from whet.sandbox.syscalls import ARCHITECTURE
from whet.sandbox.watching import OutputCapture, ended, outcome, sealed

_GUEST = Path(__file__).with_name("guest_process.py").read_text()
_PATIENCE_S = 10.0  # to wait for the namespace to be empty
_SIGNALLED = 128
_OVERHEAD = 1  # the namespace's first process, which watches the program


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubblewrap:
    """Programs in user, process, network, IPC and mount namespaces of their own, by `bwrap`.

    They see the interpreter read-only, three harmless devices, a small in-memory disk, and no
    /proc. A seccomp filter is a second barrier. A program that makes more than 4,096 files is
    ended. bwrap itself starts with an empty environment, as another user if this process is root,
    and is killed from outside at the time limit.

    CPU time and memory are limits per process: sixteen processes may use sixteen times as much.
    """

    slots: int = 2  # concurrent programs

    def run(self, program: Program, limits: Limits) -> ProgramResult:
        """Create the namespaces, run the program, and wait until they are empty."""
        path = _found()
        with users(self.slots, 1) as (user,):
            return _run((path, user), program, limits)

    def pair(
        self, tested: Program, harness: Program, limits: Limits
    ) -> tuple[ProgramResult, ProgramResult]:
        """Run two programs in separate namespaces, connected by a socket."""
        path = _found()
        with users(self.slots, 2) as both:
            launchers = [(path, user) for user in both]
            play = [partial(_run, launcher, limits=limits) for launcher in launchers]
            return together(play, (tested, harness))

    def open(self, limits: SessionLimits, folder: SessionFolder) -> SandboxSession:
        """Start a session in namespaces of its own; `slots` doesn't count it."""
        return start(_found(), _rules(), limits, folder)

    def probe(self) -> str:
        """Why the sandbox does not work here; empty if it does."""
        if shutil.which("bwrap") is None:
            return "bwrap is not installed"
        if platform.machine() not in ARCHITECTURE:
            return f"no table of system calls for {platform.machine()}"
        try:
            tried = self.run(Program(source="print(6 * 7)"), Limits())
        except OSError as fault:
            return f"a trial failed: {fault}"
        return "" if tried.stdout == b"42\n" else f"a trial ended with {tried}"


def _found() -> str:
    path = shutil.which("bwrap")
    if path is None:
        raise SandboxFault("bwrap is not installed")
    return os.path.realpath(path)


@lru_cache(maxsize=1)
def _rules() -> bytes:
    return syscall_filter.program(syscall_filter.base())


def _run(launcher: tuple[str, int | None], program: Program, limits: Limits) -> ProgramResult:
    """Run one program, and close all its file descriptors."""
    bwrap, user = launcher
    capture = OutputCapture(limits)
    status_in, status_out = os.pipe()
    mark_in, mark_out = os.pipe()
    source = sealed(program.source.encode(errors="surrogatepass"))
    files = {f"/box/{name}": sealed(content) for name, content in program.files.items()}
    files["/dev/stdin"] = sealed(program.stdin)  # for programs that open it by its name
    seccomp, stdin = sealed(_rules()), sealed(program.stdin)
    passed = (status_out, mark_out, source, seccomp, *files.values(), *program.links)
    walls = ["--seccomp", str(seccomp), "--json-status-fd", str(status_out)]
    command = _command(bwrap, interpreter(), limits, files)
    inside = _inside((mark_out, source, *program.links), limits)
    try:
        process = subprocess.Popen(
            [*command, *walls, "--", *inside],
            env={},
            cwd="/",
            stdin=stdin,
            stdout=capture.write_ends[0],
            stderr=capture.write_ends[1],
            pass_fds=passed,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else (),
        )
        capture.started()
        for fd in (status_out, mark_out):
            os.close(fd)
        ending = ended(process, capture)
        told, marked = _all(status_in), _all(mark_in)
        _emptied(told)
        if b"!" not in marked:
            said = capture.rest()[1].decode(errors="replace").strip()[-200:]
            raise SandboxFault(
                f"bwrap ended with {process.returncode} before the program began: {said}"
            )
        code = process.returncode
        return outcome(ending, _SIGNALLED - code if code > _SIGNALLED else code, capture)
    finally:
        capture.close()
        for fd in (status_in, mark_in, source, seccomp, stdin, *files.values()):
            os.close(fd)


def _command(
    bwrap: str, found: Interpreter, limits: Limits, files: dict[str, int]
) -> Sequence[str]:
    """The bwrap command line that sets up the namespaces."""
    words = [bwrap, "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"]
    words += [
        "--as-pid-1",
        "--new-session",
        "--cap-drop",
        "ALL",
        "--clearenv",
        "--hostname",
        "sandbox",
    ]
    for name, value in found.environment.items():
        words += ["--setenv", name, value]
    for place in found.reads:
        words += ["--ro-bind", place, place]
    for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
        words += ["--dev-bind", device, device]
    words += ["--size", str(limits.disk), "--tmpfs", "/box"]
    for name, fd in files.items():
        words += ["--file", str(fd), name]
    return [*words, "--chdir", "/box", "--remount-ro", "/"]


def _inside(passed: tuple[int, ...], limits: Limits) -> Sequence[str]:
    """The command of the interpreter, which sets its limits before it reads the program."""
    most = {**limits.kernel(), "NPROC": limits.processes + _OVERHEAD}
    return [*interpreter().command, "-c", f"{_GUEST}\nguard()\nbegin({most}, *{passed})\n"]


def _all(fd: int) -> bytes:
    """The present content of a pipe, which may still be open at the other end."""
    os.set_blocking(fd, False)
    pieces = []
    try:
        while piece := os.read(fd, 1 << 12):
            pieces.append(piece)
    except BlockingIOError:
        pass
    return b"".join(pieces)


def _emptied(told: bytes) -> None:
    """Wait for the namespace's first process, which the kernel ends last."""
    first = [json.loads(line).get("child-pid") for line in told.splitlines()[:1]]
    for pid in filter(None, first):
        try:
            watched = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([watched], [], [], _PATIENCE_S)[0]:
                raise SandboxFault(f"the processes of a program outlive it: {pid}")
            with suppress(
                ChildProcessError
            ):  # orphans are our children if we are a container's init
                os.waitid(os.P_PIDFD, watched, os.WEXITED | os.WNOHANG)
        finally:
            os.close(watched)
