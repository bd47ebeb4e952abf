"""Faults in the mathematics of an algorithm, which `whet.testing.check_objective` examines."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from trials import ByCheck, Fault

from whet.policy import algorithms
from whet.policy.objective import Objective
from whet.protocols.algorithm import Advantage, Aggregation, Clipping
from whet.testing import check_objective
from whet.types import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanOfSlice(Aggregation):
    """Every micro-batch is divided by its own tokens."""

    def __call__(self, batch):
        return torch.full_like(batch.advantage, 1 / max(len(batch.advantage), 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class OverEverything(Aggregation):
    """The denominator counts tool and truncated tokens of the slice as well."""

    def __call__(self, batch):
        heard = 0 if batch.observed is None else len(batch.observed.row)
        return batch.weight / (batch.totals.tokens + heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerSegment(Aggregation):
    """A mean over the pieces that a micro-batch happens to have, in place of the rollouts."""

    def __call__(self, batch):
        return batch.weight / (1 + batch.row.unique().numel())


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimised(Clipping):
    """The sign is wrong: the surrogate is minimised."""

    def __call__(self, ratio, advantage):
        return -ratio * advantage


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploding(Clipping):
    """No bound: REINFORCE at a ratio of 1, and far from it e^ratio is infinite."""

    def __call__(self, ratio, advantage):
        return (ratio - 1).exp() * advantage


@dataclass(frozen=True, slots=True, kw_only=True)
class WhitenedAlone(Advantage):
    """Whitening with the unbiased deviation, which a group of one does not have."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, inputs):
        found = torch.zeros_like(inputs.reward)
        for group in inputs.group.unique():
            own = inputs.group == group
            held = inputs.reward[own]
            apart = held - held.mean()
            found[own] = apart / (apart.square().sum() / (len(held) - 1)).sqrt()
        return found[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Divided(Advantage):
    """R − mean over a deviation of almost 0: noise of rounding becomes ±1."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, inputs):
        found = torch.zeros_like(inputs.reward)
        for group in inputs.group.unique():
            own = inputs.group == group
            held = inputs.reward[own]
            found[own] = (held - held.mean()) / (held.std(unbiased=False) + 1e-30)
        return found[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBaseline(Advantage):
    """The baseline is forgotten, and said to be there."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, inputs):
        return inputs.reward[inputs.row]


def _fault(name, law, changed, elsewhere=()):
    sound = algorithms.load("dapo")
    assert isinstance(sound, Objective)
    broken = replace(sound, **changed)
    return Fault(
        name=name,
        broken=ByCheck(check=lambda: check_objective(broken), where="check_objective"),
        healthy=ByCheck(check=lambda: check_objective(sound), where="check_objective"),
        told=law,
        elsewhere=elsewhere,
    )


LAWS = (
    _fault(
        "The loss is a mean over each micro-batch",
        "micro_batches_add_up",
        {"aggregation": MeanOfSlice()},
        ("huggingface/trl#3021", "karpathy/nanoGPT#206"),
    ),
    _fault(
        "The denominator counts tool tokens of the slice",
        "micro_batches_add_up",
        {"aggregation": OverEverything()},
    ),
    _fault(
        "The mean is over pieces, not rollouts",
        "micro_batches_add_up",
        {"aggregation": PerSegment()},
        ("radixark/miles#2368",),
    ),
    _fault("The surrogate has the wrong sign", "reinforce", {"clipping": Minimised()}),
    _fault("The ratio is not bounded", "finite_however_far", {"clipping": Exploding()}),
    _fault("A group of one is whitened", "advantages_compare", {"advantage": WhitenedAlone()}),
    _fault(
        "Equal rewards are divided by a deviation of almost 0",
        "equal_rewards",
        {"advantage": Divided()},
    ),
    _fault("The baseline is forgotten", "advantages_compare", {"advantage": NoBaseline()}),
)
