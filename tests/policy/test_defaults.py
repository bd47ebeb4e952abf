"""Defaults are those of a source, which each row names; what is ours says so.

`policy.default_sources` has those of algorithms and says what a source is.
"""

import importlib
import inspect
import pkgutil
from dataclasses import MISSING, fields, is_dataclass
from math import inf, log

import pytest
from policy.default_sources import ALGORITHMS, OURS, PPO

import whet.policy
from whet.policy.algorithms import load
from whet.registry import names

PARTS = {
    "SignedCorrectness": ("TOPR, main runs", {"baseline": 0.0}),
    "Standardised": ("veRL; std over n − 1 in TRL, veRL, OpenRLHF", {"epsilon": 1e-6, "ddof": 1}),
    "Whitened": ("veRL, TRL", {"epsilon": 1e-8}),
    "RewardToGo": ("REINFORCE++", {"discount": 1.0}),
    "GroupCentredBatchScaled": ("TRL", {"epsilon": 1e-4}),
    "ClampedStd": ("OpenRLHF", {"epsilon": 1e-8}),
    "StdPlusEps": ("REINFORCE++", {"epsilon": 1e-8}),
    "ProcessAndOutcome": ("PRIME", {"discount": 1.0}),
    "HighEntropyInReply": ("Archer", {"share": 0.2}),
    "FlippedWeight": ("ASPO", {"low": 0.2, "high": 0.28, "cap": 3.0}),
    "Covariant": (
        "Clip-Cov's code; the seed is ours",
        {"share": 2e-4, "low": 1.0, "high": 5.0, "below": 1.0, "above": 1.0, "seed": 0},
    ),
    "Rescued": (OURS, {"most": 2.0}),
    "EntropyShaped": ("the paper's GRPO", {"alpha": 0.4, "kappa": 2.0}),
    "Always": ("GFPO", {"count": 8}),
    "Filtered": (OURS, {"epsilon": 1e-6}),
    "GroupInGroup": ("GiGPO's code", {"discount": 0.95, "weight": 1.0}),
    "SoftBaseline": ("ROLL's τ", {"tau": 0.1}),
    "SquaredMove": ("ROLL's τ", {"tau": 0.1}),
    "MostCovariant": ("KL-Cov's code, 7B", {"share": 2e-3}),
    "Innovation": ("KRPO's code", {"drift": 1e-5, "noise": 1e-2, "epsilon": 1e-8}),
    "SuccessRate": ("NFT's code", {"least": 0.02}),
    "ImplicitNegative": ("NFT's code", {"floor": 1.0}),
    "Surprise": ("SPO's code", {"epsilon": 1e-8}),
    "PolicyAndHighEntropy": ("notes on Prefix-RFT", {"share": 0.2}),
    "Clipped": (PPO, {"low": 0.2, "high": 0.2}),
    "DualClipped": (PPO + "; veRL's floor", {"low": 0.2, "high": 0.2, "floor": 3.0}),
    "GradientPreserving": (
        "GPPO's code",
        {"low": 0.2, "high": 0.28, "below": 1.0, "above": 1.0, "floor": 3.0},
    ),
    "LogClipped": (PPO, {"low": 0.2, "high": 0.2}),
    "Shaped": ("LUFFY", {"gamma": 0.1}),
    "Truncated": ("veRL", {"cap": 2.0}),
    "SequenceTruncated": ("veRL", {"cap": 2.0}),
    "GeometricTruncated": ("AReaL: none", {"cap": inf}),
    "Masked": ("AReaL", {"cap": 5.0}),
    "SequenceMasked": ("TRL", {"cap": 3.0}),
    "IcePop": ("TRL, OpenRLHF", {"low": 0.5, "high": 5.0}),
    "Credited": (OURS, {"weight": 1.0}),
    "StepReturns": (OURS, {"weight": 1.0, "discount": 1.0}),
    "Amplified": (OURS, {"alpha": 0.2}),
    "KLPenalised": ("TRL", {"beta": 0.05}),
    "GeneralisedAdvantage": ("PPO's λ", {"gae_lambda": 0.95, "discount": 1.0}),
    "LengthAdaptive": ("VAPO", {"alpha": 0.05, "discount": 1.0}),
    "ExtendedGAE": ("PPO's λ", {"gae_lambda": 0.95, "discount": 1.0}),
    "Hardest": ("DisCO's code", {"tau": 10.0}),
    "Hinge": ("DisCO's code", {"beta": 1e3, "delta": 1e-4}),
    "Alpha": ("DPH-RL's code", {"alpha": 0.2}),
    "ObservationLikelihood": (OURS, {"coefficient": 0.05}),
    "PassAtK": (OURS, {"k": 4}),
    "MaxReward": (OURS, {"k": 4}),
    "SumLogRatio": ("TRL", {"beta": 0.1}),
    "MeanLogRatio": ("TRL's IPO", {"beta": 1.0}),
    "MeanLikelihood": ("SimPO's code", {"beta": 2.5}),
    "Logistic": ("DPO", {"smoothing": 0.0, "margin": 0.0}),
    "Squared": ("TRL", {"tau": 0.1}),
    "FixedAnchor": ("TRL's apo_zero", {"value": 0.0}),
    "Unpaired": ("TRL", {"beta": 0.1, "right": 1.0, "wrong": 1.0}),
    "Quantile": (OURS, {"level": 0.4}),
    "OverMean": (OURS, {"epsilon": 1e-6}),
    "ClampedK3": ("veRL", {"most": 10.0}),
    "ConvexK3": ("ReMix's first step", {"share": 1.0}),
    "HighEntropy": ("2506.01939", {"share": 0.2}),
    "LowProbability": ("SPO's code", {"below": 0.9}),
    "OffPolicyNegatives": (OURS, {"most": 0.05}),
    "Stale": (OURS, {"most": 0.1}),
    "AcrossAndWithinTrees": (OURS, {"epsilon": 1e-6}),
    "TwiceStandardised": (OURS, {"epsilon": 1e-6}),
    "GainDamped": (OURS, {"epsilon": 1e-6}),
    "EntropicLeaveOneOut": ("TTT-Discover's code", {"divergence": log(2)}),
    "FutureInfluence": (
        "copy of FIPO's code, 32B",
        {"half_life": 32.0, "low": 0.0, "high": 0.2, "floor": 10.0, "harsh": 10.0},
    ),
    "GammaWeighted": (
        "VESPO's scripts, TRL",
        {"raised_power": 2.0, "raised_decay": 3.0, "lowered_power": 3.0, "lowered_decay": 2.0},
    ),
    "BeyondSecondMoment": ("M2PO's code", {"budget": 0.04}),
    "StalenessAdaptive": (
        "notes on SAT; the power is a Hill function's",
        {"low": 0.2, "high": 0.2, "tail": 0.9, "power": 2.0},
    ),
    "TeacherLogRatio": ("Tinker's cookbook", {"alpha": 1.0}),
    "MixtureDivergence": ("TRL", {"beta": 0.5}),
    "TeacherDivergence": (OURS, {"weight": 1.0}),
    "WithinTV": ("DPPO, C.1", {"low": 0.15, "high": 0.15}),
    "WithinKL": ("DPPO, C.1 and E", {"low": 0.05, "high": 0.05}),
    "WithinLogRatio": ("IcePop's, as in TRL", {"low": log(0.5), "high": log(5.0)}),
}


@pytest.mark.parametrize("name", sorted(names("algorithm")))
def test_an_algorithm_has_the_defaults_of_its_source(name):
    factory = getattr(importlib.import_module(names("algorithm")[name].module), name)
    found = {k: p.default for k, p in inspect.signature(factory).parameters.items()}
    assert found == ALGORITHMS[name][1]
    assert ALGORITHMS[name][0]


def parts():
    """The numbers that the fields of the parts have by default."""
    for found in pkgutil.walk_packages(whet.policy.__path__, "whet.policy."):
        if ".extensions" not in found.name:
            module = importlib.import_module(found.name)
            own = [kind for kind in vars(module).values() if isinstance(kind, type)]
            yield from ((k.__name__, k) for k in own if k.__module__ == found.name)


def test_a_part_has_the_defaults_of_its_source():
    held = {
        name: {
            f.name: f.default
            for f in fields(kind)
            if f.default is not MISSING and isinstance(f.default, int | float)
        }
        for name, kind in parts()
        if is_dataclass(kind)
    }
    numbers = {name: values for name, values in held.items() if values}
    assert numbers == {name: values for name, (_, values) in PARTS.items()}


def test_settings_reach_the_part_that_the_paper_means():
    """The critics' learning rates, the demonstrators' coefficients, the second clip."""
    (critic,) = load("vapo").companions
    assert critic.optimizer.lr == 2e-6  # VAPO: actor 1e-6, critic 2e-6
    assert load("vapo").extra[0].corrections[0].factor == 0.1
    assert load("hpt", coefficient=0.3).extra[0].corrections[0].factor == 0.3
    reasoning, knowledge = load("archer").terms
    assert {reasoning.clipping.low, knowledge.clipping.low} == {0.5, 0.2}
    assert load("simpo").criterion.link.margin == 1.375
    assert load("gfpo").advantage.keep.count == 8
    assert [r.beta for r in load("gfpo").regularisers] == [1e-3, 1e-3]
    assert load("clip_cov").corrections[0].of.high == 5.0
