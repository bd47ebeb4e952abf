"""Ways to read the answer of a reply, so that equal answers can be counted."""

import re
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.rewards.verifiable.extraction import after_think, answers, with_open_think
from whet.rewards.verifiable.math.canonical import canonical
from whet.types import Finish, Rollout, UsageError

_CHAIN = re.compile(r"(?:[a-z][0-9])+")


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
        found = answers(_said(rollout), rollout.finish)[1]
        return canonical(found[-1]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """The text after the last `mark` behind the thoughts, to the end of its line: `8;16;#9` says 9.

    A reply that was cut in that line has no answer.
    """

    mark: str = "#"

    def __post_init__(self) -> None:
        if not self.mark:
            raise UsageError("marked.mark is ''; give what announces an answer, such as '#'")

    def __call__(self, rollout: Rollout) -> str | None:
        _, found, rest = _said(rollout).rpartition(self.mark)
        answer, ended, _ = rest.partition("\n")
        cut = rollout.finish is Finish.LENGTH and not ended
        return canonical(answer) if found and not cut else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLine:
    """The last line behind the thoughts that is not blank; a reply that was cut has no answer."""

    def __call__(self, rollout: Rollout) -> str | None:
        lines = _said(rollout).strip().splitlines()
        return canonical(lines[-1]) if lines and rollout.finish is not Finish.LENGTH else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeReply:
    """The whole reply behind the thoughts as the answer; a reply that was cut has none."""

    def __call__(self, rollout: Rollout) -> str | None:
        return None if rollout.finish is Finish.LENGTH else canonical(_said(rollout))


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The last digit of each label of the task's answer: `c5d9g4g2` answers d9g2 where d, g count.

    This is how the verifier `labelled` reads replies of the task family `lock`.  A reply that was
    cut, or is anything but letters and digits in turn, or leaves a label out, has no answer.
    """

    def __call__(self, rollout: Rollout) -> str | None:
        reply, wanted = rollout.reply, rollout.task.answer[::2]
        if rollout.finish is Finish.LENGTH or not _CHAIN.fullmatch(reply):
            return None
        said = dict(zip(reply[::2], reply[1::2], strict=True))
        return "".join(x + said[x] for x in wanted) if set(wanted) <= said.keys() else None


def _said(rollout: Rollout) -> str:
    """The last reply behind its thoughts; empty where they have no end."""
    return after_think(with_open_think(rollout.turns)) or ""
