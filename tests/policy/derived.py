"""Gradients of equations by complex steps, and a batch on which the equations are written out.

An equation is a function of two lists of numbers, the log-probs with a gradient and the same ones
without (`sg` in papers).  It is analytic in the first, so f(x + ih) has the derivative as its
imaginary part / h, without a difference that would lose digits.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from policy.oracles import SINGLE
from torch import Tensor

from whet.types import AdvantageInputs, Batch, totals

STEP = 1e-30
ROW = [0, 0, 0, 1, 1, 2, 3, 3, 3, 4]
GROUP = [0, 0, 1, 1, 1]
ADVANTAGE = [1.0, 1.0, 1.0, -1.0, -1.0, 0.5, -0.25, -0.25, -0.25, 0.0]
LEARNER = [-0.4, -1.1, -0.9, -1.6, -0.3, -2.05, -0.7, -0.05, -1.3, -0.62]
BEHAVIOUR = [-0.7, -1.0, -2.5, -0.8, -0.35, -1.7, -1.9, -0.06, -0.6, -0.5]
PROXIMAL = [-0.6, -1.05, -2.2, -0.9, -0.33, -1.75, -1.6, -0.055, -0.8, -0.52]
REFERENCE = [-0.5, -1.3, -1.0, -1.2, -0.4, -1.9, -1.0, -0.1, -1.1, -0.7]

Equation = Callable[[Sequence[Any], Sequence[float]], Any]


def derived(loss: Equation, logp: Sequence[float]) -> tuple[float, list[float]]:
    """The value of a loss, and its derivative with respect to every log-prob."""
    frozen = list(logp)
    moved = [[x + 1j * STEP * (n == k) for k, x in enumerate(logp)] for n in range(len(logp))]
    value = loss([complex(x) for x in logp], frozen)
    return complex(value).real, [complex(loss(x, frozen)).imag / STEP for x in moved]


def case(dtype: torch.dtype, **columns: Any) -> Batch:
    """Five rollouts of ten tokens in two groups; every policy differs from the others."""
    known: dict[str, Any] = {
        "advantage": ADVANTAGE,
        "behaviour_logp": BEHAVIOUR,
        "proximal_logp": PROXIMAL,
        "reference_logp": REFERENCE,
        **columns,
    }
    row, group = torch.tensor(ROW), torch.tensor(GROUP)
    held = {name: torch.tensor(x, dtype=dtype) for name, x in known.items()}
    return Batch(totals=totals(row, group), row=row, group=group, **held).counted()


def found(objective: Any, batch: Batch, logp: Sequence[float] = LEARNER) -> tuple[Tensor, Tensor]:
    """The objective's own loss and gradient, with the selections of a run."""
    at = torch.tensor(logp, dtype=batch.advantage.dtype).requires_grad_()
    known = replace(batch, learner_logp=at.detach())
    value = objective.loss(at, known.prepared(objective.selections))
    (gradient,) = torch.autograd.grad(value, at)
    return value.detach(), gradient


def agrees(objective: Any, batch: Batch, loss: Equation, logp: Sequence[float] = LEARNER) -> None:
    """Value and gradient within 1e-12 in float64, 1e-5 in float32."""
    tolerance = 1e-5 if batch.advantage.dtype == SINGLE else 1e-12
    wanted = derived(loss, logp)
    for one, other in zip(found(objective, batch, logp), wanted, strict=True):
        there = torch.tensor(other, dtype=one.dtype)
        torch.testing.assert_close(one, there, atol=tolerance, rtol=tolerance)


def rewarded(
    reward: Sequence[float],
    group: Sequence[int],
    dtype: torch.dtype,
    row: Sequence[int] | None = None,
    **columns: Tensor,
) -> AdvantageInputs:
    """Rollouts of one token, unless `row` says otherwise."""
    return AdvantageInputs(
        reward=torch.tensor(reward, dtype=dtype),
        group=torch.tensor(group),
        row=torch.arange(len(reward)) if row is None else torch.tensor(row),
        **columns,
    )
