"""The samples of an evaluation as a JSONL file, one row each."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from math import isfinite, nan
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from whet.evaluation.journal import Planned
from whet.evaluation.samples import Sample
from whet.types import Finish, Reason, UsageError

_NUMBERS = frozenset({"score", "logp", "confidence"})  # null in the file where they are NaN
_Key = tuple[str, bool]


def read_samples(path: str | Path) -> tuple[Sample, ...]:
    """The samples of a file.

    A last line without its end is what a killed evaluation left: it is not read.  A task that was
    cut off within its rows was played again: of rows of the same sample the last one counts.
    Raises `UsageError` for a row that is no sample, with its number, and for a file without a
    sample.
    """
    found = {_played(sample): sample for _, sample in _rows(Path(path))}
    if not found:
        raise UsageError(f"{str(path)!r} has no sample; give a file that `whet eval --out` wrote")
    return tuple(found.values())


def write_samples(path: Path, samples: Sequence[Sample]) -> None:
    """Write the samples of an evaluation that is done into one file, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(_lines(samples))
    os.replace(partial, path)


@dataclass(slots=True)
class SampleFile:
    """A journal in a file, which goes on where an evaluation was stopped.

    The rows of a task are appended at once when it has been played.  Raises `UsageError` for a file
    with samples of another model, of other weights, or of other settings.
    """

    path: Path
    _known: dict[_Key, list[Sample]] = field(default_factory=dict)
    _first: tuple[int, Sample] | None = None

    def __post_init__(self) -> None:
        if not self.path.exists():
            if not self.path.absolute().parent.is_dir():
                raise UsageError(f"out is {str(self.path)!r}, in a folder that does not exist")
            return
        _without_torn_line(self.path)
        for number, sample in _rows(self.path):
            self._first = self._first or (number, sample)
            self._known.setdefault(_key(sample), []).append(sample)

    def found(self, planned: Planned) -> Sequence[Sample] | None:
        """The complete rows of a task; incomplete ones are played again."""
        self._insist(planned)
        held = self._known.get((planned.name, planned.greedy), [])
        if not held:
            return None
        newest = held[-held[-1].rows :]
        if len(newest) != held[-1].rows or len({s.rows for s in newest}) > 1:
            return None
        if {sample.seed for sample in newest} - set(planned.seeds) and not newest[0].seat:
            return None
        return newest if max(s.index for s in newest) + 1 >= len(planned.seeds) else None

    def keep(self, planned: Planned, samples: Sequence[Sample]) -> None:
        with self.path.open("ab") as file:
            file.write(_lines(samples))
            file.flush()
            os.fsync(file.fileno())

    def revise(self, samples: Sequence[Sample]) -> None:
        """Write the file anew, atomically: with these samples, and with all others as they are."""
        if not samples:
            return
        revised = {_played(sample): sample for sample in samples}
        held = read_samples(self.path)
        write_samples(self.path, [revised.get(_played(sample), sample) for sample in held])

    def _insist(self, planned: Planned) -> None:
        """Raise `UsageError` where the file is of another evaluation."""
        if self._first is None:
            return
        number, sample = self._first
        for name in ("policy", "setting"):
            if (held := getattr(sample, name)) != (asked := getattr(planned, name)):
                raise UsageError(
                    f"{str(self.path)!r}, row {number}: {name} is {held!r}, but this evaluation's "
                    f"is {asked!r}; give --out another file"
                )


def _played(sample: Sample) -> tuple[object, ...]:
    """What tells a sample from all others: equal ones are of the same play."""
    place = (sample.problem, sample.greedy, sample.index, sample.seed)
    return (*place, sample.model, sample.policy, sample.setting)


def _key(sample: Sample) -> _Key:
    return sample.problem.removesuffix(f"@{sample.seat}" if sample.seat else ""), sample.greedy


def _lines(samples: Sequence[Sample]) -> bytes:
    rows = (json.dumps(_row(sample), ensure_ascii=False) + "\n" for sample in samples)
    return "".join(rows).encode()


def _row(sample: Sample) -> dict[str, Any]:
    """A row of the file; NaN is null."""
    held = asdict(sample)
    return {
        name: None if name in _NUMBERS and not isfinite(value) else value
        for name, value in held.items()
    }


def _rows(path: Path) -> Iterator[tuple[int, Sample]]:
    """The samples with the numbers of their rows, from 1 on; of a torn last line none."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(f"{str(path)!r} can't be read ({error.strerror}); give a file") from error
    for number, line in enumerate(lines[:-1], 1):
        if line.strip():
            yield number, _sample(line, f"{str(path)!r}, row {number}")


def _without_torn_line(path: Path) -> None:
    """Cut off a last line without its end, so that the next row begins a line."""
    held = path.read_bytes()
    if held and not held.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(held.rfind(b"\n") + 1)


def _sample(line: bytes, place: str) -> Sample:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{place} is no JSON ({error}); take the row out") from error
    if not isinstance(row, dict):
        raise UsageError(f"{place} is {row!r:.40}; give an object with the fields of a sample")
    return Sample(**{name: _value(name, row, place) for name in _TYPES})


_TYPES: Mapping[str, Any] = get_type_hints(Sample)
_DEFAULTS = {f.name: f.default for f in fields(Sample)}


def _value(name: str, row: Mapping[str, Any], place: str) -> Any:
    if name not in row:
        if _DEFAULTS[name] is MISSING:
            raise UsageError(f"{place} has no {name}; give a file that `whet eval --out` wrote")
        return _DEFAULTS[name]
    value, kind = row[name], _TYPES[name]
    if kind in (Finish, Reason):
        return _named(name, value, kind, place)
    if name in _NUMBERS and value is None:
        return nan
    if get_origin(kind) is tuple:
        return _several(name, value, get_args(kind)[0], place)
    return _single(name, value, kind, place)


def _several(name: str, value: object, kind: Any, place: str) -> tuple[Any, ...]:
    """A list of the file, as a tuple."""
    if not isinstance(value, list):
        raise UsageError(f"{place}: {name} is {value!r:.40}; give a list")
    return tuple(_single(name, item, kind, place) for item in value)


def _single(name: str, value: Any, kind: Any, place: str) -> Any:
    wanted = get_args(kind) or (kind,)
    number = float in wanted and isinstance(value, int) and not isinstance(value, bool)
    if not number and not any(type(value) is one for one in wanted):
        names = " or ".join("null" if one is NoneType else one.__name__ for one in wanted)
        raise UsageError(f"{place}: {name} is {value!r:.40}; give {names}")
    if isinstance(value, float) and not isfinite(value):
        raise UsageError(f"{place}: {name} is {value}; give a finite number, or null")
    return float(value) if number else value


def _named(name: str, value: object, kind: type[Finish] | type[Reason], place: str) -> Any:
    known = [str(one) for one in kind]
    if value not in known:
        raise UsageError(f"{place}: {name} is {value!r:.40}; give one of {', '.join(known)}")
    return kind(value)
