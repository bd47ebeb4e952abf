"""Ways to read the answer of a reply, so that equal answers can be counted."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.rewards.verifiable.extraction import after_think, answers, with_open_think
from whet.rewards.verifiable.math.normal import plain
from whet.rewards.verifiable.math.number import number
from whet.types import Rollout, UsageError


@runtime_checkable
class Extractor(Protocol):
    """A function that reads the answer of a reply in a spelling that equal answers share."""

    def __call__(self, rollout: Rollout) -> str | None:
        """The answer; None where the reply has none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    r"""The last `<answer>`, \boxed{…} or `Answer:` after the thoughts."""

    def __call__(self, rollout: Rollout) -> str | None:
        found = answers(after_think(with_open_think(rollout.turns)) or "")[1]
        return canonical(found[-1]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """The text after the last `mark`, up to the end of its line: `8;16;#9` answers 9."""

    mark: str = "#"

    def __post_init__(self) -> None:
        if not self.mark:
            raise UsageError("marked.mark is ''; give what announces an answer, such as '#'")

    def __call__(self, rollout: Rollout) -> str | None:
        _, found, answer = rollout.reply.rpartition(self.mark)
        return canonical(answer.partition("\n")[0]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLine:
    """The last line that is not blank."""

    def __call__(self, rollout: Rollout) -> str | None:
        lines = rollout.reply.strip().splitlines()
        return canonical(lines[-1]) if lines else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeReply:
    """The whole reply as the answer."""

    def __call__(self, rollout: Rollout) -> str | None:
        return canonical(rollout.reply)


def canonical(answer: str) -> str | None:
    """A number by its value, other text without its layout; None for an empty text."""
    known = number(answer)
    if known is not None:
        return f"{known.value} {known.unit}".strip()
    return plain(answer) or None
