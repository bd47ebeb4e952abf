"""The samples of an evaluation as a JSONL file, one row each."""

import json
import os
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from whet import durable
from whet.evaluation.journal import Planned
from whet.evaluation.sample_rows import row_of, sample_of
from whet.evaluation.samples import Sample
from whet.types import UsageError

_HEAD = b'{"problem": '  # what every row that was written here begins with
_Key = tuple[str, bool, str]
_Rows = tuple[tuple[int, Sample], ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """What a file holds: the rows of whole tasks with their numbers, from 1 on."""

    rows: _Rows
    size: int  # bytes up to their end; a kill left the rest
    length: int  # bytes of the file
    ended: bool  # the last of the rows has an end of line


def read_samples(path: str | Path) -> tuple[Sample, ...]:
    """The samples of a file.

    What a killed evaluation left at the end is not read: a row without its end, and the rows of a
    task that are not all there.  Of a task that was sampled twice, the more samples count.

    Raises `UsageError` for a row that is no sample, with its number; for a row that repeats
    another, or is of another model; and for a file without a sample.
    """
    held = _read(Path(path))
    if not held.rows:
        raise UsageError(f"{str(path)!r} has no sample; give a file that `whet eval --out` wrote")
    chosen = _most(held.rows)
    return tuple(s for _, s in held.rows if s.rows == chosen[_key(s)])


def write_samples(path: Path, samples: Sequence[Sample]) -> None:
    """Write the samples of an evaluation that is done into one file, whole or not at all."""
    with durable.writing(path):
        path.parent.mkdir(exist_ok=True)
    durable.write(path, _lines(samples))


@dataclass(slots=True)
class SampleFile:
    """A journal in a file, which goes on where an evaluation was stopped.

    The rows of a task are appended at once when it has been played.  The file is left as it is
    until then, so a refused evaluation changes nothing.

    Raises `UsageError` for what `read_samples` refuses but an empty file, for a file with samples
    of another model, of other weights, or of other settings, and for one that can't be written.
    """

    path: Path
    _held: _Held = field(init=False)
    _known: dict[_Key, list[Sample]] = field(default_factory=dict)
    _length: int = 0  # bytes of the file as it was left here
    _begun: bool = False  # rows were appended here

    def __post_init__(self) -> None:
        self._held = _read(self.path) if self.path.exists() else _Held((), 0, 0, ended=True)
        self._length = self._held.length
        folder = self.path.absolute().parent
        if not folder.is_dir():
            raise UsageError(f"out is {str(self.path)!r}, in a folder that does not exist; make it")
        if not os.access(self.path if self.path.exists() else folder, os.W_OK):
            raise UsageError(f"out is {str(self.path)!r}, which can't be written; give another")
        chosen = _most(self._held.rows)
        for _, sample in self._held.rows:
            if sample.rows == chosen[_key(sample)]:
                self._known.setdefault(_key(sample), []).append(sample)

    def found(self, planned: Planned) -> Sequence[Sample] | None:
        """The rows of a task with these seeds, where all of them are there."""
        self._insist(planned)
        held = self._known.get((planned.name, planned.greedy, planned.strategy), [])
        if any(sample.seat for sample in held):  # a seat may speak in some of the plays only
            whole = max(sample.index for sample in held) + 1 == len(planned.seeds)
            return held if whole else None
        by_index = {sample.index: sample for sample in held}
        pairs = [(by_index[i], seed) for i, seed in enumerate(planned.seeds) if i in by_index]
        if any(sample.seed != seed for sample, seed in pairs):
            raise UsageError(
                f"{str(self.path)!r} has problem {planned.name!r:.60} with other seeds, so its "
                "prompt has changed; give --out another file"
            )
        return [s for s, _ in pairs] if len(pairs) == len(planned.seeds) else None

    def keep(self, planned: Planned, samples: Sequence[Sample]) -> None:
        """Append the rows, unless they are there; a seat that is silent is played again."""
        key = (planned.name, planned.greedy, planned.strategy)
        if any(one.rows == len(samples) for one in self._known.get(key, ())):
            return
        try:
            self._append(_lines(samples))
        except OSError as error:
            raise UsageError(
                f"out is {str(self.path)!r}, which can't be written ({error.strerror}); what it "
                "has stays, and the same command goes on from there"
            ) from error

    def _append(self, lines: bytes) -> None:
        with self.path.open("r+b" if self.path.exists() else "xb") as file:
            if (found := file.seek(0, os.SEEK_END)) != self._length:
                raise UsageError(
                    f"out is {str(self.path)!r}, which another process has written to ({found} "
                    f"bytes, not {self._length}); give each evaluation a file of its own"
                )
            if not self._begun:
                file.truncate(self._held.size)
                file.seek(self._held.size)
                file.write(b"" if self._held.ended else b"\n")
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
            self._length, self._begun = file.tell(), True

    def revise(self, samples: Sequence[Sample]) -> None:
        """Write the file anew, atomically: with these samples, and with all others as they are."""
        if not samples:
            return
        revised = {_played(sample): sample for sample in samples}
        held = read_samples(self.path)
        write_samples(self.path, [revised.get(_played(sample), sample) for sample in held])
        self._length, self._begun = self.path.stat().st_size, True

    def _insist(self, planned: Planned) -> None:
        """Raise `UsageError` where the file is of another evaluation."""
        for number, sample in self._held.rows[:1]:  # the others agree with it
            for name in ("policy", "setting"):
                if (held := getattr(sample, name)) != (asked := getattr(planned, name)):
                    raise UsageError(
                        f"{str(self.path)!r}, row {number}: {name} is {held!r}, but this "
                        f"evaluation's is {asked!r}; give --out another file"
                    )


def _played(sample: Sample) -> tuple[object, ...]:
    """What tells a sample from all others: equal ones are of the same play."""
    place = (sample.problem, sample.greedy, sample.strategy, sample.index, sample.seed)
    return (*place, sample.model, sample.policy, sample.setting)


def _key(sample: Sample) -> _Key:
    name = sample.problem.removesuffix(f"@{sample.seat}" if sample.seat else "")
    return name, sample.greedy, sample.strategy


def _lines(samples: Sequence[Sample]) -> bytes:
    """The rows; half of a character, which a server may send, is written as JSON's escape."""
    text = "".join(f"{row_of(sample)}\n" for sample in samples)
    return text.encode(errors="backslashreplace")


def _most(rows: _Rows) -> Mapping[_Key, int]:
    """Of every task the largest number of rows that were recorded together."""
    found: dict[_Key, int] = {}
    for _, sample in rows:
        found[_key(sample)] = max(sample.rows, found.get(_key(sample), 0))
    return found


def _read(path: Path) -> _Held:
    """The rows of a file, checked one by one and together."""
    data = _bytes(path)
    places = [*_placed(path, data)]
    end = _torn_task([sample for _, _, sample in places])
    rows = tuple((number, sample) for number, _, sample in places[:end])
    last = data.rfind(b"\n") + 1
    size = places[end][1] if end < len(places) else last if _is_torn(data[last:]) else len(data)
    _check(rows, path)
    return _Held(rows, size, len(data), ended=data[:size].endswith(b"\n") or not size)


def _bytes(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise UsageError(f"{str(path)!r} is no file; give a file of samples")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{str(path)!r} can't be read ({error.strerror}); give a file") from error
    if data.startswith(BOM_UTF8):
        raise UsageError(
            f"{str(path)!r}, row 1 begins with a byte order mark; save the file as UTF-8 without it"
        )
    return data


def _placed(path: Path, data: bytes) -> Iterator[tuple[int, int, Sample]]:
    """The number of each row, the place of its first byte, and its sample; of a torn row none."""
    at = 0
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        torn = number == len(lines) and _is_torn(line)
        if line.strip() and not torn:
            yield number, at, sample_of(line, f"{str(path)!r}, row {number}")
        at += len(line) + 1


def _is_torn(line: bytes) -> bool:
    """Whether a last line without its end is what was written of a row, and not all of it."""
    if not (line.startswith(_HEAD) or _HEAD.startswith(line)):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False


def _torn_task(samples: Sequence[Sample]) -> int:
    """The number of samples without those of a last task that are not all there."""
    count = 0
    for sample in reversed(samples):
        if (_key(sample), sample.rows) != (_key(samples[-1]), samples[-1].rows):
            break
        count += 1
    return len(samples) - (count if samples and count < samples[-1].rows else 0)


def _check(rows: _Rows, path: Path) -> None:
    """Raise `UsageError` for rows of several models, rows twice, and tasks with rows missing.

    A model is known by the digest of its weights, and without one by its name.
    """
    tasks = Counter((_key(sample), sample.rows) for _, sample in rows)
    seen: dict[tuple[str, bool, str, int, int], int] = {}
    for number, sample in rows:
        place, (first, model) = f"{str(path)!r}, row {number}", rows[0]
        for name in ("policy" if model.policy else "model", "setting"):
            if (held := getattr(sample, name)) != (other := getattr(model, name)):
                raise UsageError(
                    f"{place}: {name} is {held!r}, but that of row {first} is {other!r}; give "
                    "each model a file of its own"
                )
        key = sample.problem, sample.greedy, sample.strategy, sample.index, sample.rows
        if (before := seen.setdefault(key, number)) != number:
            raise UsageError(
                f"{place} repeats problem {sample.problem!r:.60}, sample {sample.index}, of row "
                f"{before}; take one of them out"
            )
        if (count := tasks[_key(sample), sample.rows]) != sample.rows and sample.rows:
            raise UsageError(
                f"{place}: problem {sample.problem!r:.60} has {count} of its {sample.rows} rows; "
                "take them out, and evaluate it again"
            )
