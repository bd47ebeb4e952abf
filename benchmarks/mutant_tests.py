"""A pytest plugin of `mutants.py`: which functions tests call, and those tests first.

With `MUTANT_WATCH` it writes to the file `MUTANT_CALLS` which tests call each function of the
policy, and their seconds. A function that a file of tests calls when it is imported counts as
called by all its tests. With `MUTANT_AROUND` it runs the tests that call this function first, the
fastest first; with `MUTANT_ONLY` no others.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

import pytest

CALLS = Path(os.environ["MUTANT_CALLS"])
MARK = f"{Path('src', 'whet', 'policy')}{os.sep}"
_calls: dict[str, set[str]] = {}
_seconds: dict[str, float] = {}
_place: dict[Any, str] = {}  # of code objects; empty: elsewhere


def _place_of(code: Any) -> str:
    if code not in _place:
        _, mark, file = code.co_filename.partition(MARK)
        name = code.co_qualname.replace(".<locals>", "")
        _place[code] = f"{file}:{name}" if mark else ""
    return _place[code]


def _watched(name: str) -> Iterator[None]:
    """Note the functions that are called in between, under a test's or a file's name."""

    def called(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (place := _place_of(frame.f_code)):
            _calls.setdefault(place, set()).add(name)

    begun = monotonic()
    sys.setprofile(called)
    yield
    sys.setprofile(None)
    _seconds[name] = monotonic() - begun


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note what a test calls."""
    yield from _watched(item.nodeid) if "MUTANT_WATCH" in os.environ else _unwatched()


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Note what the import of a file of tests calls."""
    whole = isinstance(collector, pytest.Module) and "MUTANT_WATCH" in os.environ
    yield from _watched(collector.nodeid) if whole else _unwatched()


def _unwatched() -> Iterator[None]:
    yield


def pytest_sessionfinish() -> None:
    """Write what was noted."""
    if "MUTANT_WATCH" in os.environ:
        held = {place: sorted(tests) for place, tests in sorted(_calls.items())}
        CALLS.write_text(json.dumps({"calls": held, "seconds": _seconds}))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that call the changed function first."""
    file, _, where = os.environ.get("MUTANT_AROUND", "").partition(":")
    if not file:
        return
    known = json.loads(CALLS.read_text())
    exact = f"{file}:{where}"
    near = {t for place, tests in known["calls"].items() if place.startswith(exact) for t in tests}
    seconds = known["seconds"]

    def far(item: pytest.Item) -> bool:
        return item.nodeid not in near and item.nodeid.split("::")[0] not in near

    if "MUTANT_ONLY" in os.environ:
        items[:] = [item for item in items if not far(item)]
    items.sort(key=lambda item: (far(item), seconds.get(item.nodeid, 0.0)))
