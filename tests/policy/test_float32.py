"""Divergences and ratios in float32: values, gradients, and what is beyond the bound."""

import inspect
import warnings
from importlib import import_module
from math import inf
from pkgutil import walk_packages

import mpmath as mp
import numpy as np
import pytest
import torch
from policy.closed_forms import agree, computed, matches, single, tokens

import whet.policy
from whet.policy import f_divergences, regularisers
from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.gmpo import ClippedGeometricMean
from whet.policy.algorithms.critic_free.kimi import SquaredMove
from whet.policy.algorithms.off_policy.remix import RatioAroundShift
from whet.policy.arithmetic import bounded, exp_residual, saturated
from whet.policy.corrections import GeometricTruncated, SequenceTruncated
from whet.policy.distillation import TeacherDivergence
from whet.policy.ratios import (
    LogRatio,
    SequenceProduct,
    SequenceRatio,
    SequenceTokenRatio,
    TokenRatio,
)
from whet.protocols.algorithm import Regulariser
from whet.types import Batch

BOUND = 20
SMALL = [s * 10.0**-k for k in range(1, 9) for s in (1, -1)]
NEAR = [0.0, *SMALL, 0.124, 0.126, -0.124, -0.126, 1, -1, 5, -5, 10, -10, 20, -20]
FAR = [25.0, -25, 50, -50, 88, -88, 100, -100, 1e4, -1e4]


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
    f_divergences.ForwardKL: residual,
    f_divergences.JensenShannon: jensen_shannon,
    f_divergences.Alpha: alpha,
    regularisers.ConvexK3: lambda x: residual(-x),
}
OTHER = {
    regularisers.K3WithGradientOfK2,  # no derivative of its value: tested below
    regularisers.EntropyBonus,  # no function of the log-ratio
    regularisers.Within,  # a choice among tokens
    TeacherDivergence,  # of whole distributions: tested with the teachers
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
