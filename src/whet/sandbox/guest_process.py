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
