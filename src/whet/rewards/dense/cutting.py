"""How a reply is cut into steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from typing import Protocol, runtime_checkable

from whet.rewards.dense.placing import last_reply, tokens_of
from whet.types import Rollout, UsageError


@runtime_checkable
class Cuts(Protocol):
    """A way to cut the last reply of a rollout into steps."""

    def __call__(self, rollout: Rollout) -> list[int]:
        """Indices among the sampled tokens where a new step begins: rising, without the first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Separated:
    """A step ends after each `mark` in the text; the text after the last mark is a step too.

    Every step has a visible character: blank lines are part of the step that follows them, and at
    the end of the step before them.
    """

    mark: str = "\n\n"

    def __post_init__(self) -> None:
        if not self.mark:
            raise UsageError("separated.mark is ''; give what ends a step, such as a blank line")

    def __call__(self, rollout: Rollout) -> list[int]:
        ends = self._ends(rollout.reply)
        cuts = {tokens_of(rollout, end - len(self.mark), end).stop for end in ends}
        whole = last_reply(rollout)
        return sorted(cut for cut in cuts if whole.start < cut < whole.stop)

    def _ends(self, reply: str) -> Iterator[int]:
        """Places in the reply behind the first mark after each visible text but the last."""
        at = last = 0
        for piece in reply.split(self.mark):
            if piece.strip() and last:
                yield last
            at += len(piece) + len(self.mark)
            last = at if piece.strip() else last


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprises:
    """SPO's cuts (arXiv:2505.23564): after every m-th token whose probability was less than
    `below`.
    """

    below: float = 0.9
    every: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.below <= 1:
            raise UsageError(f"surprises.below is {self.below}; give a probability in (0, 1]")
        if self.every < 1:
            raise UsageError(f"surprises.every is {self.every}; give 1 or more")

    def __call__(self, rollout: Rollout) -> list[int]:
        whole, bound = last_reply(rollout), log(self.below)
        places = range(whole.start, whole.stop)
        doubts = [
            n for n in places if n >= rollout.forced_len and rollout.behaviour_logp[n] < bound
        ]
        return [n + 1 for n in doubts[self.every - 1 :: self.every] if n + 1 < whole.stop]


def spans(cuts: list[int], whole: slice) -> list[slice]:
    """The steps between the cuts, as slices of the sampled tokens."""
    edges = [whole.start, *cuts, whole.stop]
    return [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]
