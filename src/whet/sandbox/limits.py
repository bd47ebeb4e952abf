"""Limits, outcomes and the interface of sandboxes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from math import ceil, isfinite
from pathlib import PurePosixPath
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Resource limits of a program.

    CPU time, memory and file size are limits per process. Wall time, number of processes, disk and
    output are limits of the whole program.
    """

    wall_s: float = 10.0
    cpu_s: float = 5.0
    memory: int = 1 << 30  # address space, bytes
    disk: int = 64 << 20  # bytes
    files: int = 64  # open files
    processes: int = 16  # including threads
    output: int = 1 << 20  # bytes of stdout, and of stderr

    def __post_init__(self) -> None:
        least = {"memory": 64 << 20, "files": 8, "processes": 1, "output": 1, "disk": 1 << 16}
        for name in (f.name for f in fields(self)):
            value, floor = getattr(self, name), least.get(name, 0.01)
            if not (isfinite(value) and value >= floor):
                from whet.types import UsageError

                raise UsageError(
                    f"limits.{name} is {value}; give a finite number, {floor:g} or more"
                )

    def kernel(self) -> dict[str, int]:
        """Limits per process by the kernel's names; the backend sets the number of processes."""
        return {
            "CPU": ceil(self.cpu_s),
            "AS": self.memory,
            "FSIZE": self.disk,
            "NOFILE": self.files,
        }


class Ending(StrEnum):
    """How a program ended."""

    EXIT = "exit"  # by itself, or by a signal
    WALL = "wall"  # killed at the wall-time limit
    CPU = "cpu"  # killed by the kernel at the CPU limit
    OUTPUT = "output"  # killed at the output limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramResult:
    """The result of a program."""

    ending: Ending
    status: int  # exit code, or minus the number of the signal that ended it
    stdout: bytes = b""
    stderr: bytes = b""
    wall_s: float = 0.0

    @property
    def well(self) -> bool:
        """True if the program ended by itself with status 0."""
        return self.ending is Ending.EXIT and self.status == 0


class SandboxFault(OSError):
    """A failure of the sandbox, not of the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Python source, its stdin, and files in its folder."""

    source: str
    stdin: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)
    links: tuple[int, ...] = ()  # open descriptors, numbered from 3 in the program

    def __post_init__(self) -> None:
        for name in self.files:
            if len(PurePosixPath(name).parts) != 1 or name in (".", "..", "/"):
                from whet.types import UsageError

                raise UsageError(f"program.files has {name!r}; give plain names without folders")


@runtime_checkable
class Sandbox(Protocol):
    """A place to run an untrusted program. A backend is a value."""

    def run(self, program: Program, limits: Limits) -> ProgramResult:
        """Run the program to its end.

        Raises `SandboxFault` if the sandbox fails, not if the program does.
        """
        ...

    def pair(
        self, tested: Program, harness: Program, limits: Limits
    ) -> tuple[ProgramResult, ProgramResult]:
        """Run two separately confined programs; descriptor 3 of each leads to the other."""
        ...

    def probe(self) -> str:
        """Why the sandbox does not work on this machine; empty if it does."""
        ...
