"""The rows of a study: one JSON line for each arm and seed, appended when its run has ended.

Several processes may write one file.  A line is written whole, under a lock of the file, and
synced to the disk.  A last line without its end is what a killed process left: it is cut off.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

from whet.types import UsageError

Cell = tuple[str, int]
"""An arm and a seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRow:
    """What the run of an arm at a seed came to."""

    study: str
    tier: str
    arm: str
    seed: int
    settings: str  # the digest of the arm's resolved settings and the endpoint's
    endpoint: float | None  # None: the run was stopped
    secondary: Mapping[str, float] = field(default_factory=dict)  # those that are finite
    weights: str = ""  # the digest of the final weights
    tokens: int = 0  # that were sampled to train, evaluations not counted
    cpu_seconds: float = 0.0  # of the process that ended the run, evaluations included
    warmup_cpu_seconds: float = 0.0  # of a warm-up, on the row of the process that made it
    resumed: bool = False  # another process began the run, and its seconds are not counted
    stopped: str = ""  # why the run can't be believed; empty: it is complete
    commit: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)  # of whet and of the libraries

    @property
    def cell(self) -> Cell:
        """The arm and the seed."""
        return self.arm, self.seed


@dataclass(frozen=True, slots=True)
class RowFile:
    """The file of the rows of a study."""

    path: Path

    def rows(self) -> tuple[StudyRow, ...]:
        """All rows, without an incomplete last line.

        Raises `UsageError` for a line that is no row, and for a second row of an arm and a seed,
        with its number.
        """
        try:
            text = self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise UsageError(f"{str(self.path)!r} can't be read: {error.strerror}") from error
        lines = text.splitlines(keepends=True)
        found = [self._row(i, line) for i, line in enumerate(lines, 1) if line.endswith(b"\n")]
        places: dict[Cell, int] = {}
        for number, row in enumerate(found, 1):
            before = places.setdefault(row.cell, number)
            if before != number:
                raise self._wrong(
                    number,
                    f"is of arm {row.arm!r} and seed {row.seed}, as row "
                    f"{before} is; delete one of them",
                )
        return tuple(found)

    def append(self, row: StudyRow) -> None:
        """Write a row, unless the file has one of its arm and seed."""
        line = json.dumps(_plain(asdict(row)), allow_nan=False, ensure_ascii=False)
        with self._locked() as file:
            if row.cell in {one.cell for one in self.rows()}:
                return
            end = _whole_lines(file)
            file.truncate(end)
            file.seek(end)
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
        except OSError as error:
            raise UsageError(
                f"rows {str(self.path)!r} can't be written: {error.strerror}; give another --out"
            ) from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)  # the end of the process releases it
            yield file

    def _row(self, number: int, line: bytes) -> StudyRow:
        try:
            held = json.loads(line)
        except ValueError as error:
            raise self._wrong(number, f"is no JSON: {error}; delete that line") from error
        if not isinstance(held, dict):
            raise self._wrong(number, "is no JSON object; delete that line")
        known = {f.name for f in fields(StudyRow)}
        odd = sorted(held.keys() - known) + sorted(_NEEDED.keys() - held.keys())
        if odd:
            told = "is missing" if odd[0] in _NEEDED else "is unknown"
            raise self._wrong(number, f"is no row of a study: {odd[0]} {told}; delete that line")
        for name, kinds in _NEEDED.items():
            if not isinstance(held[name], kinds) or isinstance(held[name], bool):
                raise self._wrong(number, f"has the {name} {held[name]!r}; delete that line")
        if held["endpoint"] is not None and not isfinite(held["endpoint"]):
            raise self._wrong(number, f"has the endpoint {held['endpoint']}; delete that line")
        if (held["endpoint"] is None) != bool(held.get("stopped")):
            raise self._wrong(
                number,
                "must have either an endpoint, or the reason why it was stopped; delete that line",
            )
        return StudyRow(**held)

    def _wrong(self, number: int, told: str) -> UsageError:
        return UsageError(f"{self.path}, row {number} {told}")


_NEEDED: Mapping[str, Any] = {
    "study": str,
    "tier": str,
    "arm": str,
    "seed": int,
    "settings": str,
    "endpoint": (float, int, type(None)),
}


def _plain(held: dict[str, Any]) -> dict[str, Any]:
    """The fields without empty ones, and the secondary numbers that are finite."""
    numbers = {name: x for name, x in held["secondary"].items() if isfinite(x)}
    return {n: x for n, x in {**held, "secondary": numbers}.items() if n in _NEEDED or x}


def _whole_lines(file: BinaryIO) -> int:
    """The end of the last line that is whole."""
    file.seek(0)
    return file.read().rfind(b"\n") + 1
