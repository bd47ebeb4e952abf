"""What a guest's process does to itself before it runs the program.

Stdlib only, and one file: its text is what an interpreter inside a sandbox is started with.
"""

import os
import resource
import sys
from types import ModuleType

TEXT = 1 << 16  # bytes read at once
HIGH = 500  # a descriptor out of the way


def limit(most: "dict[str, int]") -> None:
    """Hard limits, by the names that the kernel has for them (CPU, AS, FSIZE, NOFILE, NPROC)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, value in most.items():
        which = getattr(resource, f"RLIMIT_{name}")
        above = value + 1 if name == "CPU" else value  # SIGXCPU first, a second later SIGKILL
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            value, above = min(value, hard), min(above, hard)
        resource.setrlimit(which, (value, above))


def everything(fd: int) -> bytes:
    """Of a file, and close it."""
    pieces = []
    while piece := os.read(fd, TEXT):
        pieces.append(piece)
    os.close(fd)
    return b"".join(pieces)


def play(source: bytes) -> None:
    """Run it as `__main__`; how it ends is how the interpreter ends."""
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    sys.argv[:] = ["main.py"]
    sys.path.insert(0, os.getcwd())  # for files that came with it
    exec(compile(source, "main.py", "exec"), vars(main))


def begin(most: "dict[str, int]", mark: int, program: int, *links: int) -> None:
    """Take the program, say that all is well so far, and run it; links begin at descriptor 3."""
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
