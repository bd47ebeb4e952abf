"""The ledger: every rollout in parquet, every step in JSON lines, each metric with its denominator.

Rows have a place, so that a resumed run can delete the rows after its checkpoint.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from math import isfinite
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from whet import durable
from whet.training.as_json import to_json
from whet.types import IntegrityError, Mean, Metrics, Rollout, Span, UsageError, Verdict

METRICS = "metrics.jsonl"
ROLLOUTS = "rollouts"
EVALUATIONS = "evaluations"

_SEALED = "ledger.json"  # in a checkpoint
_PLACED = {"kind", "phase", "step", "metrics"}  # what every row has

Place = tuple[int, int]
"""A phase and the steps done in it; places are ordered by time."""

_SPAN = pa.struct([("tokens", pa.int32()), ("version", pa.int32()), ("digest", pa.string())])
_ACT = pa.struct(
    [
        ("start", pa.int32()),
        ("stop", pa.int32()),
        ("message", pa.int32()),
        ("state", pa.string()),
        ("finish", pa.string()),
    ]
)

SCHEMA = pa.schema(
    [
        ("step", pa.int32()),
        ("group", pa.int32()),
        ("task_id", pa.string()),
        ("id", pa.string()),
        ("seat", pa.string()),
        ("parent", pa.string()),
        ("forked_at", pa.int32()),
        ("turns", pa.list_(pa.string())),
        ("messages", pa.string()),  # JSON
        ("acts", pa.list_(_ACT)),
        ("task", pa.string()),  # JSON, in the first row of its group
        ("shown", pa.string()),  # JSON
        ("play_seed", pa.int64()),
        ("answer", pa.string()),
        ("token_ids", pa.list_(pa.int32())),
        ("action_mask", pa.list_(pa.bool_())),
        ("behaviour_logp", pa.list_(pa.float32())),
        ("entropy", pa.list_(pa.float32())),
        ("spans", pa.list_(_SPAN)),
        ("advantage", pa.list_(pa.float32())),
        ("temperature", pa.float32()),
        ("max_episode_tokens", pa.int32()),
        ("finish", pa.string()),
        ("seed", pa.int64()),
        ("score", pa.float32()),
        ("correct", pa.bool_()),
        ("reason", pa.string()),
        ("note", pa.string()),
        ("parts", pa.string()),
        ("turn_rewards", pa.list_(pa.float32())),
        ("cost_ms", pa.float32()),
    ]
)


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
        known = advantages or {}
        rows = [
            {**_row(step, number, rollout, known.get(rollout.id)), "task": task}
            for number, group in enumerate(groups)
            for rollout, task in _with_task(group)
        ]
        target = self.folder / ROLLOUTS / f"{name}.parquet"
        partial = target.with_suffix(durable.PARTIAL)
        table = pa.Table.from_pylist(rows, SCHEMA)
        with durable.writing(target):
            target.parent.mkdir(exist_ok=True)
            parquet.write_table(table, partial, write_page_checksum=True)
            durable.settle(partial, target)
        return target

    def evaluation(self, name: str, step: int) -> Path:
        """The file with the samples of an evaluation."""
        return self.folder / EVALUATIONS / f"{name}-{step:06}.jsonl"

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row so far, without an incomplete last line.

        Raises `IntegrityError` for a line that is no row, and `UsageError` for a file that can't be
        read.
        """
        for _, row in self._lines():
            yield row

    def rewind(self, place: Place) -> None:
        """Delete every row after `place`, and a last line that is incomplete."""
        self._rewrite(lambda row: (row["phase"], row["step"]) <= place)

    def relabel(self, kind: str, new: str) -> None:
        """Rename the kind of some rows: a `final` row, when more steps follow."""
        lines = [
            _line(row | {"kind": new}) if row["kind"] == kind else line
            for line, row in self._lines()
        ]
        durable.write(self.folder / METRICS, b"".join(lines))

    async def save(self, folder: Path) -> None:
        """Write into a checkpoint how long the file of the rows is, and its digest."""
        path = self.folder / METRICS
        data = path.read_bytes() if path.is_file() else b""
        if data:
            durable.sync_path(path)
        held = {"bytes": len(data), "digest": blake2b(data).hexdigest()}
        (folder / _SEALED).write_text(json.dumps(held), encoding="utf-8")

    def differs(self, checkpoint: Path) -> str:
        """What has happened to the rows since a checkpoint was written; empty if nothing has."""
        try:
            held = json.loads((checkpoint / _SEALED).read_text(encoding="utf-8"))
            data = (self.folder / METRICS).read_bytes()
        except FileNotFoundError as error:
            own = str(error.filename).endswith(METRICS)
            return f"{error.filename} is missing" if own else ""  # older checkpoints have no seal
        except OSError as error:
            return f"{error.filename} can't be read ({error.strerror})"
        same = blake2b(data[: held["bytes"]]).hexdigest() == held["digest"]
        return "" if same else f"{self.folder / METRICS} has not the rows that it had then"

    def lost_rollouts(self) -> list[str]:
        """The files of rollouts that the rows tell of, and that are not there or damaged."""
        found: list[str] = []
        for row in self.rows():
            path = self.folder / ROLLOUTS / f"{name_of(row)}.parquet"
            if row["kind"] == "sft":
                continue
            try:
                parquet.read_metadata(path)
            except (pa.ArrowException, OSError):
                found.append(str(path))
        return found

    def _rewrite(self, keeps: Callable[[Mapping[str, Any]], bool]) -> None:
        durable.write(
            self.folder / METRICS, b"".join(line for line, row in self._lines() if keeps(row))
        )

    def _lines(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Every whole line with its row.  Only a line feed ends one: a text may have U+2028."""
        path = self.folder / METRICS
        try:
            data = path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise UsageError(f"{str(path)!r} can't be read ({error.strerror}); mend it") from error
        for number, line in enumerate(data.split(b"\n")[:-1], 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise IntegrityError(f"{path}, line {number} is no JSON: {error}") from error
            if not isinstance(row, dict) or not row.keys() >= _PLACED:
                raise IntegrityError(f"{path}, line {number} is no row; restore it")
            yield line + b"\n", row


def name_of(row: Mapping[str, Any]) -> str:
    """The name of the files of a step or an evaluation: `step-000040`, `final-000080`."""
    kind = "final" if row["kind"] == "former" else row["kind"]
    return f"{kind}-{row['step']:06}"


def _line(row: Mapping[str, Any]) -> bytes:
    return (json.dumps(row, allow_nan=False) + "\n").encode()


def _number(mean: Mean) -> dict[str, float | None]:
    """A metric as JSON.  NaN, the mean over nothing, becomes null over 0."""
    return {"value": mean.value if isfinite(mean.value) else None, "of": mean.count}


def _row(
    step: int, group: int, rollout: Rollout, advantage: Sequence[float] | None
) -> dict[str, Any]:
    verdict = rollout.verdict
    return {
        "step": step,
        "group": group,
        "task_id": rollout.task.id,
        "turns": rollout.turns,
        "messages": _as_json(rollout.messages),
        "acts": [asdict(act) for act in rollout.acts],
        "shown": _as_json(rollout.shown),
        "play_seed": rollout.play_seed,
        "answer": rollout.task.answer,
        "id": rollout.id,
        "seat": rollout.seat,
        "parent": rollout.parent,
        "forked_at": rollout.forked_at,
        "token_ids": rollout.token_ids,
        "action_mask": rollout.action_mask,
        "behaviour_logp": rollout.behaviour_logp,
        "entropy": rollout.entropy,
        "spans": [_span(span) for span in rollout.spans],
        "advantage": advantage,
        "temperature": rollout.decoding.logp_temperature,
        "max_episode_tokens": rollout.decoding.max_episode_tokens,
        "finish": str(rollout.finish),
        "seed": rollout.seed,
        "score": rollout.score if verdict else None,
        "correct": verdict.correct if verdict else None,
        "reason": str(verdict.reason) if verdict else None,
        "note": verdict.note if verdict else None,
        "parts": _parts(verdict) if verdict else None,
        "turn_rewards": verdict.turn_rewards if verdict else None,
        "cost_ms": verdict.cost_ms if verdict else None,
    }


def _with_task(group: Iterable[Rollout]) -> Iterator[tuple[Rollout, str | None]]:
    """Each rollout, the first one with its task as JSON."""
    for number, rollout in enumerate(group):
        yield rollout, None if number else _as_json(rollout.task)


def _as_json(value: Any) -> str | None:
    """A value as JSON; None for one that JSON can't hold, such as a task of a user's own type."""
    try:
        return json.dumps(to_json(value), ensure_ascii=True)
    except UsageError:
        return None


def _parts(verdict: Verdict) -> str:
    """The number, or None (null in JSON) for NaN."""
    return json.dumps({name: x if isfinite(x) else None for name, x in verdict.parts.items()})


def _span(span: Span) -> dict[str, Any]:
    """The policy version of each token; null for tokens that the policy did not sample."""
    version = span.version
    return {
        "tokens": span.tokens,
        "version": None if version is None else version.step,
        "digest": None if version is None else version.digest,
    }
