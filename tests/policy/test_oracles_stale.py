"""M2PO, VESPO, FIPO and SAT, each from its paper's equation.

The equations of `policy.derived` are written here token by token, in plain numbers.
"""

from cmath import exp
from dataclasses import replace
from math import inf, log

import pytest
import torch
from policy.derived import (
    ADVANTAGE,
    BEHAVIOUR,
    LEARNER,
    PROXIMAL,
    ROW,
    agrees,
    case,
    found,
)
from policy.oracles import DOUBLE, each_dtype

from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.fipo import FutureInfluence
from whet.policy.algorithms.critic_free.vespo import GammaWeighted
from whet.policy.algorithms.off_policy.m2po import BeyondSecondMoment, Outward
from whet.policy.algorithms.off_policy.sat import StalenessAdaptive
from whet.policy.corrections import Without
from whet.policy.inspection import warnings
from whet.policy.selections import PolicyTokens
from whet.types import Batch, Need, RunSpec, totals

COUNT = len(ADVANTAGE)
ONE_STEP = RunSpec(samples=8, max_new_tokens=64, steps=10, minibatches=1)


def single_tokens(moved, dtype=DOUBLE, **columns):
    """Rollouts of one token, with log π_θ − log μ = moved."""
    row = torch.arange(len(moved))
    behaviour = torch.full((len(moved),), -1.0, dtype=dtype)
    known = {"advantage": torch.ones_like(behaviour), "proximal_logp": behaviour, **columns}
    logp = behaviour + torch.tensor(moved, dtype=dtype)
    return Batch(
        totals=totals(row, row // 2),
        row=row,
        group=row // 2,
        behaviour_logp=behaviour,
        learner_logp=logp,
        **known,
    ).counted()


@pytest.mark.parametrize("name", ["m2po", "vespo", "fipo", "sat"])
def test_without_a_second_step_they_say_that_they_have_no_effect(name):
    assert any("minibatches" in text for text in warnings(load(name), ONE_STEP))


@pytest.mark.parametrize(
    "idle",
    [
        FutureInfluence(low=0.0, high=0.0),
        GammaWeighted(raised_power=0, raised_decay=0, lowered_power=0, lowered_decay=0),
        StalenessAdaptive(tail=1.0),
        StalenessAdaptive(power=0.0),
    ],
    ids=repr,
)
def test_a_setting_that_leaves_nothing_to_do_is_told(idle):
    steps = replace(ONE_STEP, minibatches=2)
    [said] = warnings(idle, steps)
    assert type(idle).__name__ in said
    assert warnings(type(idle)(), steps) == []


# M2PO


@each_dtype
def test_m2po_by_hand(dtype):
    """Squares 0.01, 0.04 and 0.16: the mean 0.07 is above 0.04, and 0.025 without the third.

    Inward, the third leaves a mean of 0.025 to begin with, and none is masked; AReaL masks it.
    """
    outward, inward = (torch.tensor(x, dtype=dtype) for x in ([1, -1, 1], [1, -1, -1]))
    batch = single_tokens([0.1, -0.2, 0.4], dtype, advantage=outward)
    assert BeyondSecondMoment(budget=0.04)(batch).tolist() == [False, False, True]
    batch = replace(batch, advantage=inward)
    assert BeyondSecondMoment(budget=0.04)(batch).tolist() == [False] * 3
    areal = BeyondSecondMoment(budget=0.04, among=PolicyTokens())
    assert areal(batch).tolist() == [False, False, True]
    assert areal.needs == BeyondSecondMoment().needs == {Need.BATCH_LOGP}


def test_m2po_takes_equal_tokens_together_or_not_at_all():
    """With one of the two at 0.3 the mean of squares is 0.05; which one would depend on order."""
    batch = single_tokens([0.3, 0.1, 0.3])
    assert BeyondSecondMoment(budget=0.06)(batch).tolist() == [True, False, True]
    assert BeyondSecondMoment(budget=0.07)(batch).tolist() == [False] * 3


def test_m2po_masks_all_where_no_token_is_within_the_budget():
    assert BeyondSecondMoment(budget=0.04)(single_tokens([0.3, 0.5])).tolist() == [True, True]
    assert BeyondSecondMoment()(single_tokens([])).tolist() == []


@each_dtype
@pytest.mark.parametrize("budget", [0.04, 0.2, 0.5, inf])
def test_m2po(budget, dtype):
    """−1/N Σ_kept π_θ/π_prox Â."""

    def loss(x, at):
        square = [(a - mu) ** 2 for a, mu in zip(at, BEHAVIOUR, strict=True)]
        outward = [n for n in range(COUNT) if ADVANTAGE[n] * (at[n] - BEHAVIOUR[n]) > 0]
        kept = sorted(outward, key=square.__getitem__)
        while kept and sum(square[n] for n in kept) / len(kept) > budget:
            kept.pop()
        kept += [n for n in range(COUNT) if n not in outward]
        return -sum(exp(x[n] - PROXIMAL[n]) * ADVANTAGE[n] for n in kept) / COUNT

    agrees(load("m2po", budget=budget), case(dtype), loss)


def test_m2po_has_the_budget_of_the_authors_and_of_areal():
    """M2_budget of train-scripts/m2po-qwen-math-7b-s8.sh, m2_threshold of gsm8k_m2po.yaml."""
    chosen = BeyondSecondMoment(budget=0.04, among=Outward())
    assert chosen == BeyondSecondMoment() and load("m2po").corrections == (Without(of=chosen),)


# VESPO


def phi(w, k, decay):
    return w**k * exp(decay * (1 - w)).real


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_vespo_by_hand(sign):
    """φ(1) = 1 for any k and λ, and 2² e^{−3} and 2³ e^{−2} at W = 2."""
    advantage = torch.tensor([sign, sign]).double()
    weight = GammaWeighted().weight(
        torch.tensor([-1.0, -1.0 + log(2)]).double(), single_tokens([0, 0], advantage=advantage)
    )
    there = 4 * exp(-3).real if sign > 0 else 8 * exp(-2).real
    torch.testing.assert_close(weight, torch.tensor([1.0, there]).double())


@each_dtype
def test_vespo(dtype):
    """−1/N Σ sg[φ(W)] Â log π: W is the product of a rollout, k and λ go by the sign of Â."""

    def loss(x, at):
        total = 0
        for n, i in enumerate(ROW):
            w = exp(sum(at[m] - BEHAVIOUR[m] for m, j in enumerate(ROW) if j == i)).real
            k, decay = (3, 2) if ADVANTAGE[n] < 0 else (2, 3)
            total += phi(w, k, decay) * ADVANTAGE[n] * x[n]
        return -total / COUNT

    agrees(load("vespo"), case(dtype), loss)


def test_vespo_has_the_settings_of_the_authors_and_of_trl():
    """recipe/vespo/run/sync/vespo_N_8.sh; vespo_k_pos, … of GRPOConfig."""
    assert load("vespo").ratio == GammaWeighted(
        raised_power=2.0, raised_decay=3.0, lowered_power=3.0, lowered_decay=2.0
    )


# FIPO


def influence(at, n, half_life, bounds, floor, harsh):
    """clip(exp(Σ_{s≥t} γ^{s−t} log r_s), 1 − low, 1 + high) of token n."""
    low, high = bounds
    future, gamma = 0.0, 2 ** (-1 / half_life)
    for m in range(n, COUNT):
        if ROW[m] == ROW[n]:
            moved = at[m] - PROXIMAL[m]
            future += 0 if exp(moved).real > floor else gamma ** (m - n) * moved
    weight = min(max(exp(future).real, 1 - low), 1 + high)
    if ADVANTAGE[n] < 0 and exp(at[n] - PROXIMAL[n]).real > harsh:
        weight = min(max(weight, 0.8), 1.0)
    return weight


@each_dtype
@pytest.mark.parametrize("bounds", [(0.0, 0.2), (0.2, 0.2), (0.9, 3.0)])
@pytest.mark.parametrize(("floor", "harsh"), [(10.0, 10.0), (2.0, 2.3), (inf, 1.1)])
def test_the_influence_of_fipo(bounds, floor, harsh, dtype):
    low, high = bounds
    part = FutureInfluence(half_life=2.0, low=low, high=high, floor=floor, harsh=harsh)
    batch = case(dtype, learner_logp=LEARNER)
    wanted = [influence(LEARNER, n, 2.0, bounds, floor, harsh) for n in range(COUNT)]
    torch.testing.assert_close(part(batch), torch.tensor(wanted, dtype=dtype))


@each_dtype
def test_fipo(dtype):
    """DAPO's clip with a floor of 10 on Ã = c Â; c has no gradient."""

    def loss(x, at):
        total = 0
        for n, a in enumerate(ADVANTAGE):
            r, ratio = exp(at[n] - PROXIMAL[n]).real, exp(x[n] - PROXIMAL[n])
            beyond = (a > 0 and r > 1.28) or (a < 0 and r < 0.8)
            bound = 1.28 if a > 0 else 0.8
            live = bound if beyond else ratio
            total += influence(at, n, 32.0, (0.0, 0.2), 10.0, 10.0) * a * live
        return -total / COUNT

    agrees(load("fipo"), case(dtype), loss)


def test_fipo_has_the_settings_of_the_authors_run():
    """decay_rate 32, future_kl_clip_ratio 0.2, future_kl_clip_high_only, safety_thresh 10."""
    part = FutureInfluence(half_life=32.0, low=0.0, high=0.2, floor=10.0, harsh=10.0)
    assert load("fipo").corrections == (part,) == (FutureInfluence(),)


def test_a_ratio_at_the_floor_is_still_summed():
    """Log r = 1 with a floor of e, then log r = 2: the weight is e^{0 or 1}."""
    for moved, there in ((1.0, exp(1).real), (2.0, 1.0)):
        batch = single_tokens([moved])
        part = FutureInfluence(high=9.0, floor=exp(1).real)
        torch.testing.assert_close(part(batch), torch.tensor([there]).double())


# SAT


def hill(at, tail, power):
    """κ of each token: 1/(1 + (|d|/q)^power) above the quantile q."""
    far = [abs(a - mu) for a, mu in zip(at, BEHAVIOUR, strict=True)]
    q = next(x for x in sorted(far) if sum(y <= x for y in far) >= tail * COUNT - 1e-9)
    return [1 / (1 + (x / q) ** power) if x > q > 0 else 1.0 for x in far]


@each_dtype
@pytest.mark.parametrize("tail", [0.9, 0.5, 0.2, 1.0])
def test_sat(tail, dtype):
    """Only the end of the clip that r has moved to is contracted."""

    def loss(x, at):
        total = 0
        for n, kappa in enumerate(hill(at, tail, 2.0)):
            d, a = at[n] - BEHAVIOUR[n], ADVANTAGE[n]
            r, ratio = exp(d).real, exp(x[n] - BEHAVIOUR[n])
            least = 1 - 0.2 * (kappa if d < 0 else 1)
            most = 1 + 0.2 * (kappa if d > 0 else 1)
            beyond = (a > 0 and r > most) or (a < 0 and r < least)
            total += a * ((most if a > 0 else least) if beyond else ratio)
        return -total / COUNT

    agrees(load("sat", tail=tail), case(dtype), loss)


def test_sat_by_hand():
    """|d| of ten tokens: q is the ninth, 0.2, and the tenth, at 0.4, has κ = 1/(1 + 2²)."""
    moved = [0.1] * 8 + [-0.2, 0.4]
    kappa = StalenessAdaptive().contraction(torch.tensor(moved).double(), single_tokens(moved))
    torch.testing.assert_close(kappa, torch.tensor([1.0] * 9 + [0.2]).double())


def test_sat_is_never_wider_than_ppo():
    """At the quantile 1 nothing is contracted, and it is PPO's clip on π_θ/μ."""
    batch = case(DOUBLE, proximal_logp=BEHAVIOUR)
    plain = load("dapo", low=0.2, high=0.2)
    for one, other in zip(found(load("sat", tail=1.0), batch), found(plain, batch), strict=True):
        torch.testing.assert_close(one, other)
    assert StalenessAdaptive() == load("sat").criterion
