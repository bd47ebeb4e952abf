"""BFCL's file of possible answers: for each question the calls, with the values they may have."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from whet.data.benchmark_row import BenchmarkRow
from whet.data.formats.json_lines import json_lines
from whet.types import UsageError

_CARD = "possible answers of BFCL"
_FORM = "give a list of objects {function: {argument: [value, …]}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PossibleAnswers:
    """The wanted calls of each question, by its id, and the file that has them."""

    path: str
    calls: Mapping[str, Sequence[Mapping[str, Mapping[str, Any]]]]


@lru_cache(maxsize=8)
def possible_answers(path: str, stamped: int) -> PossibleAnswers:
    """The answers of a file of JSON Lines, whatever its name ends in; read again after a change.

    Raises `UsageError` for a row of another form, and for an id that stands twice.
    """
    del stamped
    found: dict[str, Sequence[Mapping[str, Mapping[str, Any]]]] = {}
    for number, values in _lines(path):
        if isinstance(values, UsageError):
            raise values
        row = BenchmarkRow(place=f"{Path(path).name}:{number}", values=values, card=_CARD)
        name = row.text("id")
        if name in found:
            raise row.wrong("id", "it stands twice; take one out")
        found[name] = _calls(row)
    return PossibleAnswers(path=path, calls=found)


def _lines(path: str) -> Iterator[tuple[int, Mapping[str, Any] | UsageError]]:
    try:
        yield from json_lines(Path(path))
    except OSError as error:
        reason = " ".join(str(error.strerror or error).split())
        raise UsageError(f"bfcl.answers is {path!r}, which can't be read: {reason:.200}") from error


def _calls(row: BenchmarkRow) -> Sequence[Mapping[str, Mapping[str, Any]]]:
    held = row.value("ground_truth")
    if not isinstance(held, list) or not held:
        raise row.wrong("ground_truth", _FORM)
    for call in held:
        if not isinstance(call, Mapping) or len(call) != 1:
            raise row.wrong("ground_truth", _FORM)
        [arguments] = call.values()
        if not isinstance(arguments, Mapping):
            raise row.wrong("ground_truth", _FORM)
        if any(not isinstance(values, list) for values in arguments.values()):
            raise row.wrong("ground_truth", f"an argument has no list of values; {_FORM}")
    return held
