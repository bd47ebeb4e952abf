"""Methods after the survey, each from its paper's equation: hand numbers, values and gradients.

The equations of `policy.derived` are written here token by token, in plain numbers.
"""

from cmath import exp
from math import inf, log

import pytest
import torch
from policy.derived import (
    ADVANTAGE,
    BEHAVIOUR,
    LEARNER,
    agrees,
    case,
    found,
    rewarded,
)
from policy.oracles import DOUBLE, each_dtype

from whet.policy.aggregation import TokenMean
from whet.policy.algorithms import load
from whet.policy.inspection import warnings
from whet.policy.trust_regions import WithinKL, WithinLogRatio, WithinTV
from whet.types import RunSpec, UsageError

COUNT = len(ADVANTAGE)
ONE_STEP = RunSpec(samples=8, max_new_tokens=64, steps=10, minibatches=1)


def defaults(name, **settings):
    """The defaults of an algorithm are these settings."""
    assert load(name) == load(name, **settings)


# DPPO


@pytest.mark.parametrize(
    ("pi", "advantage", "term"), [(0.55, 1, 1.1), (0.65, 1, 0), (0.35, -1, 0), (0.65, -1, -1.3)]
)
def test_dppo_by_hand(pi, advantage, term):
    """μ = 0.5 and a bound of 0.1."""
    batch = case(DOUBLE, advantage=[advantage] * COUNT, behaviour_logp=[log(0.5)] * COUNT)
    ratio = WithinTV(low=0.1, high=0.1)(torch.full((COUNT,), log(pi)).double(), batch)
    torch.testing.assert_close(ratio * batch.advantage, torch.full_like(ratio, term))


def total_variation(low, high):
    """−1/(B L) Σ r Â, without tokens that have gone outward by more than the bound."""

    def loss(x, at):
        total = 0
        for a, mu, log_pi, live in zip(ADVANTAGE, BEHAVIOUR, at, x, strict=True):
            rise = (exp(log_pi) - exp(mu)).real
            if not ((a > 0 and rise > high) or (a < 0 and -rise > low)):
                total += exp(live - mu) * a
        return -total / (5 * 100)

    return loss


def divergence(p, q):
    return (p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))).real


def binary_kl(low, high):
    def loss(x, at):
        total = 0
        for a, mu, log_pi, live in zip(ADVANTAGE, BEHAVIOUR, at, x, strict=True):
            p, q = exp(mu).real, exp(log_pi).real
            out = (a > 0 and q > p and divergence(p, q) > high) or (
                a < 0 and q < p and divergence(p, q) > low
            )
            total += 0 if out else exp(live - mu) * a
        return -total / (5 * 100)

    return loss


@each_dtype
@pytest.mark.parametrize("bounds", [(0.15, 0.15), (0.05, 0.3), (0.3, 0.05), (inf, inf), (0, 0)])
def test_dppo(bounds, dtype):
    low, high = bounds
    agrees(load("dppo", low=low, high=high, length=100), case(dtype), total_variation(low, high))


@each_dtype
@pytest.mark.parametrize("bounds", [(0.05, 0.05), (0.02, 0.4), (0.4, 0.02), (inf, inf), (0, 0)])
def test_dppo_kl(bounds, dtype):
    low, high = bounds
    agrees(load("dppo_kl", low=low, high=high, length=100), case(dtype), binary_kl(low, high))


@each_dtype
def test_a_certain_token_has_a_binary_kl(dtype):
    """π = 1 is infinitely far from every μ < 1, and no distance from μ = 1."""
    batch = case(dtype, advantage=[1.0] * COUNT, behaviour_logp=[-0.1] * 5 + [0.0] * 5)
    out = WithinKL().outside(torch.zeros(COUNT, dtype=dtype), batch)
    assert out.tolist() == [True] * 5 + [False] * 5


@pytest.mark.parametrize(
    ("mu", "pi", "by_change", "by_kl"),
    [(0.001, 0.1, False, True), (0.4, 0.56, True, True), (0.4, 0.549, False, False)],
)
def test_a_rare_token_is_masked_by_its_kl_alone(mu, pi, by_change, by_kl):
    """0.001 to 0.1 is a change of 0.099 and a KL of 0.0998; 0.4 to 0.56: 0.16 and 0.0516."""
    batch = case(DOUBLE, advantage=[1.0] * COUNT, behaviour_logp=[log(mu)] * COUNT)
    logp = torch.full((COUNT,), log(pi)).double()
    assert bool(WithinTV().outside(logp, batch).all()) == by_change
    assert bool(WithinKL().outside(logp, batch).all()) == by_kl


def test_dppo_has_the_bounds_of_the_paper():
    """Appendix C.1; the 8192 tokens of veRL's run_qwen3_30b_a3b_megatron.sh."""
    defaults("dppo", low=0.15, high=0.15, length=8192)
    defaults("dppo_kl", low=0.05, high=0.05, length=8192)
    assert load("dppo").ratio == WithinTV() and load("dppo_kl").ratio == WithinKL()


@pytest.mark.parametrize(("mu", "pi", "advantage"), [(0.25, 0.5, 1.0), (0.5, 0.25, -1.0)])
def test_a_token_at_the_bound_is_within(mu, pi, advantage):
    """|π − μ| is 0.25, and |log r| is log 2."""
    batch = case(DOUBLE, advantage=[advantage] * COUNT, behaviour_logp=[log(mu)] * COUNT)
    logp = torch.full((COUNT,), log(pi)).double()
    gap = (logp.exp() - batch.behaviour_logp.exp()).abs()[0].item()
    assert not WithinTV(low=gap, high=gap).outside(logp, batch).any()
    assert WithinTV(low=0.999 * gap, high=0.999 * gap).outside(logp, batch).all()
    moved = (logp - batch.behaviour_logp)[0].item()
    near = WithinLogRatio(low=min(moved, 0.0), high=max(moved, 0.0))
    assert not near.outside(logp, batch).any()


@pytest.mark.parametrize("name", ["dppo", "dppo_kl", "dppo_squared", "kimi_k25"])
def test_a_trust_region_without_a_second_step_says_that_it_has_no_effect(name):
    assert any("minibatches" in text for text in warnings(load(name), ONE_STEP))


# the squared log-ratio as a price: Kimi K2.5 and prime-rl


def kimi(low, high, tau):
    """−1/N Σ (1[α ≤ log r ≤ β] r (R − mean) − τ (log r)²)."""

    def loss(x, at):
        total = 0
        for a, mu, log_pi, live in zip(ADVANTAGE, BEHAVIOUR, at, x, strict=True):
            total += exp(live - mu) * a if low <= log_pi - mu <= high else 0
            total -= tau * (live - mu) ** 2
        return -total / COUNT

    return loss


@each_dtype
@pytest.mark.parametrize("bounds", [(log(0.5), log(5)), (-0.2, 0.2), (-inf, inf)])
def test_kimi_k25(bounds, dtype):
    low, high = bounds
    agrees(load("kimi_k25", low=low, high=high, tau=0.3), case(dtype), kimi(low, high, 0.3))


@each_dtype
@pytest.mark.parametrize("bounds", [(0.2, 0.2), (0.05, 0.4)])
def test_the_loss_of_prime_rl(bounds, dtype):
    """The terms of DPPO over N in place of B L, and κ (log r)² of every token."""
    low, high = bounds

    def loss(x, at):
        price = sum((live - mu) ** 2 for live, mu in zip(x, BEHAVIOUR, strict=True))
        return total_variation(low, high)(x, at) * 500 / COUNT + 0.3 * price / COUNT

    agrees(load("dppo_squared", low=low, high=high, kappa=0.3), case(dtype), loss)


def test_the_settings_of_kimi_and_of_prime_rl():
    """prime-rl: dppo_mask_low, dppo_mask_high, kl_tau of DefaultLossConfig; Kimi prints none."""
    defaults("dppo_squared", low=0.2, high=0.2, kappa=1e-3)
    defaults("kimi_k25", low=log(0.5), high=log(5), tau=1e-3)
    assert load("kimi_k25").ratio == WithinLogRatio()
    assert load("dppo_squared").aggregation == load("kimi_k25").aggregation == TokenMean()


@pytest.mark.parametrize(("low", "high"), [(0.1, 1.0), (-1.0, -0.1), (1.0, -1.0)])
def test_a_window_holds_the_ratio_1(low, high):
    with pytest.raises(UsageError, match="r = 1 is outside"):
        WithinLogRatio(low=low, high=high)


@pytest.mark.parametrize("name", ["dppo_squared", "kimi_k25"])
def test_a_price_without_weight_says_so(name):
    idle = load(name, **({"kappa": 0.0} if name == "dppo_squared" else {"tau": 0.0}))
    assert any("K2.beta is 0" in text for text in warnings(idle, ONE_STEP))


# GPG


@each_dtype
def test_gpg_by_hand(dtype):
    """Two of three groups have a spread: 5 of 8 rollouts, so α = 8/5."""
    advantage = load("gpg").advantage(
        rewarded([1, 0, 0.1, 0.1, 0.1, 1, 0, 1], [0, 0, 1, 1, 1, 2, 2, 2], dtype)
    )
    third = 8 / 5 / 3
    wanted = [0.8, -0.8, 0, 0, 0, third, -2 * third, third]
    torch.testing.assert_close(advantage, torch.tensor(wanted, dtype=dtype))


@each_dtype
def test_gpg(dtype):
    """−1/N Σ Â log π: no ratio and no clip."""
    agrees(
        load("gpg"),
        case(dtype),
        lambda x, _: -sum(a * live for a, live in zip(ADVANTAGE, x, strict=True)) / COUNT,
    )


def test_gpg_without_a_spread_is_0():
    assert load("gpg").advantage(rewarded([0.1] * 4, [0, 0, 1, 1], DOUBLE)).tolist() == [0] * 4


def test_the_gradient_of_a_masked_token_is_exactly_0():
    _, gradient = found(load("dppo", length=100), case(DOUBLE), LEARNER)
    assert gradient[[0, 2, 3, 8]].tolist() == [0, 0, 0, 0]
