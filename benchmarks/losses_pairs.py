"""A pair: a loss of TRL or veRL, and whet's algorithm with the same settings.

A difference is the largest |a − b| of all batches over their largest |b|, b the peer's.  A loss can
be near 0 on one batch, so its difference there is not divided by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import torch
from losses_draw import Drawn, draw
from torch import Tensor

from whet.cli.explain.parts import brief
from whet.policy.algorithms import load
from whet.policy.objective import BatchLoss, Objective

SEEDS = 20
_TINY = 1e-12  # a smaller number of the peer's is a 0
Algorithm = Objective | BatchLoss


class Outcome(NamedTuple):
    """What a loss comes to. The gradient is that of the log-probs, end to end."""

    advantage: Tensor | None
    loss: Tensor
    gradient: Tensor


Theirs = Callable[[Drawn], Outcome]
Ours = Callable[[Drawn, Algorithm], Outcome]


def gradient(loss: Tensor, at: Tensor) -> Tensor:
    """∂ loss / ∂ at; 0 where the loss does not depend on it."""
    (found,) = torch.autograd.grad(loss, at, materialize_grads=True)
    return found


def outcome(drawn: Drawn, algorithm: Algorithm) -> Outcome:
    """Whet's advantage, loss and gradient."""
    advantage = algorithm.advantage(drawn.inputs)
    learned = algorithm.advantage.learned(drawn.inputs)
    at = drawn.flat(drawn.logp).clone().requires_grad_()
    batch, logp = drawn.batch(advantage, at), at
    if not learned.all():
        batch, logp = batch.where(learned).counted(), at[learned[drawn.row]]
    lossy, batch = algorithm.split(logp, batch)
    loss = lossy.loss(logp, batch)
    return Outcome(advantage, loss.detach(), gradient(loss, at))


def loss_only(drawn: Drawn, algorithm: Algorithm) -> Outcome:
    """The same, where the peer is given no rewards."""
    return outcome(drawn, algorithm)._replace(advantage=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A peer's loss, and the slots in which whet's `base` has to be changed to be the same."""

    peer: str
    loss: str
    theirs: Theirs
    base: str  # the name of whet's algorithm
    changes: Mapping[str, Any] = field(default_factory=dict)
    draw: Callable[[int], Drawn] = draw
    ours: Ours = outcome
    part_only: bool = False  # the base is a frame around one part: its defaults say nothing

    @property
    def key(self) -> str:
        """What rows and explanations know it by."""
        return f"{self.peer}: {self.loss}"

    @property
    def default(self) -> Algorithm:
        """Whet's algorithm as it is."""
        found = load(self.base)
        if not isinstance(found, Objective | BatchLoss):
            raise TypeError(f"{self.base} has no slots")
        return found

    @property
    def equal(self) -> Algorithm:
        """Whet's algorithm with the peer's settings."""
        return replace(self.default, **self.changes)

    @property
    def parts(self) -> str:
        """The base and what is changed in it, in a line."""
        changes = [f"{slot}={brief(part)}" for slot, part in self.changes.items()]
        return "; ".join([self.base, *changes])


class _Gap(NamedTuple):
    """The largest difference so far, and the largest number of the peer's."""

    between: float = 0.0
    size: float = 0.0

    def with_(self, ours: Tensor, theirs: Tensor) -> "_Gap":
        """Another batch taken into account."""
        between = (ours - theirs).abs().max().item()
        return _Gap(max(self.between, between), max(self.size, theirs.abs().max().item()))

    @property
    def relative(self) -> float:
        """The one over the other; where the peer's are all 0, the difference itself."""
        return self.between / self.size if self.size > _TINY else self.between


def probed(found: Outcome) -> list[float]:
    """A few numbers that tell one outcome from another: the loss, and sums over its gradient."""
    held = found.gradient.flatten()
    turns = torch.arange(len(held), dtype=held.dtype).cos()
    return [found.loss.item(), held.abs().sum().item(), (held * turns).sum().item()]


def measured(pair: Pair, algorithm: Algorithm) -> dict[str, float | None]:
    """The largest differences over all seeds; None where a peer has no such number."""
    found: dict[str, _Gap] = {}
    for seed in range(SEEDS):
        drawn = pair.draw(seed)
        both = pair.ours(drawn, algorithm), pair.theirs(drawn)
        for name, ours, theirs in zip(Outcome._fields, *both, strict=True):
            if ours is not None and theirs is not None:
                found[name] = found.get(name, _Gap()).with_(ours, theirs)
    return {name: found[name].relative if name in found else None for name in Outcome._fields}
