"""Solutions of countdown tasks, without the protocols of rewards, for workers that load little."""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from whet.rewards.verifiable.expressions import evaluated


def solution(text: str, info: Mapping[str, Any]) -> tuple[Fraction, bool] | None:
    """The value of an expression, and whether it solves the task; None for any other text.

    Raises `ZeroDivisionError`.
    """
    found = evaluated(_left(text, info["target"]))
    if found is None:
        return None
    value, used = found
    given = Counter(int(n) for n in info.get("numbers", info.get("nums")))
    spent = Counter(used)
    fair = spent <= given if info.get("use_all") is False else spent == given
    return value, fair and value == int(info["target"])


def _left(equation: str, target: object) -> str:
    """The left side of `expression = target`; any other equation stays whole, and has no value."""
    left, equals, right = equation.rpartition("=")
    return left if equals and right.strip() == str(target).strip() else equation
