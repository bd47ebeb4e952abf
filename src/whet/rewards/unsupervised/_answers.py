"""Whose answers are the same?  Each way of taking an answer from a reply is a part."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.rewards.verifiable._extraction import after_think, answers, with_open_think
from whet.rewards.verifiable._normal import plain
from whet.rewards.verifiable._number import number
from whet.types import Rollout, UsageError


@runtime_checkable
class Extractor(Protocol):
    """Takes the answer from a reply, spelled so that equal answers are equal strings."""

    def __call__(self, rollout: Rollout) -> str | None:
        """The answer; None where there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    r"""What the last `<answer>`, \boxed{…} or `Answer:` after the thoughts announces."""

    def __call__(self, rollout: Rollout) -> str | None:
        found = answers(after_think(with_open_think(rollout.turns)) or "")[1]
        return canonical(found[-1]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What follows the last `mark`, to the end of its line: `8;16;#9` answers 9."""

    mark: str = "#"

    def __post_init__(self) -> None:
        """A mark has to be seen."""
        if not self.mark:
            raise UsageError("marked.mark is ''; give what announces an answer, such as '#'")

    def __call__(self, rollout: Rollout) -> str | None:
        _, found, answer = rollout.reply.rpartition(self.mark)
        return canonical(answer.partition("\n")[0]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLine:
    """The last line that holds anything."""

    def __call__(self, rollout: Rollout) -> str | None:
        lines = rollout.reply.strip().splitlines()
        return canonical(lines[-1]) if lines else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeReply:
    """The whole reply."""

    def __call__(self, rollout: Rollout) -> str | None:
        return canonical(rollout.reply)


def canonical(answer: str) -> str | None:
    """Numbers by their value, all else without its layout; None for nothing."""
    known = number(answer)
    if known is not None:
        return f"{known.value} {known.unit}".strip()
    return plain(answer) or None
