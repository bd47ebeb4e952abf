"""What is repaired: functions or expressions, with their tests."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from whet.sandbox import Sandbox
from whet.types import Reply

VISIBLE, HIDDEN = 3, 5  # tests
_POOL = 60  # inputs, of which tests are chosen
_FEWEST = 2  # hidden tests that the bug fails
_VARIED = 3  # different values of hidden tests

Test = list[Any]
"""Arguments, and the right value as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Something with a bug: its source, the right one, and tests."""

    buggy: str
    right: str
    visible: list[Test]
    hidden: list[Test]
    outcomes: list[str]  # of the source with the bug, in the visible tests


class Exercise(ABC):
    """A kind of source that is repaired."""

    __slots__ = ()

    turns: int

    @abstractmethod
    def drawn(self, rng: Random) -> Drawn | None:
        """Something with a bug that tests can show, or None."""

    @abstractmethod
    def opening(self, drawn: Drawn) -> str:
        """The first observation."""

    def guesses(self, buggy: str) -> tuple[str, ...]:
        """Repairs without a look at the tests, for players that draw one; () for none."""
        del buggy
        return ()

    @abstractmethod
    def read(self, reply: Reply) -> str | None:
        """The source in a reply; None if there is none."""

    @abstractmethod
    async def run(self, source: str, inputs: Sequence[list[Any]], sandbox: Sandbox) -> list[str]:
        """For each arguments the value as JSON, or else what happened.

        Raises `SandboxFault` if the sandbox fails.
        """

    @abstractmethod
    def told(self, visible: Sequence[Test], outcomes: Sequence[str]) -> str:
        """What is told of the visible tests that fail."""


def chosen(
    rng: Random, tried: Iterable[tuple[list[Any], str, str]]
) -> tuple[list[Test], list[Test], list[str]] | None:
    """Visible tests, hidden tests, and the outcomes of the bug in the former; None if they fail.

    `tried` has arguments, right values and outcomes of the source with the bug.  The bug fails a
    visible test, and two hidden ones.  Hidden tests have three different values, and none of a
    visible test, so that no visible value is right in one of them.
    """
    pool = list({json.dumps(one[0]): one for one in tried}.values())[:_POOL]
    failing = [one for one in pool if one[1] != one[2]]
    if not failing:
        return None
    seen = [failing[0], *rng.sample([one for one in pool if one is not failing[0]], VISIBLE - 1)]
    rest = [one for one in pool if one[1] not in [known[1] for known in seen]]
    caught = [one for one in rest if one[1] != one[2]][:_FEWEST]
    others = [one for one in rest if one not in caught]
    if len(caught) < _FEWEST or len(others) < HIDDEN - _FEWEST:
        return None
    kept = [*caught, *rng.sample(others, HIDDEN - _FEWEST)]
    if len({value for _, value, _ in kept}) < _VARIED:
        return None
    return _tests(seen), _tests(kept), [bug for _, _, bug in seen]


def _tests(found: Sequence[tuple[list[Any], str, str]]) -> list[Test]:
    return [[arguments, value] for arguments, value, _ in found]
