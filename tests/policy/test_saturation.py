"""Tokens beyond the range of the exponential."""

from dataclasses import replace

import pytest
import torch

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


@pytest.mark.parametrize("name", ["proximal_logp", "reference_logp"])
def test_tokens_beyond_twenty_nats_are_counted(name):
    held = batch(**{name: -FAR})
    assert saturated(torch.zeros(6), held).tolist() == [False, False, False, True, True, True]


def test_without_a_reference_only_the_proximal_policy_counts():
    assert not saturated(torch.zeros(6), batch()).any()
    both = batch(proximal_logp=-FAR, reference_logp=FAR.flip(0))
    assert saturated(torch.zeros(6), both).tolist() == [True, True, True, True, True, True]
