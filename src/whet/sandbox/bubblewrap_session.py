"""Sessions in bubblewrap's namespaces; the supervisor is the first process of each."""

import json
import os
import select
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock

from whet.sandbox.interpreter import interpreter
from whet.sandbox.limits import SandboxFault
from whet.sandbox.messages import SessionFolder, SessionLimits
from whet.sandbox.session import SandboxSession, Supervised, framed, guest_text, opening
from whet.sandbox.slots import Lent
from whet.sandbox.watching import sealed

_OVERHEAD = 1  # the supervisor
_PATIENCE_S = 30.0


def start(bwrap: str, rules: bytes, limits: SessionLimits, folder: SessionFolder) -> SandboxSession:
    """Create the namespaces with a supervisor in them."""
    started = _Started(user=Lent())
    try:
        started.launch(_command(bwrap, limits, folder), rules, folder)
        free = {name: text for name, text in folder.files.items() if name not in folder.locked}
        most = {**limits.kernel(), "NPROC": int(limits.processes) + _OVERHEAD}
        started.tell({**opening(limits, free), "most": most})
    except BaseException:
        started.abandon()
        raise
    return SandboxSession(started.supervised(), limits)


def _command(bwrap: str, limits: SessionLimits, folder: SessionFolder) -> list[str]:
    """The command line of bwrap, without what has descriptors.

    The session ends when its line is closed.  `--die-with-parent` would end it with the thread
    that has started it.
    """
    found = interpreter()
    words = [bwrap, "--unshare-all", "--unshare-user", "--disable-userns", "--as-pid-1"]
    words += ["--new-session", "--cap-drop", "ALL", "--clearenv", "--hostname", "sandbox"]
    for name, value in found.environment.items():
        words += ["--setenv", name, value]
    for place in (*found.reads, *folder.commands):
        words += ["--ro-bind-try", place, place]
    for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
        words += ["--dev-bind", device, device]
    return [*words, "--size", str(int(limits.disk)), "--tmpfs", "/box"]


@dataclass(slots=True, kw_only=True)
class _Started:
    """bwrap, which waits outside, and the first process of its namespace."""

    user: Lent
    process: subprocess.Popen[bytes] | None = None
    first: int = 0
    watched: int = -1  # pidfd of the first process
    line: socket.socket | None = None
    output: int = -1
    told: int = -1  # what bwrap prints
    ended: bool = field(default=False)
    telling: Lock = field(default_factory=Lock)  # held while `told` is read or closed

    def launch(self, command: list[str], rules: bytes, folder: SessionFolder) -> None:
        """Run bwrap, and wait until it knows the first process."""
        self.line, theirs = socket.socketpair()
        self.output, writing = os.pipe()
        self.told, telling = os.pipe()
        status_in, status_out = os.pipe()
        seccomp = sealed(rules)
        locked = {name: sealed(folder.files[name].encode()) for name in sorted(folder.locked)}
        for name, fd in locked.items():
            command += ["--ro-bind-data", str(fd), f"/box/{name}"]
        command += ["--chdir", "/box", "--remount-ro", "/", "--seccomp", str(seccomp)]
        command += ["--json-status-fd", str(status_out), "--", *interpreter().command, "-c"]
        texts = (guest_text("guest_process"), guest_text("supervisor"))
        command.append("\n".join((*texts, f"act(attend({theirs.fileno()}, {writing}, limit))\n")))
        passed = (theirs.fileno(), writing, status_out, seccomp, *locked.values())
        try:
            self.process = subprocess.Popen(
                command,
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=telling,
                pass_fds=passed,
                start_new_session=True,
                user=self.user.number,
                group=self.user.number,
                extra_groups=None if self.user.number is None else (),
            )
        except OSError as error:
            raise SandboxFault(f"bwrap can't be started: {error}") from error
        finally:
            theirs.close()
            for fd in (writing, telling, status_out, seccomp, *locked.values()):
                os.close(fd)
            self._learn(status_in)

    def _learn(self, status: int) -> None:
        """The number of the first process, which bwrap tells once it has been made."""
        with open(status, "rb") as lines:
            ready = self.process and select.select([lines], [], [], _PATIENCE_S)[0]
            word = lines.readline() if ready else b""
        if word:
            self.first = json.loads(word)["child-pid"]
            with suppress(ProcessLookupError):
                self.watched = os.pidfd_open(self.first)

    def tell(self, message: dict[str, object]) -> None:
        """Send the opening."""
        assert self.line is not None
        try:
            if self.watched < 0:
                raise BrokenPipeError
            self.line.settimeout(_PATIENCE_S)
            self.line.sendall(framed(message))
        except OSError as error:
            raise SandboxFault(f"bwrap ended before the session began: {self.why()}") from error

    def supervised(self) -> Supervised:
        assert self.line is not None
        return Supervised(
            pid=self.first, line=self.line, output=self.output, end=self.end, why=self.why
        )

    def why(self) -> str:
        """How bwrap ended, and what it printed; any thread may ask, also after the end."""
        code = self.process.poll() if self.process else None
        with self.telling, suppress(BlockingIOError):
            if self.told < 0:
                return f"bwrap ended with {code}"
            os.set_blocking(self.told, False)
            said = os.read(self.told, 1 << 12).decode(errors="replace").strip()[-200:]
            return f"bwrap ended with {code}: {said}"
        return f"bwrap ended with {code}"

    def abandon(self) -> None:
        """End what has begun, and close what a session would have."""
        self.end()
        if self.line is not None:
            self.line.close()
        if self.output >= 0:
            os.close(self.output)

    def end(self) -> None:
        """Kill the first process, with which the kernel ends all others of the namespace."""
        if self.ended:
            return
        self.ended = True
        if self.watched >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.watched, signal.SIGKILL)
            if not select.select([self.watched], [], [], _PATIENCE_S)[0]:
                raise SandboxFault(f"the processes of a session outlive it: {self.first}")
            with suppress(ChildProcessError):  # orphans are our children if we are init
                os.waitid(os.P_PIDFD, self.watched, os.WEXITED | os.WNOHANG)
            os.close(self.watched)
        if self.process is not None:
            if self.watched < 0:
                self.process.kill()
            self.process.wait()
        with self.telling:
            if self.told >= 0:
                os.close(self.told)
            self.told = -1
        self.user.give_back()
