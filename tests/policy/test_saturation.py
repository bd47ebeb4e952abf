"""Tokens beyond the range of the exponential, where a price has no gradient."""

from dataclasses import replace

import pytest
import torch

from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K2
from whet.policy.saturation import saturated
from whet.types import Batch, totals

FAR = torch.tensor([0.0, 19.0, -19.0, 21.0, -21.0, 300.0])


def batch(**columns) -> Batch:
    """Six rollouts of one token, of one group."""
    each, nought = torch.arange(6), torch.zeros(6)
    held = Batch(
        totals=totals(each, nought.long()),
        row=each,
        group=nought.long(),
        advantage=torch.ones(6),
        behaviour_logp=nought,
        proximal_logp=nought,
    )
    return replace(held, **columns)


@pytest.mark.parametrize(
    ("name", "part"),
    [("proximal_logp", TokenRatio()), ("reference_logp", K2(beta=1.0))],
)
def test_it_is_counted_where_a_part_has_lost_its_gradient(name, part):
    """At 0 a k2 price has none either, but there it is at its least."""
    logp = torch.zeros(6).requires_grad_()
    held = batch(**{name: -FAR})
    part(logp, held).sum().backward()
    lost = [False, False, False, True, True, True]
    assert saturated(logp.detach(), held).tolist() == lost
    assert logp.grad is not None
    assert (logp.grad[1:] == 0).tolist() == lost[1:]


def test_without_a_reference_only_the_proximal_policy_counts():
    assert not saturated(torch.zeros(6), batch()).any()
    both = batch(proximal_logp=-FAR, reference_logp=FAR.flip(0))
    assert saturated(torch.zeros(6), both).tolist() == [True, True, True, True, True, True]
