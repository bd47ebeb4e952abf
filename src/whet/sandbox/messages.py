"""What a session is told, what it answers, and the limits of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from math import isfinite
from pathlib import PurePosixPath
from typing import Any

_LEAST = {"memory": 64 << 20, "disk": 1 << 16, "entries": 8, "open_files": 16, "output": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """Resource limits of a session.

    The first five hold for each message, the others for the whole session.  A program that sleeps
    is stopped after `idle_s` in which none of its processes ran or waited for a core.  So a slow
    machine stops no program; a message that takes `wall_s` is a fault of the machine.
    """

    cpu_s: float = 5.0  # of all processes together
    idle_s: float = 10.0
    wall_s: float = 120.0
    output: int = 4000  # characters; the middle of more is left out
    written: int = 64 << 20  # bytes of output, shown or not
    memory: int = 1 << 30  # bytes: address space of a process, and memory of all of them
    disk: int = 64 << 20  # bytes of the session's folder
    entries: int = 4096  # files and folders in it
    open_files: int = 64  # of a process
    processes: int = 16  # including threads

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value, floor = getattr(self, name), _LEAST.get(name, 0.01)
            if not (isfinite(value) and value >= floor):
                from whet.types import UsageError

                raise UsageError(
                    f"limits.{name} is {value}; give a finite number, {floor:g} or more"
                )

    def kernel(self) -> dict[str, int]:
        """Limits of a process by the kernel's names.

        CPU time is no such limit: a program could raise it again.  It is measured from outside.
        """
        return {"AS": self.memory, "FSIZE": self.disk, "NOFILE": self.open_files}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFolder:
    """Files of a session's folder at its start: paths below the folder, and their text.

    `locked` names those that no program of the session can change.  `commands` are folders of the
    machine whose executables programs can run; without any, programs can run none.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    locked: frozenset[str] = frozenset()
    commands: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.files:
            parts = PurePosixPath(name).parts
            plain = name == "/".join(parts) and "\0" not in name
            if not plain or not parts or parts[0] == "/" or ".." in parts:
                self._refuse("files", name, "give plain paths below the folder")
        for name in sorted(self.locked - set(self.files)):
            self._refuse("locked", name, "name files of the folder")

    def _refuse(self, what: str, name: str, remedy: str) -> None:
        from whet.types import UsageError

        raise UsageError(f"folder.{what} has {name!r}; {remedy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Python source for the session's interpreter, which keeps its names."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionScript:
    """Python source for a process of its own, with `arguments` as a global name."""

    source: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class StopReason(StrEnum):
    """How the processing of a message ended."""

    DONE = "done"
    ENDED = "the interpreter ended"
    CPU = "cpu"
    IDLE = "idle"
    OUTPUT = "output"
    MEMORY = "memory"
    ENTRIES = "entries"
    OUTLIVED = "threads or processes outlived the message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The answer to a message.

    After a `Cell`, every stop but DONE means that the next cell gets a new interpreter.
    """

    stop: StopReason
    output: str  # stdout and stderr, as they came
    status: int | None = None  # exit code of a process, or minus the signal that ended it
