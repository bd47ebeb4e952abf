"""Where a reply is cut into steps: after how many of its tokens."""

from dataclasses import dataclass
from math import log
from typing import Protocol, runtime_checkable

from whet.rewards.dense._places import last_reply, tokens_of
from whet.types import Rollout, UsageError


@runtime_checkable
class Cuts(Protocol):
    """Cuts the last reply of a rollout into steps."""

    def __call__(self, rollout: Rollout) -> list[int]:
        """Places among the chosen tokens where a new step begins, rising, never the first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Separated:
    """After each `mark` in the text; what follows the last one is a step as well."""

    mark: str = "\n\n"

    def __post_init__(self) -> None:
        """A mark has to be seen."""
        if not self.mark:
            raise UsageError("separated.mark is ''; give what ends a step, such as a blank line")

    def __call__(self, rollout: Rollout) -> list[int]:
        reply, cuts = rollout.reply, set()
        at = reply.find(self.mark)
        while at >= 0:
            end = at + len(self.mark)
            cuts.add(tokens_of(rollout, at, end).stop)
            at = reply.find(self.mark, end)
        whole = last_reply(rollout)
        return sorted(cut for cut in cuts if whole.start < cut < whole.stop)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprises:
    """SPO's cuts (arXiv:2505.23564): after every m-th token that was less likely than `below`."""

    below: float = 0.9
    every: int = 5

    def __post_init__(self) -> None:
        """Refuse what is no probability, and to cut nowhere."""
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
    """The steps between the cuts."""
    edges = [whole.start, *cuts, whole.stop]
    return [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]
