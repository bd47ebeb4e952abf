"""What a check of a run finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check; `bad` marks a problem with the run."""

    bad: bool
    message: str


def note(message: str) -> Finding:
    """A finding that is no problem by itself."""
    return Finding(bad=False, message=message)


def wrong(message: str) -> Finding:
    """A finding that is a problem with the run."""
    return Finding(bad=True, message=message)
