"""A test of a sandbox: every attack is tried on this machine."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from whet.sandbox.attacks import ATTACKS
from whet.sandbox.interpreter import interpreter
from whet.sandbox.limits import Ending, Limits, Program, Sandbox
from whet.sandbox.syscalls import DENIED, numbers
from whet.sandbox.unsafe import Unsafe

_ODD = ("keyctl", "add_key", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup")
_ODD += ("open_by_handle_at", "pidfd_getfd", "kcmp", "fsopen")
_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/home", "/", "/usr/lib")
_LIMITS = Limits(wall_s=20.0)


def leaks(sandbox: Sandbox) -> dict[str, str]:
    """What each attack obtained or broke, by its name; empty texts for attacks that failed."""
    from whet.types import UsageError

    if isinstance(sandbox, Unsafe):
        raise UsageError("leaks was given Unsafe(), which confines nothing; give Safest()")
    found = {name: _attacked(sandbox, source) for name, source in ATTACKS.items()}
    flood = sandbox.run(Program(source="while True: print('x' * 4096)"), _LIMITS)
    found["talk without end"] = "" if flood.ending is Ending.OUTPUT else f"ended by {flood.ending}"
    return found


def _attacked(sandbox: Sandbox, source: str) -> str:
    """Run one attack against fresh decoys."""
    with _host() as host:
        facts = json.dumps(host.facts).encode()
        done = sandbox.run(Program(source=source, stdin=facts), _LIMITS)
        said = done.stdout.decode(errors="replace").strip().splitlines()
        if done.ending is not Ending.EXIT:
            said.append(f"ended by {done.ending}")
        return "; ".join((*said, *host.damage()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Host:
    """The decoys of one attack."""

    facts: dict[str, object]
    secret: Path
    lines: dict[str, socket.socket]
    victim: subprocess.Popen[bytes]

    def damage(self) -> Iterator[str]:
        """Damage to the decoys that is visible from outside."""
        token = str(self.facts["token"])
        if not self.secret.exists() or self.secret.read_text() != token:
            yield "the secret is not what it was"
        if self.victim.poll() is not None:
            yield "a process of the host was killed"
        strays = [p for f in _FOLDERS if (p := Path(f, token)).exists()]
        for stray in strays:
            stray.unlink()
            yield f"a file in {stray.parent}"
        yield from (f"{name} was heard" for name, line in self.lines.items() if _heard(line))
        left = [p for p in Path("/proc").glob("[0-9]*/comm") if _text(p) == token[:15]]
        yield from (f"process {path.parent.name} is still there" for path in left)


@contextmanager
def _victim(token: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of this user with a secret in its environment."""
    words = [*interpreter().command, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(words, env={**interpreter().environment, "SECRET": token}) as victim:
        try:
            yield victim
        finally:
            victim.kill()


@contextmanager
def _host() -> Iterator[_Host]:
    token = f"whet{token_hex(8)}"
    with TemporaryDirectory(prefix="host-") as folder, ExitStack() as stack:
        os.chmod(folder, 0o777)
        secret = Path(folder, "secret")
        secret.write_text(token)
        secret.chmod(0o666)
        places = {
            "TCP": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "UDP": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "a unix socket": (socket.AF_UNIX, socket.SOCK_STREAM, f"{folder}/line"),
            "an abstract socket": (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{token}"),
        }
        lines = {}
        for name, (family, kind, place) in places.items():
            lines[name] = line = stack.enter_context(socket.socket(family, kind))
            line.bind(place)
            line.settimeout(0)
            if kind == socket.SOCK_STREAM:
                line.listen()
        os.chmod(f"{folder}/line", 0o777)
        victim = stack.enter_context(_victim(token))
        denied = numbers(DENIED)
        facts: dict[str, object] = {
            "token": token,
            "folder": folder,
            "secret": str(secret),
            "unix": f"{folder}/line",
            "tcp": lines["TCP"].getsockname()[1],
            "udp": lines["UDP"].getsockname()[1],
            "victim": victim.pid,
            "folders": [folder, *_FOLDERS],
            "processes": _LIMITS.processes,
            "disk": _LIMITS.disk,
            "calls": {name: denied[name] for name in _ODD},
        }
        yield _Host(facts=facts, secret=secret, lines=lines, victim=victim)


def _heard(line: socket.socket) -> bool:
    try:
        if line.type == socket.SOCK_STREAM:
            line.accept()[0].close()
        else:
            line.recv(100)
    except BlockingIOError:
        return False
    return True


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:  # the process has ended
        return ""
