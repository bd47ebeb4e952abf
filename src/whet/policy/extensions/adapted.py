"""Replacing numbers in the regularisers of an objective."""

from dataclasses import replace
from typing import Any

from whet.policy.objective import Objective
from whet.protocols.algorithm import Algorithm


def adapted(objective: Algorithm, kind: type, **numbers: float) -> Algorithm:
    """The objective with new numbers in its regularisers of one class.

    An algorithm without regularisers is returned unchanged.
    """
    if not isinstance(objective, Objective):
        return objective
    held = objective.regularisers
    moved = tuple(_replaced(part, numbers) if isinstance(part, kind) else part for part in held)
    return replace(objective, regularisers=moved)


def _replaced(part: Any, numbers: dict[str, float]) -> Any:
    return replace(part, **numbers)
