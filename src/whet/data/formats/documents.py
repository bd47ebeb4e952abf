"""A JSON document: an array of objects, an object that holds one, or JSON Lines after all."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from whet.data.formats.json_lines import json_lines, single_keys
from whet.data.formats.text import lines
from whet.types import UsageError

_RECORDS = "write an array of objects, such as df.to_json(orient='records')"


def document(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | UsageError]]:
    """The objects, numbered from 1 in their array; an element that is none is an error of its own.

    Raises `UsageError` for other documents.
    """
    text = "".join(line for _, line in lines(path))
    if not text.strip():
        return
    try:
        held = json.loads(text, object_pairs_hook=single_keys)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":  # one document after the other
            yield from json_lines(path)
            return
        raise UsageError(f"{path}, line {error.lineno}: no JSON ({error.msg}); mend it") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: no JSON ({error}); mend it") from None
    for number, row in enumerate(_array(held, path), start=1):
        wrong = UsageError(f"{path}, element {number}: no object; {_RECORDS}")
        yield number, row if isinstance(row, dict) else wrong


def _array(held: object, path: Path) -> list[Any]:
    if isinstance(held, list):
        return held
    if not isinstance(held, dict):
        raise UsageError(f"{path}: neither array nor object; {_RECORDS}")
    arrays = {name: value for name, value in held.items() if _objects(value)}
    if len(arrays) == 1 and not {"prompt", "question"} & held.keys():
        return next(iter(arrays.values()))
    if len(arrays) > 1 and not {"prompt", "question"} & held.keys():
        raise UsageError(
            f"{path}: several arrays ({', '.join(arrays)}); keep one of them in the file"
        )
    if held and all(isinstance(value, list | dict) for value in held.values()):
        raise UsageError(f"{path}: columns in place of rows ({', '.join(held)}); {_RECORDS}")
    return [held]


def _objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)
