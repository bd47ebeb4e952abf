"""The checkers that run under test catch what they are there for."""

import pytest
import torch
import typecheck
from beartype.roar import BeartypeCallHintParamViolation
from jaxtyping import TypeCheckError

from whet.environments.game.hanoi import moved
from whet.policy.arithmetic import generalised_advantage
from whet.training.run import PeriodicEval


def test_a_function_without_arrays():
    with pytest.raises(BeartypeCallHintParamViolation, match="position"):
        moved(3, "12")


def test_a_dataclass():
    with pytest.raises(BeartypeCallHintParamViolation, match="every"):
        PeriodicEval(every="often")


def test_axes_of_one_call():
    with pytest.raises(TypeCheckError):
        generalised_advantage(torch.zeros(3), torch.zeros(4), torch.zeros(3, dtype=torch.long))


def test_an_int_is_a_float():
    assert typecheck.tower(negative)(1) == -1


def negative(x: float) -> float:
    return -x
