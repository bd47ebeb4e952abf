"""The arms of the experiments on sampling strategies, as command lines of the recipe staircase."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Arms that are compared with the first one, on common bases."""

    name: str
    arms: Mapping[str, str]  # by name: the flags of an arm
    common: str = ""  # flags of all arms
    threshold: float = 0.75  # dev pass@1
    budget: int = 400_000  # decoded tokens after which an arm stops


_REFILL = "--sampling.gate non_zero_spread --sampling.gate.max_rounds 10"

_EFFICIENCY = {
    "uniform": "",
    "refill": _REFILL,
}

EXPERIMENTS = {
    e.name: e
    for e in (
        Experiment(name="matched", arms=_EFFICIENCY),
        Experiment(name="saturated", arms=_EFFICIENCY, common="--weights 85,5,5,5", threshold=0.6),
    )
}
