"""A*-PO and OTB, each from its paper's equation: hand numbers, values and gradients."""

from cmath import exp
from math import log

import pytest
import torch
from policy.derived import (
    ADVANTAGE,
    GROUP,
    LEARNER,
    PROXIMAL,
    REFERENCE,
    ROW,
    agrees,
    case,
    rewarded,
)
from policy.oracles import each_dtype

from whet.policy.algorithms import load
from whet.policy.extensions.reference_values import ReferenceValues

COUNT = len(ADVANTAGE)


# A*-PO


@each_dtype
@pytest.mark.parametrize("beta", [1e-3, 0.7])
def test_a_star_po(beta, dtype):
    """Mean over rollouts of (β Σ_t log(π_θ/π_ref) − (R − V*))²."""

    def loss(x, _):
        total = 0
        for i in range(5):
            mine = [n for n, row in enumerate(ROW) if row == i]
            implied = beta * sum(x[n] - REFERENCE[n] for n in mine)
            total += (implied - ADVANTAGE[mine[0]]) ** 2
        return total / 5

    agrees(load("a_star_po", beta=beta), case(dtype), loss)


@each_dtype
def test_the_target_of_a_star_po_is_the_reward_above_v_star(dtype):
    baseline = torch.tensor([0.25, 0.25, 0.1], dtype=dtype)
    inputs = rewarded([1, 0, 0.1], [0, 0, 1], dtype, baseline=baseline)
    assert load("a_star_po").advantage(inputs).tolist() == pytest.approx([0.75, -0.25, 0], abs=0)


def test_a_star_po_has_the_settings_of_the_authors_scripts_and_of_trl():
    """scripts/apo_math.sh: beta1 0.5, beta2 1e-3, num_gen_to_use 8."""
    assert load("a_star_po") == load("a_star_po", value_beta=0.5, beta=1e-3, samples=8)
    assert load("a_star_po").companions == (ReferenceValues(),)
    assert ReferenceValues() == ReferenceValues(beta=0.5, count=8)


# OTB


@each_dtype
def test_the_optimal_baseline_by_hand(dtype):
    """Two replies of 2 and 3 tokens: W = (0.5, 1), (0.25, 0.5, 0.75); R = 1, 0.

    B₁ = 0.5/0.75, B₂ = 1/1.5, and the third token has no other reply beside it.
    """
    half = log(0.5)
    columns = {
        "proximal_logp": torch.tensor([half] * 5, dtype=dtype),
        "collision": torch.tensor([0.5, 0.5, 0.25, 0.25, 0.25], dtype=dtype),
    }
    found = load("otb").advantage(rewarded([1, 0], [0, 0], dtype, [0, 0, 1, 1, 1], **columns))
    torch.testing.assert_close(found, torch.tensor([1 / 3, 1 / 3, -2 / 3, -2 / 3, 0], dtype=dtype))


@each_dtype
def test_the_optimal_baseline(dtype):
    """Group by group and position by position; Σ_v π² is at least π²."""
    rewards, squares = [1.0, 0.25, -0.5, 1.0, 0.5], [exp(x).real for x in LEARNER]
    places = [sum(r == ROW[n] for r in ROW[:n]) for n in range(COUNT)]
    size = [1 - 2 * exp(x).real + s for x, s in zip(PROXIMAL, squares, strict=True)]
    grown = [
        sum(size[m] for m in range(n + 1) if ROW[m] == ROW[n] and places[m] <= places[n])
        for n in range(COUNT)
    ]
    wanted = []
    for n in range(COUNT):
        beside = [
            m for m in range(COUNT) if GROUP[ROW[m]] == GROUP[ROW[n]] and places[m] == places[n]
        ]
        mean = sum(grown[m] * rewards[ROW[m]] for m in beside) / sum(grown[m] for m in beside)
        wanted.append(rewards[ROW[n]] - mean)
    columns = {
        "proximal_logp": torch.tensor(PROXIMAL, dtype=dtype),
        "collision": torch.tensor(squares, dtype=dtype),
    }
    advantage = load("otb").advantage(rewarded(rewards, GROUP, dtype, ROW, **columns))
    torch.testing.assert_close(advantage, torch.tensor(wanted, dtype=dtype))


def test_the_weight_is_the_gradient_of_the_logits():
    """Σ_v (∂ log π(s) / ∂ z_v)² = 1 − 2 π(s) + Σ_v π(v)², for drawn logits."""
    logits = torch.randn(7, generator=torch.Generator().manual_seed(0)).double().requires_grad_()
    logp = torch.log_softmax(logits, 0)
    (gradient,) = torch.autograd.grad(logp[3], logits)
    pi = logp.detach().exp()
    torch.testing.assert_close((gradient**2).sum(), 1 - 2 * pi[3] + (pi**2).sum())


@each_dtype
def test_otb(dtype):
    """PPO's clip of 0.2 on both sides, a mean over tokens."""

    def loss(x, at):
        total = 0
        for old, a, log_pi, live in zip(PROXIMAL, ADVANTAGE, at, x, strict=True):
            r = exp(log_pi - old).real
            beyond = (a > 0 and r > 1.2) or (a < 0 and r < 0.8)
            total += a * ((1.2 if a > 0 else 0.8) if beyond else exp(live - old))
        return -total / COUNT

    agrees(load("otb"), case(dtype), loss)
