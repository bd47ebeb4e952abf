"""bubblewrap: namespaces of its own, and next to nothing of the host's files in them."""

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
from whet.sandbox.interpreter import Interpreter, interpreter
from whet.sandbox.limits import Fault, Limits, Outcome, Program
from whet.sandbox.slots import together, users
from whet.sandbox.syscalls import ARCHITECTURE
from whet.sandbox.watching import Watch, ended, outcome, sealed

_GUEST = Path(__file__).with_name("guest_process.py").read_text()
_PATIENCE_S = 10.0  # for the namespace to be emptied
_SIGNALLED = 128
_OVERHEAD = 1  # bubblewrap's own process in the namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubblewrap:
    """Programs in user, process, network, IPC and mount namespaces of their own, by `bwrap`.

    They see the interpreter read-only, three harmless devices, a small disk in memory, and no
    /proc; a seccomp filter stands behind that.  bwrap itself starts with an empty environment, as
    another user where this process is root, and is killed from outside when time is up.

    CPU time and memory are limits of each process: sixteen of them may use sixteen times as much.
    """

    slots: int = 2  # programs at once

    def run(self, program: Program, limits: Limits) -> Outcome:
        """Build the namespaces, run, and wait until they are empty."""
        path = _found()
        with users(self.slots, 1) as (user,):
            return _run((path, user), program, limits)

    def pair(self, tested: Program, harness: Program, limits: Limits) -> tuple[Outcome, Outcome]:
        """Two sets of namespaces, and a socket between them."""
        path = _found()
        with users(self.slots, 2) as both:
            launchers = [(path, user) for user in both]
            play = [partial(_run, launcher, limits=limits) for launcher in launchers]
            return together(play, (tested, harness))

    def probe(self) -> str:
        """Why not; empty where it works."""
        if shutil.which("bwrap") is None:
            return "bwrap is not installed"
        if platform.machine() not in ARCHITECTURE:
            return f"no table of system calls for {platform.machine()}"
        try:
            tried = self.run(Program(source="print(6 * 7)"), Limits())
        except (Fault, OSError) as fault:
            return f"a trial failed: {fault}"
        return "" if tried.stdout == b"42\n" else f"a trial ended with {tried}"


def _found() -> str:
    path = shutil.which("bwrap")
    if path is None:
        raise Fault("bwrap is not installed")
    return os.path.realpath(path)


@lru_cache(maxsize=1)
def _rules() -> bytes:
    return syscall_filter.program(syscall_filter.base())


def _run(launcher: tuple[str, int | None], program: Program, limits: Limits) -> Outcome:
    """One program, from first to last file descriptor."""
    bwrap, user = launcher
    watch = Watch(limits)
    status_in, status_out = os.pipe()
    mark_in, mark_out = os.pipe()
    source = sealed(program.source.encode(errors="surrogatepass"))
    files = {name: sealed(content) for name, content in program.files.items()}
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
            stdout=watch.write_ends[0],
            stderr=watch.write_ends[1],
            pass_fds=passed,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else (),
        )
        watch.started()
        for fd in (status_out, mark_out):
            os.close(fd)
        ending = ended(process, watch)
        told, marked = _all(status_in), _all(mark_in)
        _emptied(told)
        if b"!" not in marked:
            said = watch.rest()[1].decode(errors="replace").strip()[-200:]
            raise Fault(f"bwrap ended with {process.returncode} before the program began: {said}")
        code = process.returncode
        return outcome(ending, _SIGNALLED - code if code > _SIGNALLED else code, watch)
    finally:
        watch.close()
        for fd in (status_in, mark_in, source, seccomp, stdin, *files.values()):
            os.close(fd)


def _command(
    bwrap: str, found: Interpreter, limits: Limits, files: dict[str, int]
) -> Sequence[str]:
    """What the namespaces hold."""
    words = [bwrap, "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"]
    words += ["--new-session", "--cap-drop", "ALL", "--clearenv", "--hostname", "sandbox"]
    for name, value in found.environment.items():
        words += ["--setenv", name, value]
    for place in found.reads:
        words += ["--ro-bind", place, place]
    for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
        words += ["--dev-bind", device, device]
    words += ["--size", str(limits.disk), "--tmpfs", "/box"]
    for name, fd in files.items():
        words += ["--file", str(fd), f"/box/{name}"]
    return [*words, "--chdir", "/box", "--remount-ro", "/"]


def _inside(passed: tuple[int, ...], limits: Limits) -> Sequence[str]:
    """The interpreter, which limits itself before it takes the program."""
    most = {**limits.kernel(), "NPROC": limits.processes + _OVERHEAD}
    return [*interpreter().command, "-c", f"{_GUEST}\nbegin({most}, *{passed})\n"]


def _all(fd: int) -> bytes:
    """What a pipe holds now; its other ends may still be open."""
    os.set_blocking(fd, False)
    pieces = []
    try:
        while piece := os.read(fd, 1 << 12):
            pieces.append(piece)
    except BlockingIOError:
        pass
    return b"".join(pieces)


def _emptied(told: bytes) -> None:
    """Wait for the namespace's first process: the kernel ends it last of all."""
    first = [json.loads(line).get("child-pid") for line in told.splitlines()[:1]]
    for pid in filter(None, first):
        try:
            watched = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([watched], [], [], _PATIENCE_S)[0]:
                raise Fault(f"the processes of a program outlive it: {pid}")
            with suppress(ChildProcessError):  # orphans come to us where we are a container's init
                os.waitid(os.P_PIDFD, watched, os.WEXITED | os.WNOHANG)
        finally:
            os.close(watched)
