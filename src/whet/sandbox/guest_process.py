"""Code that a guest's process runs before the program: limits and file descriptors.

It is one file of standard library code, because an interpreter inside a sandbox starts with its
text.
"""

import builtins
import os
import resource
import signal
import sys
from contextlib import suppress
from types import ModuleType
from typing import Any

TEXT = 1 << 16  # bytes per read
CONTROL = 3  # descriptor that an interpreter's cells come from
HIGH = 500  # first descriptor that is kept open
ENTRIES = 4096  # files and folders on a program's disk
_TICK_S = 0.02  # between two counts of them


def limit(most: "dict[str, int]") -> None:
    """Set hard resource limits, by the kernel's names (CPU, AS, FSIZE, NOFILE, NPROC)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, value in most.items():
        which = getattr(resource, f"RLIMIT_{name}")
        above = (
            value + 1 if name == "CPU" else value
        )  # SIGXCPU at the limit, SIGKILL a second later
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            value, above = min(value, hard), min(above, hard)
        resource.setrlimit(which, (value, above))


def everything(fd: int) -> bytes:
    """The whole content of a descriptor, which is closed."""
    pieces = []
    while piece := os.read(fd, TEXT):
        pieces.append(piece)
    os.close(fd)
    return b"".join(pieces)


def play(source: bytes) -> None:
    """Run the source as `__main__`; the interpreter's exit status is the program's.

    It has `exit` and `quit`, which Python's `site` defines elsewhere.
    """
    builtins.__dict__.update(exit=sys.exit, quit=sys.exit)
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    sys.argv[:] = ["main.py"]
    sys.path.insert(0, os.getcwd())  # for modules among the program's files
    exec(compile(source, "main.py", "exec"), vars(main))


def act(part: "tuple[Any, ...]") -> None:
    """Run a program of a session: ("cell", text of the loop) or ("script", source, arguments)."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if part[0] == "cell":
        names: dict[str, Any] = {"__builtins__": dict(vars(builtins)), "__name__": "cell_loop"}
        exec(compile(part[1], "cell_loop", "exec"), names)
        with suppress(OSError):  # the program has closed the channel
            names["loop"](CONTROL)
        os._exit(1)
    main = ModuleType("__main__")
    main.__dict__["arguments"] = part[2]
    sys.modules["__main__"] = main
    sys.path.insert(0, os.getcwd())
    exec(compile(part[1], "script", "exec"), main.__dict__)


def guard() -> None:
    """Fork, and stay as the first process of a namespace, which ends with it; the fork returns.

    The first process ends as the program does, or by `SIGXFSZ` once the folder has too many
    entries.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        return
    os.closerange(0, TEXT)
    while True:
        signal.sigtimedwait({signal.SIGCHLD}, _TICK_S)
        for pid, status in iter(_buried, (0, 0)):
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
        room = os.statvfs(".")
        if room.f_files - room.f_ffree > ENTRIES:
            os._exit(128 + signal.SIGXFSZ)


def _buried() -> "tuple[int, int]":
    """A process that has ended, and how; (0, 0) if there is none."""
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0


def begin(most: "dict[str, int]", mark: int, program: int, *links: int) -> None:
    """Read the program, report readiness on `mark`, and run it; links start at descriptor 3."""
    source = everything(program)
    mark = os.dup2(mark, HIGH)
    links = tuple(os.dup2(link, HIGH + 1 + n) for n, link in enumerate(links))
    os.closerange(3, HIGH)
    for number, link in enumerate(links):
        os.dup2(link, 3 + number)
        os.close(link)
    limit(most)
    os.write(mark, b"!")
    os.close(mark)
    play(source)
