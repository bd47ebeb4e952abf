"""LiveCodeBench's test cases: JSON, or JSON that was pickled, compressed and written in base64."""

import json
import zlib
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any, NamedTuple

from whet.data.benchmark_row import BenchmarkRow
from whet.data.pickled_text import pickled_text

_LARGEST = 1 << 30  # bytes of the tests of one problem
_FIELDS = ("input", "output", "testtype")


class ContestTest(NamedTuple):
    """One test: the input, and the expected output."""

    given: str
    expected: str


def contest_tests(row: BenchmarkRow, column: str, kind: str) -> list[ContestTest]:
    """The tests in a column, all of one kind: `stdin` or `functional`.

    Raises `UsageError` where there is none, where one is of another kind, and for a pickle that
    holds anything but one text.
    """
    found = _cases(row, column)
    if not isinstance(found, list) or not found:
        raise row.wrong(column, "give a list of at least one test")
    for case in found:
        held = [case.get(name) for name in _FIELDS] if isinstance(case, Mapping) else [None]
        if not all(isinstance(one, str) for one in held):
            raise row.wrong(column, "give each test input, output and testtype as text")
        if held[2] != kind:
            told = f"a test has the type {held[2]!r:.40}, and metadata.func_name tells {kind}"
            raise row.wrong(column, f"{told}; mend one")
    return [ContestTest(given=case["input"], expected=case["output"]) for case in found]


def _cases(row: BenchmarkRow, column: str) -> Any:
    held = row.value(column)
    if not isinstance(held, str):
        return held
    if held.lstrip().startswith("["):
        return row.json(column)
    try:
        return json.loads(pickled_text(_inflated(b64decode(held, validate=True))))
    except (Base64Error, zlib.error, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise row.wrong(
            column, f"neither JSON nor its pickled form ({reason:.100}); download it again"
        ) from None


def _inflated(data: bytes) -> bytes:
    """The bytes that zlib compressed, up to a limit: few bytes may stand for any number."""
    stream = zlib.decompressobj()
    found = stream.decompress(data, _LARGEST)
    if stream.unconsumed_tail:
        raise ValueError(f"more than {_LARGEST} bytes")
    if not stream.eof:
        raise ValueError("the compressed data is cut")
    return found
