"""Functions in float32 against closed forms in mpmath.

A number on a grid is a float32 number, so the only errors are those of the arithmetic. Some twenty
operations round by 2⁻²⁴ each, and no term is more than 8 times the sum: 1e-5 holds them all.
"""

import mpmath as mp
import pytest
import torch
from policy.oracles import SINGLE

from whet.types import Batch, totals

mp.mp.dps = 60


def single(x) -> torch.Tensor:
    return torch.tensor(x, dtype=SINGLE)


def tokens(learner, proximal, *, row=None, **more) -> Batch:
    """A batch of one rollout per token, unless `row` says otherwise; the reference is proximal."""
    row = torch.arange(len(learner)) if row is None else torch.tensor(row)
    group = more.pop("group", torch.zeros(int(row.max()) + 1, dtype=torch.long))
    known = {"advantage": torch.ones(len(learner)), "behaviour_logp": single(proximal)} | more
    return Batch(
        totals=totals(row, group),
        row=row,
        group=group,
        proximal_logp=single(proximal),
        reference_logp=single(proximal),
        **known,
    )


def agree(found: float, wanted, *, rel=1e-5) -> None:
    assert found == pytest.approx(float(wanted), rel=rel, abs=1e-37)


def computed(of, x: list[float]) -> tuple[list[float], list[float]]:
    """A function of a tensor, and the gradient of its sum, in float32."""
    at = single(x).requires_grad_()
    value = of(at)
    (slope,) = torch.autograd.grad(value.sum(), at)
    return value.tolist(), slope.tolist()


def matches(of, form, grid: list[float]) -> None:
    """`of` has the values and the slopes of `form` at the float32 numbers of a grid."""
    for x, value, slope in zip(single(grid).tolist(), *computed(of, grid), strict=True):
        agree(value, form(mp.mpf(x)))
        agree(slope, mp.diff(form, mp.mpf(x), h=mp.mpf(10) ** -25))
