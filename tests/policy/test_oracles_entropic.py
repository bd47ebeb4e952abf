"""Entropic leave-one-out advantages (TTT-Discover): the equation, and where it has no answer."""

from cmath import exp
from dataclasses import replace
from math import log

import pytest
import torch
from policy.derived import ADVANTAGE, PROXIMAL, agrees, case, rewarded
from policy.oracles import SINGLE, each_dtype

from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.entropic import EntropicLeaveOneOut
from whet.policy.inspection import warnings
from whet.types import RunSpec

COUNT = len(ADVANTAGE)


def entropic(rewards, beta):
    grown = [exp(beta * r).real for r in rewards]
    others = [(sum(grown) - g) / (len(grown) - 1) for g in grown]
    return [g / o - 1 for g, o in zip(grown, others, strict=True)]


def solved(rewards):
    """β with KL(softmax(βR) ‖ uniform) = ln 2, by halving."""
    low, high = 0.0, 1e4
    for _ in range(200):
        beta = (low + high) / 2
        grown = [exp(beta * (r - max(rewards))).real for r in rewards]
        share = [g / sum(grown) for g in grown]
        kl = sum(s * log(s * len(share)) for s in share if s)
        low, high = (beta, high) if kl < log(2) else (low, beta)
    return high


@each_dtype
@pytest.mark.parametrize(
    "rewards", [[1, 0, 0, 0], [0.1, 0.7, 0.3, 0.2, -0.4], [3, 2.9, 0, 0, 0], [1, -1, 0]]
)
def test_entropic(rewards, dtype):
    advantage = load("entropic").advantage(rewarded(rewards, [0] * len(rewards), dtype))
    wanted = entropic([r - max(rewards) for r in rewards], solved(rewards))
    tolerance = 1e-5 if dtype == SINGLE else 1e-9
    torch.testing.assert_close(
        advantage, torch.tensor(wanted, dtype=dtype), rtol=tolerance, atol=tolerance
    )


@each_dtype
def test_entropic_where_no_beta_is_large_enough(dtype):
    """Two best of four: 3/1 − 1 for them, −1 for the others.  One of two: ±1."""
    advantage = load("entropic").advantage(
        rewarded([1, 1, 0, 0.5, 0.2, 0.1, 7], [0, 0, 0, 0, 1, 1, 2], dtype)
    )
    assert advantage.tolist() == [2, 2, -1, -1, 1, -1, 0]


@each_dtype
def test_entropic_of_equal_rewards_is_exactly_0(dtype):
    same = [0.1] * 3 + [1 / 3] * 4
    assert load("entropic").advantage(rewarded(same, [0] * 3 + [1] * 4, dtype)).tolist() == [0] * 7


@each_dtype
def test_entropic_loss(dtype):
    """−1/N Σ π_θ/π_prox Â."""
    agrees(
        load("entropic"),
        case(dtype),
        lambda x, _: (
            -sum(exp(live - old) * a for live, old, a in zip(x, PROXIMAL, ADVANTAGE, strict=True))
            / COUNT
        ),
    )


def test_a_pair_has_no_entropic_beta_and_the_run_is_told():
    pair = RunSpec(samples=2, max_new_tokens=64, steps=10, minibatches=2)
    assert any("sample more" in text for text in warnings(load("entropic"), pair))
    for enough in (0, 1, 3):  # a varying number, none to compare with, and three
        assert warnings(load("entropic").advantage, replace(pair, samples=enough)) == []
    assert load("entropic").advantage == EntropicLeaveOneOut(divergence=log(2))
