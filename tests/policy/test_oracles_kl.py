"""What the policy pays, against `algorithm_oracles.json`: values, gradients, and whose they are."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from policy.oracles import (
    B0,
    DOUBLE,
    ORACLES,
    b0,
    close,
    each_dtype,
    expected,
    flat,
    reproduces,
)

from whet.policy.advantages import RewardToGo, Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.anchors import Proximal, Reference
from whet.policy.clipping import Unclipped
from whet.policy.f_divergences import Alpha, ForwardKL, JensenShannon
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood, TokenRatio
from whet.policy.regularisers import (
    K1,
    K2,
    K3,
    Absolute,
    ClampedK3,
    EntropyBonus,
    K3WithGradientOfK2,
    WeightedK3,
)
from whet.types import AdvantageInputs, Batch, totals

PLAIN = Objective(
    advantage=Standardised(), ratio=TokenRatio(), clipping=Unclipped(), aggregation=TokenMean()
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    ZERO_GRADIENT = K1(beta=1.0)
PRICES = {
    "kl_estimators/k1": ZERO_GRADIENT,
    "kl_estimators/k2": K2(beta=1.0),
    "kl_estimators/k3": K3(beta=1.0),
    "kl_estimators/k3_is_corrected": WeightedK3(beta=1.0),
    "kl_estimators/k3_value_k2_gradient": K3WithGradientOfK2(beta=1.0),
    "dph_f_divergence/forward_kl_k3": ForwardKL(beta=1.0, anchor=Proximal()),
    "dph_f_divergence/js_generator": JensenShannon(beta=1.0, anchor=Proximal()),
    "dph_f_divergence/alpha": Alpha(beta=1.0, anchor=Proximal()),
}
NOTHING = torch.zeros(15, dtype=DOUBLE)


@each_dtype
@pytest.mark.parametrize(("path", "price"), list(PRICES.items()), ids=list(PRICES))
def test_regularisers(path, price, dtype):
    reproduces(path, replace(PLAIN, regularisers=(price,)), b0(NOTHING.to(dtype)))


P, Q = (torch.tensor(ORACLES["kl_gradient_identity"]["inputs"][k], dtype=DOUBLE) for k in "pq")


def exact(price: Callable) -> tuple[torch.Tensor, torch.Tensor]:
    """E[k] and its gradient in the logits, over all three actions, weighed by p."""
    logits = P.log().requires_grad_()
    logp = logits.log_softmax(0)
    row = torch.arange(3)
    batch = Batch(
        totals=totals(row, row),
        row=row,
        group=row,
        advantage=torch.zeros(3, dtype=DOUBLE),
        behaviour_logp=P.log(),
        proximal_logp=P.log(),
        reference_logp=Q.log(),
    )
    value = (P * price(logp, batch)).sum()
    (gradient,) = torch.autograd.grad(value, logits)
    return value.detach(), gradient


@pytest.mark.parametrize(
    ("price", "value", "gradient"),
    [
        (ZERO_GRADIENT, "E_k1", "E_grad_k1_in_loss"),
        (K2(beta=1.0), "E_k2", "E_grad_k2_in_loss"),
        (K2(beta=1.0), "E_k2", "grad_reverse_KL"),
        (K3(beta=1.0), "E_k3", "E_grad_k3_in_loss"),
        (K3(beta=1.0), "KL_p_q", "grad_forward_KL"),
        (WeightedK3(beta=1.0), "KL_p_q", "E_grad_IS_corrected_k3"),
        (K3WithGradientOfK2(beta=1.0), "KL_p_q", "grad_reverse_KL"),
    ],
    ids=repr,
)
def test_what_an_estimator_in_the_loss_pulls_towards(price, value, gradient):
    got, slope = exact(price)
    close(got, expected(f"kl_gradient_identity/{value}"))
    close(slope, expected(f"kl_gradient_identity/{gradient}"), gradient=True)


def test_k1_in_the_reward_is_the_gradient_of_the_kl():
    row = torch.arange(3)
    known = AdvantageInputs(
        reward=torch.zeros(3, dtype=DOUBLE),
        group=row,
        row=row,
        proximal_logp=P.log(),
        reference_logp=Q.log(),
    )
    advantage = RewardToGo(beta=1.0)(known)
    _, slope = exact(lambda logp, batch: -advantage * LogLikelihood()(logp, batch))
    close(slope, expected("kl_gradient_identity/E_score_times_k1_in_reward"), gradient=True)


def test_k1_in_the_loss_is_warned_of():
    with pytest.warns(UserWarning, match="expected gradient of 0; take K2"):
        K1(beta=0.1)


def test_a_clamped_k3_has_no_gradient_beyond_its_clamp():
    logp = torch.tensor([-4.0, -1.0], dtype=DOUBLE, requires_grad=True)
    row = torch.arange(2)
    reference = torch.tensor([-1.0, -1.5], dtype=DOUBLE)
    batch = Batch(
        totals=totals(row, row),
        row=row,
        group=row,
        advantage=torch.zeros(2, dtype=DOUBLE),
        behaviour_logp=reference,
        proximal_logp=reference,
        reference_logp=reference,
    )
    price = ClampedK3(beta=1.0)(logp, batch)
    close(price.detach()[0], 10.0)
    close(price[1].detach(), K3(beta=1.0)(logp, batch)[1].detach())
    (slope,) = torch.autograd.grad(price.sum(), logp)
    assert slope[0] == 0
    assert slope[1] != 0


def test_the_absolute_price_and_its_gradient_by_hand():
    logp = flat(B0["logp"]).requires_grad_()
    price = Absolute(beta=2.0, anchor=Proximal())(logp, b0(NOTHING))
    close(price.detach(), 2 * (logp - flat(B0["logp_old"])).abs().detach())
    (slope,) = torch.autograd.grad(price.sum(), logp)
    close(slope, 2 * (logp - flat(B0["logp_old"])).sign().detach())


def test_an_entropy_bonus_pays_for_entropy():
    entropy = flat(B0["entropy"]).requires_grad_()
    batch = replace(b0(NOTHING), learner_entropy=entropy)
    objective = replace(PLAIN, regularisers=(EntropyBonus(beta=0.3),))
    loss = objective.loss(flat(B0["logp"]), batch)
    (slope,) = torch.autograd.grad(loss, entropy)
    close(loss.detach(), -0.3 * entropy.detach().mean())
    close(slope, torch.full_like(slope, -0.3 / 15))


def test_an_anchor_says_what_it_needs():
    assert K2(beta=1.0).needs == Reference.needs
    assert not K2(beta=1.0, anchor=Proximal()).needs
