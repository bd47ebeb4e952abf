"""The metrics of a record of samples as files: a CSV table, the same in markdown, two charts."""

import csv
import os
from collections.abc import Iterator, Sequence
from io import StringIO
from math import isfinite
from pathlib import Path

from whet.evaluation.intervals import Estimate
from whet.evaluation.samples import Sample
from whet.types import UsageError
from whet.view.metric_table import MetricRow, curve_charts, metric_rows

_HEADS = ("metric", "at", "value", "low", "high", "least", "most", "known", "of")


def write_metrics(folder: Path, samples: Sequence[Sample]) -> tuple[Path, ...]:
    """Write metrics.csv, metrics.md and the charts of `samples` into a folder, each whole.

    `low` and `high` are the ends of the 95% interval.  The value lies from `least` to `most`
    whatever the missing verdicts are.  Raises `UsageError` for a folder that can't be written.
    """
    rows = metric_rows(samples)
    texts = {"metrics.csv": _csv(rows), "metrics.md": "\n".join(_markdown(rows)) + "\n"}
    for number, drawn in enumerate(filter(None, curve_charts(rows)), 1):
        texts[f"curve-{number}.svg"] = drawn
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(_written(folder / name, text) for name, text in texts.items())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(
            f"report is {str(folder)!r}, which can't be written ({reason}); give another folder"
        ) from error


def _written(path: Path, text: str) -> Path:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
    return path


def _csv(rows: Sequence[MetricRow]) -> str:
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_HEADS)
    for row in rows:
        table.writerow((row.metric, "" if row.at is None else row.at, *_numbers(row.estimate)))
    return text.getvalue()


def _numbers(found: Estimate) -> Iterator[str]:
    for value in (found.value, found.low, found.high, found.least, found.most):
        yield repr(value) if isfinite(value) else ""
    yield from (str(found.problems), str(found.of))


def _markdown(rows: Sequence[MetricRow]) -> Iterator[str]:
    yield "| metric | at | value [95% interval] |"
    yield "|---|---:|---|"
    for row in rows:
        at = "" if row.at is None else row.at
        yield f"| {row.metric} | {at} | {row.estimate} |"
