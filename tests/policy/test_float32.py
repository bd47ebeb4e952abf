"""Closed forms in float32, values and gradients, against 60 digits of mpmath.

A log-ratio on the grid is a float32 number, so the only errors are those of the arithmetic. Some
twenty operations round by 2⁻²⁴ each, and no term is more than 8 times the sum: 1e-5 holds them all.
"""

import inspect
import warnings
from importlib import import_module
from math import inf
from pkgutil import walk_packages

import mpmath as mp
import numpy as np
import pytest
import torch
from policy.oracles import SINGLE

import whet.policy
from whet.policy import regularisers
from whet.policy.advantages import Centred, GroupCentredBatchScaled, Standardised, Whitened
from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.gmpo import ClippedGeometricMean
from whet.policy.algorithms.critic_free.kimi import SoftBaseline, SquaredMove
from whet.policy.algorithms.critic_free.krpo import Innovation
from whet.policy.algorithms.critic_free.nft import ImplicitNegative
from whet.policy.algorithms.critic_free.sapo import SoftGate
from whet.policy.algorithms.off_policy.remix import RatioAroundShift
from whet.policy.algorithms.off_policy.soft_po import AboveSoftValue, SquaredError
from whet.policy.arithmetic import bounded, exp_residual, generalised_advantage, saturated
from whet.policy.corrections import GeometricTruncated, SequenceTruncated
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
    LogRatio,
    SequenceProduct,
    SequenceRatio,
    SequenceTokenRatio,
    TokenRatio,
)
from whet.policy.selections import quantile
from whet.protocols.algorithm import Regulariser
from whet.types import AdvantageInputs, Batch, totals

mp.mp.dps = 60
BOUND = 20
SMALL = [s * 10.0**-k for k in range(1, 9) for s in (1, -1)]
NEAR = [0.0, *SMALL, 0.124, 0.126, -0.124, -0.126, 1, -1, 5, -5, 10, -10, 20, -20]
FAR = [25.0, -25, 50, -50, 88, -88, 100, -100, 1e4, -1e4]


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


def residual(x):
    return mp.e**x - 1 - x


def jensen_shannon(x):
    u = mp.e**x
    return u * x - (u + 1) * mp.log((u + 1) / 2)


def alpha(x):
    a, u = mp.mpf(0.2), mp.e**x
    return (u ** (1 - a) - (1 - a) * u - a) / (a * (a - 1))


EXACT = {
    regularisers.K1: lambda x: x,
    regularisers.K2: lambda x: x**2 / 2,
    regularisers.Absolute: abs,
}
BOUNDED = {
    regularisers.K3: lambda x: residual(-x),
    regularisers.ClampedK3: lambda x: residual(-x),
    regularisers.WeightedK3: lambda x: mp.e**x * residual(-x),
    regularisers.ForwardKL: residual,
    regularisers.JensenShannon: jensen_shannon,
    regularisers.Alpha: alpha,
    regularisers.ConvexK3: lambda x: residual(-x),
}
OTHER = {
    regularisers.K3WithGradientOfK2,  # no derivative of its value: tested below
    regularisers.EntropyBonus,  # no function of the log-ratio
    regularisers.Within,  # a choice among tokens
    SquaredMove,  # of a whole rollout: tested below
    type(load("cpgd").regularisers[0]),  # a bounded gradient: tested below
}


def every_regulariser() -> set[type]:
    """All concrete ones below whet.policy."""
    for module in walk_packages(whet.policy.__path__, "whet.policy."):
        import_module(module.name)
    found, left = set(), [Regulariser]
    while left:
        left += (kind := left.pop()).__subclasses__()
        found.add(kind)
    named = {k for k in found if k.__module__.startswith("whet.policy") and _is_public(k)}
    return {kind for kind in named if not inspect.isabstract(kind)}


def _is_public(kind: type) -> bool:
    """False for the class that `dataclass(slots=True)` replaced by another."""
    return getattr(import_module(kind.__module__), kind.__name__, None) is kind


def price(kind: type) -> Regulariser:
    more = {"most": inf} if kind is regularisers.ClampedK3 else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(beta=1.0, **more)


def of_ratio(kind: type):
    def k(learner: torch.Tensor) -> torch.Tensor:
        return price(kind)(learner, tokens(learner, [0.0] * len(learner)))

    return k


def test_no_regulariser_is_left_out():
    assert every_regulariser() == {*EXACT, *BOUNDED, *OTHER}


@pytest.mark.parametrize(("kind", "form"), [*EXACT.items(), *BOUNDED.items()])
def test_a_divergence_keeps_its_digits(kind, form):
    grid = NEAR if kind is not regularisers.Absolute else NEAR[1:]  # |x| has no slope at 0
    matches(of_ratio(kind), form, grid)


@pytest.mark.parametrize("kind", EXACT)
def test_without_an_exponential_there_is_no_bound(kind):
    matches(of_ratio(kind), EXACT[kind], FAR)


@pytest.mark.parametrize("kind", BOUNDED)
def test_beyond_the_bound_a_price_keeps_value_and_slope_and_is_marked(kind):
    values, slopes = computed(of_ratio(kind), FAR)
    for x, value, slope in zip(FAR, values, slopes, strict=True):
        at = mp.mpf(BOUND if x > 0 else -BOUND)
        agree(value, BOUNDED[kind](at))
        agree(slope, mp.diff(BOUNDED[kind], at, h=mp.mpf(10) ** -25))
        assert np.sign(slope) == np.sign(x)  # each has its minimum at 0
    learner = single([*FAR, 20.0, 0.0])
    marked = price(kind).saturated(learner, tokens(learner, [0.0] * len(learner)))
    if kind is not regularisers.ClampedK3:
        assert marked.tolist() == [True] * len(FAR) + [False] * 2


@pytest.mark.parametrize("kind", BOUNDED)
def test_an_impossible_token_spoils_no_other(kind):
    """Log π = −∞ is π = 0, whose gradient is 0."""
    values, slopes = computed(of_ratio(kind), [-inf, *NEAR])
    alone_values, alone_slopes = computed(of_ratio(kind), NEAR)
    assert (values[1:], slopes[1:]) == (alone_values, alone_slopes)
    assert np.isfinite(values[0])
    assert slopes[0] == 0


def test_a_clamped_k3_counts_what_has_no_gradient():
    """k3(−3) = e³ − 4 = 16.1 is above 10, k3(3) = 2.05 and k3(−2) = e² − 3 = 4.4 are not."""
    held = regularisers.ClampedK3(beta=1.0)
    learner = single([-3.0, 3.0, -2.0])
    batch = tokens(learner, [0.0] * 3)
    assert held.saturated(learner, batch).tolist() == [True, False, False]
    _, slopes = computed(lambda x: held(x, batch), [-3.0, 3.0, -2.0])
    assert [slope == 0 for slope in slopes] == [True, False, False]


def test_the_value_of_k3_with_the_gradient_of_k2():
    values, slopes = computed(of_ratio(regularisers.K3WithGradientOfK2), [*NEAR, *FAR])
    for x, value, slope in zip(single([*NEAR, *FAR]).tolist(), values, slopes, strict=True):
        agree(value, residual(-mp.mpf(max(min(x, 20.0), -20.0))))
        assert slope == x


def test_the_drift_of_cpgd_keeps_its_digits():
    """The factor α min(e^x − 1, ½) on each gradient, for α = 0.1."""
    (drift,) = load("cpgd").regularisers
    grid = single(NEAR).tolist()
    _, slopes = computed(lambda x: drift(x, tokens(x, [0.0] * len(NEAR))), NEAR)
    for x, slope in zip(grid, slopes, strict=True):
        agree(slope, mp.mpf(0.1) * min(mp.e ** mp.mpf(x) - 1, mp.mpf(0.5)))


def test_a_squared_move_is_exact_however_far():
    """τ/2 (Σ x)² over two tokens of x each, so τ/2 · 4 x² and τ · 2 x for every token."""
    for x in (1e-8, -3.0, 1e4):
        at = tokens([x, x], [0.0, 0.0], row=[0, 0])
        held = SquaredMove(tau=0.5)
        values, slopes = computed(lambda y, at=at, held=held: held(y, at), [x, x])
        agree(sum(values), 0.25 * (2 * mp.mpf(single(x).item())) ** 2)
        for slope in slopes:
            agree(slope, mp.mpf(single(x).item()))


@pytest.mark.parametrize("ratio", [TokenRatio(), SequenceRatio(), SequenceProduct()], ids=repr)
def test_a_ratio_keeps_a_gradient_beyond_its_bound(ratio):
    def of(x):
        return ratio(x, tokens(x, [0.0] * len(x)))

    matches(of, lambda x: mp.e**x, NEAR)
    for x, value, slope in zip(FAR, *computed(of, FAR), strict=True):
        bound = mp.e ** (BOUND if x > 0 else -BOUND)
        agree(value, bound)
        agree(slope, bound)
    assert computed(of, [-inf])[1] == [0.0]


def test_a_log_ratio_has_no_bound():
    matches(lambda x: LogRatio()(x, tokens(x, [0.0] * len(x))), lambda x: x, [*NEAR, *FAR])


def far_apart(*moved: float) -> tuple[torch.Tensor, Batch]:
    return single(moved), tokens(moved, [0.0] * len(moved), row=[0] * len(moved))


def test_a_rollout_is_bounded_as_a_whole():
    """A mean of (−60, 0 × 9) is −6, a sum of 40 − 30 is 10: no single token is cut before."""
    lone = far_apart(-60.0, *[0.0] * 9)
    both = far_apart(40.0, -30.0)
    for ratio in (SequenceRatio(), SequenceTokenRatio(), ClippedGeometricMean(low=inf, high=1.0)):
        agree(ratio(*lone)[0].item(), mp.e**-6)
    agree(SequenceProduct()(*both)[0].item(), mp.e**10)
    moved = tokens([40.0, -30.0], [40.0, -30.0], row=[0, 0], behaviour_logp=torch.zeros(2))
    agree(SequenceTruncated(cap=inf)(moved)[0].item(), mp.e**10)
    agree(GeometricTruncated()(moved)[0].item(), mp.e**5)


def test_the_ratio_of_gspo_token_is_right_where_the_token_is_unlikely():
    """At log π = −20.3 a float32 is 2e-6 coarse; a clip of 3e-4 needs r − 1 to a part in 100."""
    proximal = single([-20.3, -17.1])
    learner = proximal + single([2.0**-12, 2.0**-12])
    batch = tokens(learner.tolist(), proximal.tolist(), row=[0, 0])
    moved = (learner.double() - proximal.double()).mean().item()
    values, slopes = computed(lambda x: SequenceTokenRatio()(x, batch), learner.tolist())
    for value, slope in zip(values, slopes, strict=True):
        agree(value - 1, mp.e ** mp.mpf(moved) - 1, rel=1e-3)
        agree(slope, mp.e ** mp.mpf(moved))


def test_preserved_gradients_are_preserved_however_far():
    """CE-GPPO keeps 1 · (1 − 0.2) · Â of a token with Â < 0 that became e⁻²⁵ times less likely."""
    clip = load("ce_gppo").clipping
    bad = single([-1.0])
    x = single([-25.0]).requires_grad_()
    (slope,) = torch.autograd.grad(clip(TokenRatio()(x, tokens(x, [0.0])), bad).sum(), x)
    agree(slope.item(), -clip.below * 0.8)


def test_remix_bounds_its_ratio_like_the_others():
    x = single([-30.0]).requires_grad_()
    found = RatioAroundShift(clip=inf)(x, tokens(x, [0.0]))
    (slope,) = torch.autograd.grad(found.sum(), x)
    agree(slope.item(), mp.e**-20)


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


def test_the_residual_is_continuous_where_its_formula_changes():
    edge = single([np.nextafter(np.float32(0.125), np.float32(0)), 0.125])
    low, high = exp_residual(edge).tolist()
    agree(low, high, rel=1e-6)
    wide = exp_residual(torch.tensor([1e-9, 0.125], dtype=torch.float64)).tolist()
    for x, found in zip((mp.mpf(1e-9), mp.mpf(0.125)), wide, strict=True):
        agree(found, residual(x), rel=1e-14)


def test_what_is_not_a_number_stays_visible():
    odd = single([float("nan"), inf, -inf, 21.0])
    assert bounded(odd).tolist()[1:] == [20.0, -20.0, 20.0]
    assert bounded(odd)[0].isnan()
    assert saturated(odd).tolist() == [False, True, True, True]
