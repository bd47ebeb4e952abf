"""A sample as a row of a JSONL file, and a row as a sample."""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields
from math import inf, isfinite, isnan, nan
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from whet.evaluation.samples import Sample
from whet.types import Finish, Reason, UsageError

NUMBERS = frozenset({"score", "logp", "confidence", "selection"})
"""The fields that are null in the file where they are NaN."""

_MOST = 2**63  # of a whole number: every reader of the file can hold it
_COUNTS = ("index", "rows", "seed", "max_new_tokens", "tokens", "prompt_tokens")
_TYPES: Mapping[str, Any] = get_type_hints(Sample)
_DEFAULTS = {f.name: f.default for f in fields(Sample)}
_RANGES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **{name: (lambda value: value >= 0, "0 or more") for name in _COUNTS},
    "problem": (bool, "the name of the problem"),
    "temperature": (lambda value: 0 <= value < inf, "0 or more"),
    "top_p": (lambda value: 0 < value <= 1, "a number above 0, at most 1"),
    "confidence": (lambda value: 0 <= value <= 1, "a probability, or null"),
    "judge_milliseconds": (lambda value: value >= 0, "0 or more"),
}


def row_of(sample: Sample) -> str:
    """One line of JSON, without its end."""
    held = asdict(sample)
    row = {
        name: None if name in NUMBERS and not isfinite(value) else value
        for name, value in held.items()
    }
    return json.dumps(row, ensure_ascii=False, allow_nan=False)


def sample_of(line: bytes, place: str) -> Sample:
    """The sample of a line.  Raises `UsageError` with its place, the field and the remedy."""
    row = _object(line, place)
    sample = Sample(**{name: _value(name, row, place) for name in _TYPES})
    _check(sample, place)
    return sample


def _object(line: bytes, place: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise UsageError(f"{place} is no UTF-8 ({error.reason}); save the file as UTF-8") from None
    except (ValueError, RecursionError) as error:
        told = " ".join(str(error).split())
        raise UsageError(f"{place} is no JSON ({told}); take the row out") from None
    if not isinstance(row, dict):
        raise UsageError(f"{place} is {row!r:.40}; give an object with the fields of a sample")
    return row


def _value(name: str, row: Mapping[str, Any], place: str) -> Any:
    if name not in row:
        if _DEFAULTS[name] is MISSING:
            raise UsageError(f"{place} has no {name}; give a file that `whet eval --out` wrote")
        return _DEFAULTS[name]
    value, kind = row[name], _TYPES[name]
    if kind in (Finish, Reason):
        return _named(name, value, kind, place)
    if name in NUMBERS and value is None:
        return nan
    if get_origin(kind) is tuple:
        return _several(name, value, get_args(kind)[0], place)
    return _typed(name, value, get_args(kind) or (kind,), place)


def _several(name: str, value: object, kind: Any, place: str) -> tuple[Any, ...]:
    """A list of the file, as a tuple."""
    if not isinstance(value, list):
        raise UsageError(f"{place}: {name} is {value!r:.40}; give a list")
    return tuple(_typed(name, item, get_args(kind) or (kind,), place) for item in value)


def _typed(name: str, value: Any, wanted: tuple[type, ...], place: str) -> Any:
    if type(value) is int and not -_MOST <= value < _MOST:
        raise UsageError(f"{place}: {name} is {_short(value)}; give a number of at most 64 bits")
    if type(value) is int and float in wanted:
        return float(value)
    if not any(type(value) is one for one in wanted):
        names = " or ".join("null" if one is NoneType else one.__name__ for one in wanted)
        raise UsageError(f"{place}: {name} is {value!r:.40}; give {names}")
    if isinstance(value, float) and not isfinite(value):
        raise UsageError(f"{place}: {name} is {value}; give a finite number, or null")
    return value


def _short(value: int) -> str:
    """A whole number that may have more digits than Python prints."""
    return f"{'-' if value < 0 else ''}2^{value.bit_length() - 1} or more in size"


def _named(name: str, value: object, kind: type[Finish] | type[Reason], place: str) -> Any:
    known = [str(one) for one in kind]
    if not isinstance(value, str) or value not in known:
        raise UsageError(f"{place}: {name} is {value!r:.40}; give one of {', '.join(known)}")
    return kind(value)


def _check(sample: Sample, place: str) -> None:
    """Refuse values out of range, and a verdict that its reason denies."""
    for name, (legal, told) in _RANGES.items():
        value = getattr(sample, name)
        unknown = value is None or isinstance(value, float) and isnan(value)
        if not unknown and not legal(value):
            raise UsageError(f"{place}: {name} is {value!r:.40}; give {told}")
    unjudged = sample.reason in (Reason.VERIFIER_ERROR, Reason.NOT_APPLICABLE)
    for name, held in (("correct", sample.correct is not None), ("score", sample.judged)):
        if unjudged and held:
            raise UsageError(
                f"{place}: {name} is {getattr(sample, name)}, but reason is {sample.reason}, "
                "which gives no verdict; give null, or another reason"
            )
