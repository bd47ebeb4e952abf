"""Companions that bring in what a teacher wrote: demonstrations, hints, branches."""

from dataclasses import dataclass
from math import cos, pi
from random import Random
from typing import ClassVar

from whet.protocols.algorithm import Companion
from whet.types import Need, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstrations(Companion):
    """So many demonstrations join every group, with reward 1 and π_β = 1 (LUFFY,
    arXiv:2504.14945).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})
    needs: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATOR})

    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback(Companion):
    """A group with at most `solved` right rollouts is replaced by a demonstration (HPT,
    arXiv:2509.04419).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})
    needs: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATOR})

    solved: int = 0

    def falls(self, right: int) -> bool:
        """Is it one?"""
        return right <= self.solved


@dataclass(frozen=True, slots=True, kw_only=True)
class Interleaved(Companion):
    """Demonstrations of tasks that nobody solved are kept; a full buffer is one supervised step
    (ReLIFT, arXiv:2506.07527).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})
    needs: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATOR})

    size: int = 32
    rate: float = 1.0  # of the step's own learning rate

    def keeps(self, right: int) -> bool:
        """Is the demonstration of a task with so many right rollouts kept?"""
        return right == 0

    def full(self, held: int) -> bool:
        """Are so many kept enough for a step?"""
        return held >= self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints(Companion):
    """Replies that begin with a part of a demonstration; what begins is others' choice.

    Of each group the first `rollouts` get one (0: all).  p(t) falls along a half cosine from `high`
    to `low` over `steps`, and is `after` from then on.  With `parts` = n the share that is shown is
    Binomial(n, p)/n (UFT, arXiv:2505.16984); with `parts` = 0 it is uniform between p and `high`
    (Prefix-RFT, arXiv:2507.01679, unconfirmed).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})
    needs: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATOR})

    low: float = 0.05
    high: float = 0.95
    steps: int = 300
    after: float = 0.0
    parts: int = 5  # pieces that a demonstration is cut into; 0: any share
    rollouts: int = 0

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        if not 0 <= self.low <= self.high <= 1:
            raise Refusal(f"Hints.low, high are {self.low}, {self.high}; give 0 ≤ low ≤ high ≤ 1")

    def share(self, step: int) -> float:
        """p(t) = low + (high − low)(1 + cos(π t/T))/2  while t ≤ T."""
        if step > self.steps:
            return self.after
        wave = (1 + cos(pi * step / max(self.steps, 1))) / 2
        return self.low + (self.high - self.low) * wave

    def drawn(self, step: int, dice: Random) -> float:
        """How much of a demonstration one rollout is shown."""
        p = self.share(step)
        if self.parts:
            return sum(dice.random() < p for _ in range(self.parts)) / self.parts
        return dice.uniform(p, max(p, self.high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches(Companion):
    """Where nobody solves a task, the group is played again from the shortest beginning of a
    demonstration that leads to a success, found by bisection (BREAD, arXiv:2506.17211,
    unconfirmed).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})
    needs: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATOR})

    parts: int = 4
    tries: int = 4  # rollouts a beginning is tried with

    def between(self, failing: int, leading: int) -> int | None:
        """The beginning to try next, in parts: halfway from one that fails to one that leads."""
        return (failing + leading) // 2 if leading - failing > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rationalised(Companion):
    """A task that nobody solved is asked again with its answer given away; a right reply joins the
    group as if it had been found without (STaR, arXiv:2203.14465, unconfirmed).

    The wording of the prompt is ours.
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})

    hint: str = "\n(The answer is {answer}.)"

    def __post_init__(self) -> None:
        """Refuse a hint that gives nothing away."""
        if "{answer}" not in self.hint:
            raise Refusal(f"Rationalised.hint is {self.hint!r}; it needs the word {{answer}}")

    def prompt(self, prompt: str, answer: str) -> str:
        """The question with its answer."""
        return prompt + self.hint.replace("{answer}", answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(Companion):
    """How much imitation counts beside what was learned alone (RED, arXiv:2508.16677, unconfirmed).

    w = clip(ΔH_foreign / ΔH_own, 1, most) · most^(1 − 2 accuracy),  ΔH the change of the entropy of
    others' and of own tokens since the step before.
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ENTROPY})

    most: float = 5.0

    def weight(self, external: float, own: float, accuracy: float) -> float:
        """Of the imitation, where entropies changed by so much; own ones that stood still: most."""
        share = external / own if own else self.most
        return min(max(share, 1.0), self.most) * self.most ** (1 - 2 * accuracy)
