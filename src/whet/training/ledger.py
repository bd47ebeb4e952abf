"""The ledger: every rollout in parquet, every step in JSON lines, each metric with its denominator.

Rows have a place, so that a resumed run can delete the rows after its checkpoint.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import inf, isfinite
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from whet import durable
from whet.training import row_seals
from whet.training.rollout_rows import NAME, table_of
from whet.types import IntegrityError, Mean, Metrics, Rollout, UsageError

METRICS = "metrics.jsonl"
ROLLOUTS = "rollouts"
EVALUATIONS = "evaluations"

_PARTS = {"kind": str, "phase": int, "step": int, "metrics": dict}  # that every row has
_LAST = ("final", "former")  # kinds of rows that come after the checkpoint of their step
_STEP = re.compile(r"(?:step|periodic|final)-(\d+)")  # names of files

Place = tuple[int, int]
"""A phase and the steps done in it; places are ordered by time."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of a run folder: the run writes it, reports and the doctor read it."""

    folder: Path

    def write(
        self, kind: str, place: Place, metrics: Metrics, facts: Mapping[str, Any] | None = None
    ) -> None:
        """Add one row to metrics.jsonl; a mean is written with its value and its denominator."""
        row: dict[str, Any] = {"kind": kind, "phase": place[0], "step": place[1], **(facts or {})}
        row["metrics"] = {name: _number(mean) for name, mean in metrics.items()}
        durable.append(self.folder / METRICS, _line(row))

    def keep(
        self,
        name: str,
        step: int,
        groups: Sequence[Iterable[Rollout]],
        advantages: Mapping[str, Sequence[float]] | None = None,
    ) -> Path:
        """Write all rollouts of a step into one parquet file, atomically.

        `advantages` are given per rollout, by its id; the others have none.
        """
        target = self.folder / ROLLOUTS / f"{name}.parquet"
        partial = target.with_suffix(durable.PARTIAL)
        table = table_of(name, step, groups, advantages or {})
        with durable.writing(target):
            target.parent.mkdir(exist_ok=True)
            parquet.write_table(table, partial, write_page_checksum=True)
            durable.settle(partial, target)
        return target

    def evaluation(self, name: str) -> Path:
        """The file with the samples of an evaluation, such as `final-000080`."""
        return self.folder / EVALUATIONS / f"{name}.jsonl"

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row so far, without an incomplete last line.

        Raises `IntegrityError` for a line that is no row, and `UsageError` for a file that can't be
        read.
        """
        for _, row in self._lines():
            yield row

    def rewind(self, place: Place, checkpoint: Path | None = None) -> None:
        """Delete every row after `place`, and a last line that is incomplete.

        Of the rows that came after those of a checkpoint, only final evaluations are kept; none is
        where these are not its own, as after `--accept metrics`.
        """
        self._rewrite([line for line, kept, _ in self._sorted(place, checkpoint) if kept])

    def strays(self, place: Place, checkpoint: Path) -> int:
        """The number of rows after those of a checkpoint that are of earlier steps than it."""
        return sum(stray for _, _, stray in self._sorted(place, checkpoint))

    def _sorted(self, place: Place, checkpoint: Path | None) -> Iterator[tuple[bytes, bool, bool]]:
        """Every line, whether it is kept, and whether it is one that no run writes there."""
        held = row_seals.read(checkpoint / row_seals.SEALED) if checkpoint else {}
        own = not held or row_seals.fits(held, self._data())
        size = held.get("bytes", inf) if own else inf
        at, seen = 0, set[str]()
        for line, row in self._lines():
            at, kind, before = at + len(line), row["kind"], (row["phase"], row["step"]) <= place
            stray = before and at > size and (kind not in _LAST or kind in seen)
            seen.add(kind if at > size else "")
            yield line, before and not stray and (own or kind != "final"), stray

    def relabel(self, kind: str, new: str) -> None:
        """Rename the kind of some rows: a `final` row, when more steps follow."""
        self._rewrite(
            _line(row | {"kind": new}) if row["kind"] == kind else line
            for line, row in self._lines()
        )

    def mend(self, checkpoints: Iterable[Path]) -> str:
        """Cut off what is damaged after the rows of the newest checkpoint; the newest comes first.

        The result says what was; empty if nothing was.  A run makes those rows again.  Damage
        before them is left as it is: to go on without it would make many steps again.
        """
        data = self._data()
        size = row_seals.sealed(checkpoints, data)
        if size < 0:
            return ""
        odd, lines = "", data[size:].split(b"\n")[:-1]
        if self.is_broken():
            odd, lines = "are not those that the run ended with", []
        sound = [*takewhile(lambda line: _row_of(line) is not None, lines)]
        if len(sound) < len(lines):
            odd = "are damaged"
        if odd:
            kept = data[: size + sum(len(line) + 1 for line in sound)]
            self._rewrite([kept])
            return f"rows of {METRICS} after the first {kept.count(10)} {odd}; they are made again"
        return ""

    def end(self) -> None:
        """Seal the rows of a run that has ended."""
        row_seals.end(self.folder, self._data())

    def is_broken(self) -> bool:
        """Whether the run had ended, and its rows have changed since."""
        return row_seals.is_broken(self.folder, self._data())

    async def save(self, folder: Path) -> None:
        """Write into a checkpoint how long the file of the rows is, and its digest."""
        data = self._data()
        if data:
            durable.sync_path(self.folder / METRICS)
        held = json.dumps(row_seals.seal(data))
        (folder / row_seals.SEALED).write_text(held, encoding="utf-8")

    def differs(self, checkpoint: Path) -> str:
        """What has happened to the rows since a checkpoint was written; empty if nothing has."""
        path = self.folder / METRICS
        held = row_seals.read(checkpoint / row_seals.SEALED)  # older checkpoints have none
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return f"{path} is missing"
        except OSError as error:
            return f"{path} can't be read ({error.strerror})"
        fits = not held or row_seals.fits(held, data)
        return "" if fits else f"{path} has not the rows that it had then"

    def lost_files(self) -> list[str]:
        """The files of rollouts and samples that the rows tell of, and that are not theirs.

        They are missing, damaged, or of another step.
        """
        found: list[str] = []
        for row in self.rows():
            if row["kind"] == "sft":
                continue
            name = name_of(row)
            path = self.folder / ROLLOUTS / f"{name}.parquet"
            if not _is_whole(path, name):
                found.append(str(path))
            if row["kind"] != "step" and not _ends(path := self.evaluation(name)):
                found.append(str(path))
        return found

    def forget_after(self, done: int) -> None:
        """Delete rollouts and samples of steps that the run has not, which a kill has left."""
        with durable.writing(self.folder):
            for path in (*self.folder.glob(f"{ROLLOUTS}/*"), *self.folder.glob(f"{EVALUATIONS}/*")):
                if (named := _STEP.fullmatch(path.stem)) and int(named[1]) > done:
                    durable.remove(path)

    def _rewrite(self, lines: Iterable[bytes]) -> None:
        data = b"".join(lines)
        row_seals.unseal(self.folder)
        durable.write(self.folder / METRICS, data)

    def _data(self) -> bytes:
        path = self.folder / METRICS
        try:
            return path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise UsageError(f"{str(path)!r} can't be read ({error.strerror}); mend it") from error

    def _lines(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Every whole line with its row.  Only a line feed ends one: a text may have U+2028."""
        for number, line in enumerate(self._data().split(b"\n")[:-1], 1):
            if (row := _row_of(line)) is None:
                place = f"{self.folder / METRICS}, line {number}"
                raise IntegrityError(f"{place} is no row of a run; restore the file")
            yield line + b"\n", row


def _row_of(line: bytes) -> dict[str, Any] | None:
    """The row that a line is; None for one that is none."""
    try:
        row = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    sound = all(type(row.get(name)) is kind for name, kind in _PARTS.items())
    return row if sound and all(isinstance(m, dict) for m in row["metrics"].values()) else None


def name_of(row: Mapping[str, Any]) -> str:
    """The name of the files of a step or an evaluation: `step-000040`, `final-000080`."""
    kind = "final" if row["kind"] == "former" else row["kind"]
    return f"{kind}-{row['step']:06}"


def _is_whole(path: Path, name: str) -> bool:
    """Whether a file of rollouts can be read and is of that name; older ones do not say theirs."""
    try:
        held = parquet.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError):
        return False
    return held.get(NAME, name.encode()) == name.encode()


def _ends(path: Path) -> bool:
    """Whether a file of samples is there with its last line whole; it may have none."""
    try:
        return path.read_bytes()[-1:] in (b"", b"\n")
    except OSError:
        return False


def _line(row: Mapping[str, Any]) -> bytes:
    return (json.dumps(row, allow_nan=False) + "\n").encode()


def _number(mean: Mean) -> dict[str, float | None]:
    """A metric as JSON.  NaN, the mean over nothing, becomes null over 0."""
    return {"value": mean.value if isfinite(mean.value) else None, "of": mean.count}
