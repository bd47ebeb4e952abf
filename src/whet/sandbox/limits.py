"""How much a program may have, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from math import ceil, isfinite
from pathlib import PurePosixPath
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a program may use.

    CPU time, memory and the size of a file are limits of each of its processes; wall time, the
    number of processes, the disk and the output are limits of the whole.
    """

    wall_s: float = 10.0
    cpu_s: float = 5.0
    memory: int = 1 << 30  # address space, bytes
    disk: int = 64 << 20  # bytes
    files: int = 64  # open at once
    processes: int = 16  # with threads
    output: int = 1 << 20  # bytes of stdout, and of stderr

    def __post_init__(self) -> None:
        """Refuse limits that nothing could run under, or that limit nothing."""
        least = {"memory": 64 << 20, "files": 8, "processes": 1, "output": 1, "disk": 1 << 16}
        for name in (f.name for f in fields(self)):
            value, floor = getattr(self, name), least.get(name, 0.01)
            if not (isfinite(value) and value >= floor):
                from whet.types import Refusal

                raise Refusal(f"limits.{name} is {value}; give a finite number, {floor:g} or more")

    def kernel(self) -> dict[str, int]:
        """The limits of a process, by the kernel's names; that of processes is the backend's."""
        return {
            "CPU": ceil(self.cpu_s),
            "AS": self.memory,
            "FSIZE": self.disk,
            "NOFILE": self.files,
        }


class Ending(StrEnum):
    """Why a program is no more."""

    EXIT = "exit"  # by itself, or by a signal
    WALL = "wall"  # killed: too long
    CPU = "cpu"  # killed by the kernel: too much computed
    OUTPUT = "output"  # killed: too much said


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a program."""

    ending: Ending
    status: int  # its exit code; minus the signal's number where a signal ended it
    stdout: bytes = b""
    stderr: bytes = b""
    wall_s: float = 0.0

    @property
    def well(self) -> bool:
        """It ended by itself and reports success."""
        return self.ending is Ending.EXIT and self.status == 0


class Fault(RuntimeError):
    """The sandbox failed, not the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Python source, what it reads, and the files beside it."""

    source: str
    stdin: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)
    links: tuple[int, ...] = ()  # open files that the program finds from descriptor 3 on

    def __post_init__(self) -> None:
        """Files lie beside the program, and nowhere else."""
        for name in self.files:
            if len(PurePosixPath(name).parts) != 1 or name in (".", "..", "/"):
                from whet.types import Refusal

                raise Refusal(f"program.files has {name!r}; give plain names without folders")


@runtime_checkable
class Sandbox(Protocol):
    """A place where a program of unknown intent can be run.  A backend is a value."""

    def run(self, program: Program, limits: Limits) -> Outcome:
        """Run it to its end.  Raises `Fault` where that can't be done, never for its failures."""
        ...

    def pair(self, tested: Program, harness: Program, limits: Limits) -> tuple[Outcome, Outcome]:
        """Run two at once, each confined by itself; descriptor 3 of each leads to the other."""
        ...

    def probe(self) -> str:
        """Why it doesn't work on this machine; empty where it does."""
        ...
