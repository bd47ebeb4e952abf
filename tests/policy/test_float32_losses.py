"""Gates, preferences and baselines in float32."""

import mpmath as mp
import numpy as np
import pytest
import torch
from policy.closed_forms import agree, computed, matches, single, tokens

from whet.policy.advantages import Centred, GroupCentredBatchScaled, Standardised, Whitened
from whet.policy.algorithms.critic_free.kimi import SoftBaseline
from whet.policy.algorithms.critic_free.krpo import Innovation
from whet.policy.algorithms.critic_free.nft import ImplicitNegative
from whet.policy.algorithms.critic_free.sapo import SoftGate
from whet.policy.algorithms.off_policy.soft_po import AboveSoftValue, SquaredError
from whet.policy.arithmetic import generalised_advantage
from whet.policy.implicit import LogSigmoid
from whet.policy.preferences import (
    FixedAnchor,
    Logistic,
    MeanLikelihood,
    PairwiseLoss,
    Squared,
    SumLogRatio,
    Unpaired,
)
from whet.policy.ratios import (
    TokenRatio,
)
from whet.policy.selections import quantile
from whet.types import AdvantageInputs


def test_the_gate_of_sapo_fades_and_never_stops():
    gate = SoftGate(up=1.5, down=2.0)
    steps = [0.0, 0.5, 1.0, 1 + 1e-6, 2.0, 10.0, 40.0]
    for sign, tau in ((1.0, mp.mpf(1.5)), (-1.0, mp.mpf(2))):
        matches(
            lambda r, sign=sign: gate(r, torch.full_like(r, sign)),
            lambda r, sign=sign, tau=tau: sign * 4 / tau / (1 + mp.e ** (-tau * (r - 1))),
            steps,
        )


def test_the_implicit_negative_of_nft():
    """ω log((1 − q r)/(1 − q)) with ω = 1 − q, q = ¼, below its floor's reach; Â log r above 0."""
    clip = ImplicitNegative(floor=1e-6)
    q = mp.mpf(0.25)
    steps = [0.0, 0.5, 1 - 1e-4, 1.0, 1 + 1e-4, 2.0, 3.5]
    matches(
        lambda r: clip(r, torch.full_like(r, -0.25)),
        lambda r: (1 - q) * mp.log((1 - q * r) / (1 - q)),
        steps,
    )
    matches(lambda r: clip(r, torch.full_like(r, 2.0)), lambda r: 2 * mp.log(r), [0.1, 2.0, 1e8])
    x = single([-30.0]).requires_grad_()
    held = clip(TokenRatio()(x, tokens(x, [0.0])), single([2.0]))
    assert torch.autograd.grad(held.sum(), x)[0].tolist() == [2.0]


def sigma(x):
    return 1 / (1 + mp.e**-x)


DISTANCES = [0.0, 1e-8, -1e-8, 1, -1, 10, -10, 25, -25, 80, -80]


@pytest.mark.parametrize(
    ("link", "form"),
    [
        (Logistic(), lambda d: -mp.log(sigma(d))),
        (Logistic(margin=2.0), lambda d: -mp.log(sigma(d - 2))),
        (
            Logistic(smoothing=0.25),
            lambda d: -mp.log(sigma(d)) * mp.mpf(0.75) - mp.log(sigma(-d)) / 4,
        ),
        (Squared(tau=0.125), lambda d: (d - 4) ** 2),
        (lambda d: LogSigmoid()(d, torch.ones_like(d)), lambda d: mp.log(sigma(d))),
        (lambda d: LogSigmoid()(d, -torch.ones_like(d)), lambda d: mp.log(sigma(-d))),
        (lambda d: SquaredError()(d, torch.ones_like(d)), lambda d: -((d - 1) ** 2)),
    ],
    ids=["dpo", "margin", "cdpo", "ipo", "right", "wrong", "squared"],
)
def test_links_of_preferences(link, form):
    grid = [d for d in DISTANCES if d != 1] + [1.5]  # the squared error has a zero at 1
    matches(link, form, grid)


@pytest.mark.parametrize("right", [True, False])
def test_kto_has_its_slope_in_both_tails(right):
    loss = Unpaired(beta=1.0, anchor=FixedAnchor())

    def of(x):
        alone = [loss(x[i : i + 1], one(x[i : i + 1])) for i in range(len(x))]
        return torch.stack(alone)

    def one(x):
        return tokens(x, [0.0], correct=torch.tensor([right]))

    matches(of, lambda h: sigma(-h) if right else sigma(h), DISTANCES)


def test_preferences_of_whole_replies():
    """DPO of Σ 2 and 3 tokens, SimPO of their means: h by hand, −log σ and its slope by mpmath."""
    learner, reference = [-1.0, -2.0, -0.5, -0.25, -3.0], [-1.5, -2.0, -0.25, -0.5, -2.0]
    batch = tokens(learner, reference, row=[0, 0, 1, 1, 1], correct=torch.tensor([True, False]))
    sums = mp.mpf(0.1) * (mp.mpf(0.5) - mp.mpf(-1.0))  # (−3 + 3.5) − (−3.75 + 2.75)
    means = mp.mpf(2.5) * (mp.mpf(-1.5) - mp.mpf(-1.25))
    for score, d, each in ((SumLogRatio(), sums, 0.1), (MeanLikelihood(), means, 1.25)):
        loss = PairwiseLoss(score=score, link=Logistic())
        value, slopes = computed(lambda x, loss=loss: loss(x, batch)[None], learner)
        agree(value[0], -mp.log(sigma(d)))
        agree(slopes[0], -sigma(-d) * mp.mpf(each))


def group(*rewards: float) -> AdvantageInputs:
    n = len(rewards)
    return AdvantageInputs(
        reward=single(rewards), group=torch.zeros(n, dtype=torch.long), row=torch.arange(n)
    )


APART = [(0.0, 1e-9, 0.0), (1.0, 1 - 1e-4, 1.0), (0.1, 0.1 + 1e-6, 0.1), (1e6, 1e6 + 1, 1e6)]


@pytest.mark.parametrize("rewards", [*APART, (0.0, 1.0, 1.0), (-50.0, 50.0, 0.0)])
@pytest.mark.parametrize(
    ("advantage", "scale"), [(SoftBaseline(tau=0.5), 0.5), (AboveSoftValue(beta=0.5), 0.5)]
)
def test_a_soft_maximum_keeps_a_small_spread(advantage, scale, rewards):
    found = advantage(group(*rewards)).tolist()
    exact = [mp.mpf(x) for x in single(rewards).tolist()]
    top, tau = max(exact), mp.mpf(scale)
    soft = tau * mp.log(sum(mp.e ** ((x - top) / tau) for x in exact) / 3)
    for a, x in zip(found, exact, strict=True):
        assert a == pytest.approx(
            float(x - top - soft), rel=1e-5, abs=1e-7 * float(top - min(exact))
        )


@pytest.mark.parametrize(
    "rewards", [*APART, (1e20, 0.0, 0.0), (1e-25, 0.0, 3e-25), (0.0, 1.0, 1.0)]
)
def test_deviations_neither_overflow_nor_lose_a_small_spread(rewards):
    x = np.array(single(rewards).tolist())
    apart = x - x.mean()
    inputs = group(*rewards)
    assert Centred()(inputs).tolist() == pytest.approx(apart.tolist(), rel=1e-5)
    wanted = apart / (x.std(ddof=1) + 1e-6)
    assert Standardised()(inputs).tolist() == pytest.approx(wanted.tolist(), rel=1e-5)
    wanted = apart / np.sqrt(x.var(ddof=1) + 1e-8)
    assert Whitened(inner=Centred())(inputs).tolist() == pytest.approx(wanted.tolist(), rel=1e-5)
    wanted = apart / (x.std(ddof=1) + 1e-4)
    found = GroupCentredBatchScaled()(inputs).tolist()
    assert found == pytest.approx(wanted.tolist(), rel=1e-5)


@pytest.mark.parametrize("noise", [1e-2, 1e-6])
def test_a_kalman_filter_in_float32(noise):
    """The innovation is (1 − K)(R − x): R − x after the update would lose K's leading digits."""
    rewards = [0.7, 0.1, 0.3, 0.9]
    found = Innovation(noise=noise)(group(*rewards)).tolist()
    x, p, q, r = mp.mpf(0), mp.mpf(1), mp.mpf(1e-5), mp.mpf(noise)
    for a, reward in zip(found, single(rewards).tolist(), strict=True):
        p += q
        gain = p / (p + r)
        x += gain * (mp.mpf(reward) - x)
        p *= 1 - gain
        agree(a, (mp.mpf(reward) - x) / (mp.sqrt(p) + mp.mpf(1e-8)))


@pytest.mark.parametrize(
    ("decay", "wanted"),
    [(0.0, [0.25, -0.5, 0.75]), (1.0, [0.5, 0.25, 0.75]), (0.5, [0.1875, -0.125, 0.75])],
)
def test_gae_at_the_ends_of_lambda(decay, wanted):
    """δ = (.75 − .5, .25 − .75, 1 − .25) for V = (.5, .75, .25) and a last reward of 1."""
    value, reward = single([0.5, 0.75, 0.25]), single([0.0, 0.0, 1.0])
    row = torch.zeros(3, dtype=torch.long)
    assert generalised_advantage(reward, value, row, gae_lambda=decay).tolist() == wanted


@pytest.mark.parametrize("at", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_a_quantile_is_that_of_numpy(at):
    x = single([0.3, -1.0, 2.5, 0.1, 0.1, 7.0, -2.0])
    assert quantile(x, at).item() == pytest.approx(np.quantile(x.numpy(), at), rel=1e-6)
