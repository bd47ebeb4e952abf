"""Settings out of their domain: refused by field and remedy, or harmless."""

import inspect
import warnings
from collections import defaultdict
from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from math import inf, nan
from pkgutil import walk_packages

import pytest
import torch

import whet.policy
from whet.policy import (
    advantages,
    corrections,
    credits,
    critics,
    f_divergences,
    preferences,
    ranks,
    regularisers,
)
from whet.policy.aggregation import FixedLength
from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.cpgd import Rescued
from whet.policy.algorithms.critic_free.gfpo import ByDifficulty, Filtered
from whet.policy.algorithms.critic_free.kimi import SoftBaseline
from whet.policy.algorithms.critic_free.nft import ByDeviation, SuccessRate
from whet.policy.algorithms.off_policy.srft import ByEntropy
from whet.policy.anchors import Proximal
from whet.policy.extensions.past_batches import PastBatches
from whet.policy.node_tree import NodeTree
from whet.policy.objective import LinearisedLoss
from whet.policy.selections import OffPolicyNegatives, Stale
from whet.policy.tree_advantages import TwiceStandardised
from whet.policy.truncation import MaskTruncated
from whet.registry import names
from whet.testing.draws import draw, one_token_each
from whet.testing.laws import loss_and_gradient
from whet.types import UsageError

REAL, WHOLE = (nan, inf, -1.0, 0.0, 2.0), (-1, 0, 2)


def quiet(kind: type, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(**given)


def others():
    """Objectives with the parts that no algorithm has by default."""
    plain = load("dapo")
    prices = [
        regularisers.K1,
        regularisers.K2,
        regularisers.ClampedK3,
        regularisers.WeightedK3,
        regularisers.K3WithGradientOfK2,
        f_divergences.ForwardKL,
        f_divergences.Alpha,
        f_divergences.JensenShannon,
        regularisers.Absolute,
    ]
    yield from (replace(plain, regularisers=(quiet(k, beta=0.5),)) for k in prices)
    weights = [
        corrections.Truncated(),
        corrections.SequenceTruncated(),
        corrections.GeometricTruncated(),
        corrections.Masked(),
        corrections.SequenceMasked(),
        corrections.IcePop(),
        corrections.ConstantWeight(factor=0.5),
        corrections.Only(of=Stale()),
        corrections.Without(of=OffPolicyNegatives()),
    ]
    yield from (replace(plain, corrections=(weight,)) for weight in weights)
    baselines = [
        advantages.PopulationWhitened(inner=advantages.Centred()),
        advantages.PopulationWhitened(inner=advantages.Centred(), divisor=advantages.StdPlusEps()),
        MaskTruncated(inner=SoftBaseline()),
        Filtered(keep=ByDifficulty()),
        SuccessRate(by=ByDeviation()),
        credits.Amplified(),
        critics.ExtendedGAE(),
        critics.GeneralisedAdvantage(token_rewards=critics.KLPenalised()),
        ranks.Quantile(),
        Rescued(),
        TwiceStandardised(),
    ]
    yield from (replace(plain, advantage=advantage) for advantage in baselines)
    kto = load("kto")
    fixed = replace(kto.criterion, anchor=preferences.FixedAnchor())
    yield replace(kto, criterion=fixed)
    score = preferences.MeanLogRatio()
    yield replace(load("dpo"), criterion=replace(load("dpo").criterion, score=score))
    yield replace(load("sft"), corrections=(ByEntropy(scale=0.5, slope=-1.0),))
    yield replace(plain, aggregation=FixedLength(length=4))


def mutants(value):
    """Every part with one number changed: how to make the whole; class, field and number."""
    if isinstance(value, tuple):
        for i, item in enumerate(value):
            for make, *label in mutants(item):
                yield lambda m=make, i=i: (*value[:i], m(), *value[i + 1 :]), *label
    elif is_dataclass(value) and not isinstance(value, type):
        for name in (field.name for field in fields(value)):
            held = getattr(value, name)
            for make, *label in numbers(value, name) or mutants(held):
                yield lambda m=make, n=name: replace(value, **{n: m()}), *label


def numbers(value, name):
    """The field's new numbers, where it is a number."""
    held = getattr(value, name)
    if isinstance(held, bool) or not isinstance(held, int | float):
        return []
    tried = WHOLE if isinstance(held, int) else REAL
    return [(lambda x=x: x, type(value), name, x) for x in tried]


def table():
    """The mutants of all algorithms, by the class that is changed; each change once."""
    found = defaultdict(dict)
    for objective in (*(load(name) for name in sorted(names("algorithm"))), *others()):
        for make, kind, field, number in mutants(objective):
            if kind.__module__.startswith("whet.policy") and "extensions" not in kind.__module__:
                found[kind].setdefault((field, repr(number)), make)
    return found


MUTANTS = table()


def test_no_part_is_left_out():
    every = set()
    for module in walk_packages(whet.policy.__path__, "whet.policy."):
        for kind in vars(import_module(module.name)).values():
            if inspect.isclass(kind) and kind.__module__ == module.name and numeric(kind):
                every.add(kind)
    settings = {k for k in every if not k.__module__.startswith("whet.policy.extensions")}
    assert settings - {LinearisedLoss, NodeTree} == set(MUTANTS)


def numeric(kind: type) -> bool:
    """A concrete frozen dataclass with a number among its fields."""
    if not is_dataclass(kind) or not kind.__dataclass_params__.frozen or inspect.isabstract(kind):
        return False
    return any(field.type in (int, float) for field in fields(kind))


def finite(objective) -> bool:
    """Advantages, loss and gradients of two small batches, without and with trees, are finite."""
    for seed in (4, 5):
        drawn = draw(seed)
        numbers = [objective.advantage(one_token_each(seed))]
        batch = drawn.batch.prepared(objective.selections)
        numbers += loss_and_gradient(objective, drawn.logp, batch)
        if not all(x.isfinite().all() for x in numbers):
            return False
    return True


@pytest.mark.parametrize("kind", MUTANTS, ids=lambda kind: kind.__name__)
def test_a_number_is_refused_or_harmless(kind):
    for (field, number), make in MUTANTS[kind].items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                objective = make()
            except UsageError as error:
                assert f"{field} is {number}" in str(error) or f"{field} {number}" in str(error)
                continue
        assert finite(objective), (field, number)


REFUSED = [
    ("cispo", "ratio", {"low": -0.1}),
    ("cispo", "ratio", {"high": -0.1}),
    ("cispo", "ratio", {"high": nan}),
    ("gmpo", "ratio", {"low": -0.4}),
    ("gmpo", "ratio", {"high": nan}),
    ("aspo", "ratio", {"low": -0.2}),
    ("aspo", "ratio", {"cap": 0.0}),
    ("remix", "ratio", {"clip": -0.2}),
    ("sapo", "clipping", {"up": 0.0}),
    ("nft", "clipping", {"floor": 0.0}),
    ("gppo", "clipping", {"floor": nan}),
    ("gppo", "clipping", {"floor": 1.0}),
    ("gppo", "clipping", {"high": inf}),
    ("gppo", "clipping", {"low": inf}),
    ("ce_gppo", "clipping", {"below": nan}),
    ("ce_gppo", "clipping", {"above": -1.0}),
    ("treepo", "clipping", {"floor": 0.5}),
    ("dapo", "clipping", {"low": nan}),
    ("dapo", "clipping", {"high": -0.2}),
    ("cpgd", "clipping", {"low": 1.0}),
    ("cpgd", "clipping", {"high": nan}),
    ("dr_grpo", "aggregation", {"length": 0}),
    ("grpo", "advantage", {"ddof": 2}),
    ("grpo", "advantage", {"epsilon": nan}),
    ("krpo", "advantage", {"noise": 0.0}),
    ("soft_po", "advantage", {"beta": inf}),
    ("soft_po", "ratio", {"beta": 0.0}),
    ("entropy_advantage", "advantage", {"kappa": 1.0}),
    ("ppo", "advantage.inner", {"gae_lambda": 1.5}),
    ("ppo", "advantage.inner", {"discount": -0.5}),
    ("high_entropy", "on", {"share": 1.5}),
    ("spo_tree", "on", {"below": nan}),
    ("disco", "criterion.against", {"tau": 0.0}),
    ("disco", "criterion.constraint", {"delta": nan}),
    ("dpo", "criterion.score", {"beta": 0.0}),
    ("kto", "criterion", {"wrong": -1.0}),
]


@pytest.mark.parametrize(("name", "path", "change"), REFUSED, ids=repr)
def test_what_is_refused(name, path, change):
    part = load(name)
    for step in path.split("."):
        part = getattr(part, step)
    ((field, number),) = change.items()
    with pytest.raises(UsageError) as told:
        replace(part, **change)
    message = str(told.value)
    assert message.startswith(f"{type(part).__name__}.{field} is {number}; give ")
    assert "\n" not in message


@pytest.mark.parametrize("alpha", [0.0, 1.0, nan, inf])
def test_an_alpha_divergence_is_singular(alpha):
    with pytest.raises(UsageError, match=r"Alpha\.alpha is"):
        f_divergences.Alpha(beta=0.1, alpha=alpha)


def test_as_alpha_approaches_1_it_is_the_forward_divergence():
    x = torch.tensor([-3.0, -1e-3, 1e-3, 2.0])
    near = f_divergences.Alpha(beta=1.0, alpha=1 - 1e-6, anchor=Proximal()).of(x)
    torch.testing.assert_close(near, f_divergences.ForwardKL(beta=1.0).of(x), rtol=1e-5, atol=0)


def test_bounds_in_the_wrong_order():
    with pytest.raises(UsageError, match=r"IcePop\.low is 5\.0, above high 0\.5"):
        corrections.IcePop(low=5.0, high=0.5)
    with pytest.raises(UsageError, match=r"Covariant\.low is 6\.0, above high 5\.0"):
        load("clip_cov", low=6.0)
    with pytest.raises(UsageError, match=r"ByDifficulty\.counts is"):
        ByDifficulty(counts=(0, 1, 1, 1))
    with pytest.raises(UsageError, match=r"PastBatches\.share is 1\.0"):
        PastBatches(share=1.0)


def test_no_clip_and_no_cap_are_infinite():
    assert load("cispo", low=inf, high=inf).ratio.high == inf
    assert corrections.Truncated(cap=inf).cap == inf
