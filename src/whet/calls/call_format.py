"""What the formats have in common: how calls are taken out of the words around them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whet.types import BadCall, ToolCall
from whet.types.replies import parted

Calls = tuple[ToolCall | BadCall, ...]

_MOST = 64  # places with calls in a reply


@dataclass(frozen=True, slots=True)
class Found:
    """The calls in text[start:end]; none where the place holds only marks of the format."""

    start: int
    end: int
    calls: Calls = ()


class CallFormat(ABC):
    """A way to write calls of tools."""

    __slots__ = ()

    def read(self, text: str) -> tuple[str, Calls]:
        """The words that a reply says besides its calls, and the calls.

        Thoughts are neither: what stands before the last `</think>`, or after a `<think>` that
        never closes.  A reply whose prompt ends in `<think>` must be given with that tag in front.
        Never raises: what begins like a call and is none is a `BadCall`.
        """
        rest = parted("", text)[1] or ""
        words, calls, at, places = list[str](), list[ToolCall | BadCall](), 0, 0
        while (found := self.find(rest, at)) is not None:
            words.append(rest[at : found.start])
            at, places = found.end, places + bool(found.calls)
            calls += found.calls
            if places > _MOST:
                calls[-1] = BadCall(text=rest[found.start :], why=f"more than {_MOST} calls")
                at = len(rest)
        return "".join((*words, rest[at:])).strip(), tuple(calls)

    @abstractmethod
    def write(self, calls: Sequence[ToolCall]) -> str:
        """The calls as a reply writes them; "" for none."""

    @abstractmethod
    def find(self, text: str, at: int) -> Found | None:
        """The first call that begins at `at` or later.  Raises nothing."""

    def for_tools(self, schemas: Sequence[Mapping[str, Any]]) -> "CallFormat":
        """The format as these tools read it; it differs where types of values are not written."""
        del schemas
        return self


def unread(text: str, start: int, why: str, marks: tuple[str, str]) -> Found:
    """A bad call that begins at `start`.

    It reaches to its closing mark, or to the next opening one, or to the end of the text.
    """
    opening, closing = marks
    following = text.find(opening, start + len(opening))
    following = len(text) if following < 0 else following
    close = text.find(closing, start, following)
    end = following if close < 0 else close + len(closing)
    return Found(start, end, (BadCall(text=text[start:end], why=why),))


def skipped(text: str, at: int) -> int:
    """The place of the first character from `at` on that is no white space."""
    while text[at : at + 1].isspace():
        at += 1
    return at
