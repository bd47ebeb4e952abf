"""Tests with many cases of one kind: some stay in `make test`, and all are in `make test-full`."""

from collections.abc import Iterable
from typing import Any

import pytest


def thinned(cases: Iterable[Any], every: int) -> list[Any]:
    """Every n-th case, and the others with the mark `full`."""
    return [
        case if number % every == 0 else pytest.param(case, marks=pytest.mark.full)
        for number, case in enumerate(cases)
    ]
