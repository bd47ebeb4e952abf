"""Companions that have a say in verdicts; what is right stays what the reward calls so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from whet.protocols.algorithm import Companion
from whet.types import Need, Prompt, Refusal, Task
from whet.types.optimisers import AdamW


@dataclass(frozen=True, slots=True, kw_only=True)
class Coevolving(Companion):
    """A verifier that learns beside the policy (Cooper, arXiv:2508.05613).

    R = rule + weight · σ(s − m),  s a value model's opinion at the end of a reply, m its mean over
    the probes.  After each step it is fitted by  −mean log σ(s⁺ − s⁻)  to pairs of a reply that the
    rule accepts and the same reply with a digit or sign changed, which the rule rejects (the
    paper's are rewritten by a model).  It reads the task, `hint` with the answer, and the last
    reply, put into tokens from its text.

    The first `probes` pairs are kept for good and never learned from.  When the share of them that
    s − m calls right, mean of both kinds, is more than `fall` below its best, the verifier learns
    no more.  In the paper the opinion is the whole
    reward; the rule beside it, weight, rates and sizes are ours.
    """

    gives: ClassVar[frozenset[Need]] = frozenset()

    weight: float = 0.5
    optimiser: AdamW = AdamW(rate=1e-5)
    hint: str = "\n(The answer is {answer}.)"
    probes: int = 64
    fall: float = 0.03
    tries: int = 4  # corruptions of a reply until the rule rejects one

    def __post_init__(self) -> None:
        """Where the rule says 1 or 0, no opinion lifts a wrong reply above a right one."""
        if not 0 <= self.weight < 1:
            raise Refusal(f"Coevolving.weight is {self.weight}; give a number in [0, 1)")
        if "{answer}" not in self.hint:
            raise Refusal(f"Coevolving.hint is {self.hint!r}; it needs the word {{answer}}")
        for name in ("probes", "tries"):
            if getattr(self, name) < 1:
                raise Refusal(f"Coevolving.{name} is {getattr(self, name)}; give 1 or more")

    def read(self, task: Task) -> Task:
        """The task as the verifier reads it."""
        told = self.hint.replace("{answer}", task.answer)
        return replace(task, prompt=_told(task.prompt, told))

    def falls(self, accuracy: float, best: float) -> bool:
        """Is that too far below the best?"""
        return accuracy < best - self.fall - 1e-9


def _told(prompt: Prompt, told: str) -> Prompt:
    if isinstance(prompt, str):
        return prompt + told
    *before, message = prompt
    return (*before, {**message, "content": message["content"] + told})


@dataclass(frozen=True, slots=True, kw_only=True)
class PathConsistency(Companion):
    """Scores that ask no checker: does a chain head for its own answer? (CoVo, arXiv:2506.08745,
    unconfirmed.)

    A reply is cut after each `mark`; what follows the last one is its answer.  D[i, j] is the mean
    −log π of the tokens of answer j after the first i steps.  Con is the share of i at which the
    own answer is nearest, Vol the last i at which it is not, over their number.  All replies with
    one answer earn  √((Σ Con cos Vol)² + (Σ Con sin Vol)²) / their number.  A group of one answer
    earns 0.  The paper adds a bonus of curiosity, which is left out.
    """

    gives: ClassVar[frozenset[Need]] = frozenset()

    mark: str = "\n\n"

    def __post_init__(self) -> None:
        """A mark has to be seen."""
        if not self.mark:
            raise Refusal("PathConsistency.mark is ''; give what ends a step, such as a blank line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistent(Companion):
    """Rows whose steps agree with their outcome are learned from, the others left out (PROF,
    arXiv:2509.03403; how many go is unconfirmed).

    Of a group's right replies the share `drop` with the lowest step scores goes, of the wrong ones
    that with the highest; then the larger side goes down to the smaller.  The step score is the
    verdict's `part`: mean_step of the reward process_model, steps of the reward process.  Who has
    none stays.
    """

    gives: ClassVar[frozenset[Need]] = frozenset()

    part: str = "mean_step"
    drop: float = 0.5

    def __post_init__(self) -> None:
        """Somebody has to stay."""
        if not 0 <= self.drop < 1:
            raise Refusal(f"Consistent.drop is {self.drop}; give a share in [0, 1)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthTargets(Companion):
    """LASER-D with targets that follow the policy (arXiv:2505.15612; how they do is ours).

    R = rule + α c 1[|y| ≤ L_T],  c = 1 where the reply is right.  L_T is the target of the bucket
    of p̂, the group's share of right replies: `targets` for the hard, the middling and the easy,
    parted at `bounds`, until `least` right replies of a bucket are known; from then on the
    `quantile` of the lengths of its last `window` right ones, never above the target given.
    """

    gives: ClassVar[frozenset[Need]] = frozenset()

    targets: tuple[int, ...] = (4096, 2048, 1024)
    bounds: tuple[float, ...] = (1 / 3, 2 / 3)
    alpha: float = 0.5
    quantile: float = 0.5
    least: int = 32
    window: int = 256

    def __post_init__(self) -> None:
        """Refuse buckets that don't fit their targets, and what is no quantile."""
        edges = (0.0, *self.bounds, 1.0)
        rising = all(a < b for a, b in zip(edges, edges[1:], strict=False))
        if len(self.targets) != len(self.bounds) + 1 or not rising:
            raise Refusal(
                f"LengthTargets.bounds is {self.bounds} for targets {self.targets}; give rates "
                f"that rise between 0 and 1, one fewer than targets"
            )
        if not 0 < self.quantile <= 1:
            raise Refusal(f"LengthTargets.quantile is {self.quantile}; give a number in (0, 1]")
        if not 1 <= self.least <= self.window:
            raise Refusal(
                f"LengthTargets.least is {self.least} and window {self.window}; "
                f"give 1 ≤ least ≤ window"
            )

    def bucket(self, solved: float) -> int:
        """Of a success rate, the hardest first."""
        return sum(solved >= bound for bound in self.bounds)

    def target(self, bucket: int, lengths: Sequence[int]) -> int:
        """L_T of a bucket, from the lengths of its right replies."""
        if len(lengths) < self.least:
            return self.targets[bucket]
        ordered = sorted(lengths)
        place = max(round(self.quantile * len(ordered)) - 1, 0)
        return min(ordered[place], self.targets[bucket])
