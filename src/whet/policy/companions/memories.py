"""Companions that remember what the policy did before."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from whet.protocols.algorithm import Companion
from whet.types import Need

_CALCULATION = re.compile(r"[\d.+\-*/^=()%<>]*\d[\d.+\-*/^=()%<>]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay(Companion):
    """Right rollouts are remembered; `count` of a task's memories join its group when it comes
    again, with the log-probs that they were sampled with (RLEP, arXiv:2507.07451).

    A task counts as remembered from `least` different right replies on; at most `most` are kept.
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.MEMORIES})

    count: int = 2
    least: int = 2
    most: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraRound(Companion):
    """A task that nobody solved is played again, `samples` times and hotter; right rollouts join
    its group and are remembered for its next visit (EFRame, arXiv:2506.22200, unconfirmed).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.MEMORIES})

    samples: int = 16
    temperature: float = 1.2

    def asks(self, right: int) -> bool:
        """Is a task with so many right rollouts played again?"""
        return right == 0

    def kept(self, right: Sequence[bool]) -> tuple[int, ...]:
        """Which of the extra rollouts are: the right ones."""
        return tuple(i for i, it_is in enumerate(right) if it_is)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBatches(Companion):
    """A `share` of every batch are groups of the last `window` steps, sampled by π_{k−i}; their
    proximal log-probs are those of the policy of now (ReMix, arXiv:2507.06892, unconfirmed).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.MEMORIES})

    share: float = 0.4
    window: int = 2
    until: int = 100  # steps; from then on all is on-policy and the reference is the policy of then


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct(Companion):
    """Of a task's right rollouts that took the same path only the first is learned from (RFT,
    arXiv:2308.01825, unconfirmed).

    A path is what a reply calculates, in its order: its runs of digits and signs of arithmetic.
    Replies that calculate nothing are compared as they are.
    """

    gives: ClassVar[frozenset[Need]] = frozenset()

    def path(self, reply: str) -> str:
        """What a reply calculates."""
        return " ".join(_CALCULATION.findall(reply.replace(" ", ""))) or reply

    def kept(self, replies: Sequence[str]) -> tuple[int, ...]:
        """The first of each path."""
        paths = [self.path(reply) for reply in replies]
        return tuple(i for i, path in enumerate(paths) if path not in paths[:i])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal(Companion):
    """Right replies of the policy before any training, with the log-probs of then, join every
    batch as a `share` of it; what others chose (DPH-RL, arXiv:2509.07430; the share is ours).

    A prompt is rehearsed if the policy solved it at least `least` of `tried` times.
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})

    share: float = 0.25
    tried: int = 8
    least: int = 8
    ahead: int = 8  # steps of the schedule whose tasks are tried before the first one

    def solved(self, right: int) -> bool:
        """Is a prompt with so many right replies rehearsed, and no longer trained on?"""
        return right >= self.least
