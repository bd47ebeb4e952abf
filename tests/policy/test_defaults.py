"""Defaults are those of a source, which each row names; what is ours says so.

Where a paper prints a number the source is the paper. "Code" is the authors' release, and a
framework's name is its default where the paper has none. A row that changes needs a source.
"""

import importlib
import inspect
import pkgutil
from dataclasses import MISSING, fields, is_dataclass
from math import inf

import pytest

import whet.policy
from whet.policy.algorithms import load
from whet.registry import names

PPO = "PPO's clip of .2 (arXiv:1707.06347, section 6)"
OURS = "ours: the sources that were read have no number"
ALGORITHMS = {
    "archer": (
        "paper: 2507.15778",
        {"reasoning": 0.5, "knowledge": 0.2, "beta": 1e-3, "share": 0.2},
    ),
    "arpo": (PPO, {"clip": 0.2}),
    "aspo": ("paper: 2510.06062", {"low": 0.2, "high": 0.28, "cap": 3.0}),
    "best_of_group": (PPO, {"low": 0.2, "high": 0.2}),
    "bread": (PPO + "; the search is ours", {"clip": 0.2, "parts": 4, "tries": 4}),
    "cdpo": ("TRL; DPO's β", {"beta": 0.1, "smoothing": 0.1}),
    "ce_gppo": ("code, 7B: 2509.20712", {"low": 0.2, "high": 0.28, "below": 0.75, "above": 1.0}),
    "cispo": ("no lower bound: 2506.13585; ε_high is DAPO's", {"low": inf, "high": 0.28}),
    "clip_cov": ("code: 2505.22617", {"clip": 1.0, "share": 2e-4, "low": 1.0}),
    "cooper": ("GRPO's; the weight is ours", {"weight": 0.5, "clip": 0.2, "beta": 0.04}),
    "covo": ("GRPO's", {"clip": 0.2, "beta": 0.04}),
    "cpgd": (OURS, {"clip": 0.2, "alpha": 0.1, "most": 0.5}),
    "credit_only": (PPO, {"low": 0.2, "high": 0.2}),
    "credited": (PPO, {"weight": 1.0, "low": 0.2, "high": 0.2}),
    "dapo": ("paper: 2503.14476", {"low": 0.2, "high": 0.28}),
    "decoupled_ppo": ("AReaL: 2505.24298", {"clip": 0.2, "cap": 5.0}),
    "dft": ("no setting", {}),
    "disco": ("code: 2505.12366", {"tau": 10.0, "beta": 1e3, "delta": 1e-4}),
    "disco_b": ("code: 2505.12366", {"beta": 1e3, "delta": 1e-4}),
    "dph_rl": ("code, Jensen-Shannon .05 to .2: 2509.07430", {"clip": 0.2, "beta": 0.1}),
    "dpo": ("TRL", {"beta": 0.1}),
    "dr_grpo": ("PPO's clip; code: 2503.20783", {"clip": 0.2, "length": 3000}),
    "echo": (PPO + "; the coefficient is ours", {"coefficient": 0.05, "clip": 0.2}),
    "eframe": (PPO + "; the round is ours", {"clip": 0.2, "samples": 16, "temperature": 1.2}),
    "entropy_advantage": (
        "paper, GRPO: 2506.14758; DAPO's clip",
        {"low": 0.2, "high": 0.28, "alpha": 0.4, "kappa": 2.0},
    ),
    "fr3e": ("DAPO's clip", {"low": 0.2, "high": 0.28}),
    "gfpo": ("paper: 2508.09726", {"count": 8, "clip": 0.2, "beta": 1e-3, "entropy": 1e-3}),
    "gigpo": ("code: 2505.10978; β unconfirmed", {"clip": 0.2, "beta": 0.01, "weight": 1.0}),
    "gmpo": ("paper: 2507.20673", {"low": 0.4, "high": 0.4}),
    "gppo": ("code: 2508.07629", {"low": 0.2, "high": 0.28, "floor": 3.0}),
    "grpo": ("paper: 2402.03300, section 4.2", {"clip": 0.2, "beta": 0.04}),
    "gspo": ("paper: 2507.18071, section 5.1", {"low": 3e-4, "high": 4e-4}),
    "gspo_token": ("GSPO's", {"low": 3e-4, "high": 4e-4}),
    "hicra": (PPO + "; α is ours", {"alpha": 0.2, "low": 0.2, "high": 0.2}),
    "high_entropy": ("paper: 2506.01939; DAPO's clip", {"low": 0.2, "high": 0.28, "share": 0.2}),
    "hpt": ("code, Qwen: 2509.04419", {"clip": 0.2, "solved": 0, "coefficient": 1.0}),
    "implicit_reward": ("paper: 2502.01456", {"beta": 0.05}),
    "ipo": ("TRL", {"tau": 0.1}),
    "kimi": ("ROLL", {"tau": 0.1}),
    "kl_cov": ("code, 7B: 2505.22617", {"share": 2e-3, "beta": 1.0}),
    "krpo": ("code: 2505.07527", {"clip": 0.2, "beta": 0.01}),
    "kto": ("TRL", {"beta": 0.1}),
    "lite_ppo": (PPO, {"clip": 0.2}),
    "luffy": (
        "paper: 2504.14945; one demonstration of eight",
        {"clip": 0.2, "gamma": 0.1, "count": 1},
    ),
    "luffy_runs": ("code: 2504.14945", {"gamma": 0.1, "length": 8192, "count": 1}),
    "luspo": ("GSPO's clip, unconfirmed", {"low": 3e-4, "high": 4e-4}),
    "max_rl": (PPO, {"low": 0.2, "high": 0.2}),
    "nft": ("code: 2505.18116", {"floor": 1.0}),
    "opo": ("no setting", {}),
    "pass_at_k": (PPO + "; k is ours", {"k": 4, "low": 0.2, "high": 0.2}),
    "pkpo": (PPO + "; k is ours", {"k": 4, "low": 0.2, "high": 0.2}),
    "ppo": (PPO + "; TRL's β", {"clip": 0.2, "gae_lambda": 0.95, "beta": 0.05}),
    "prefix_rft": ("notes on 2507.01679", {"clip": 0.2, "share": 0.2, "steps": 500}),
    "prime": ("paper: 2502.01456", {"clip": 0.2, "beta": 0.05}),
    "prof": ("GRPO's", {"part": "mean_step", "drop": 0.5, "clip": 0.2, "beta": 0.04}),
    "prorl": (
        "notes on 2505.24864; β and patience are ours",
        {"low": 0.2, "high": 0.4, "beta": 1e-3, "patience": 50},
    ),
    "quantile": (PPO + "; the level is ours", {"level": 0.4, "low": 0.2, "high": 0.2}),
    "rae": ("code: 2506.24119", {"keep": 0.95}),
    "raft": ("no setting", {}),
    "ranked": (PPO, {"low": 0.2, "high": 0.2}),
    "red": ("third-party copy of 2508.16677", {"clip": 0.2, "most": 5.0, "count": 1}),
    "reinforce": ("no setting", {}),
    "reinforce_ema": (OURS, {"keep": 0.9}),
    "reinforce_pp": ("paper: 2501.03262; TRL's β", {"clip": 0.2, "beta": 0.05, "discount": 1.0}),
    "reinforce_pp_baseline": (PPO + "; β is ours", {"clip": 0.2, "beta": 0.01}),
    "relift": (PPO + "; the size is ours", {"clip": 0.2, "size": 32}),
    "remax": ("no setting", {}),
    "remix": ("notes on 2507.06892; GRPO's β", {"clip": 0.2, "beta": 0.04, "share": 0.4}),
    "rft": ("no setting", {}),
    "rlep": ("notes on 2507.07451", {"low": 0.2, "high": 0.28, "count": 2}),
    "rloo": ("no setting", {}),
    "sapo": ("paper, TRL: 2511.20347", {"up": 1.0, "down": 1.05}),
    "sft": ("no setting", {}),
    "simpo": ("code: 2405.14734", {"beta": 2.5, "margin": 1.375}),
    "skywork_or1": ("paper: 2505.22312", {"clip": 0.2, "target": 0.2, "delta": 0.005}),
    "soft_po": (OURS, {"beta": 0.5}),
    "spo_segment": ("code: 2505.23564", {"clip": 0.2, "sure": 0.9}),
    "spo_single": ("code: 2509.13232", {"low": 0.2, "high": 0.28}),
    "spo_tree": ("code: 2505.23564", {"clip": 0.2, "sure": 0.9}),
    "srft": ("paper: 2506.19767", {"imitation": 0.5, "own": 0.1, "count": 1}),
    "star": ("no setting", {}),
    "stepwise": (PPO, {"weight": 1.0, "low": 0.2, "high": 0.2}),
    "t_ppo": (PPO + "; VC-PPO's λ", {"clip": 0.2, "gae_lambda": 0.95}),
    "topr": ("paper, main runs: 2503.14286", {"baseline": 0.0}),
    "tree_grpo": ("code: 2509.21240", {"clip": 0.2, "beta": 1e-3}),
    "treepo": ("code: 2508.17445", {"low": 0.2, "high": 0.28, "floor": 10.0}),
    "treerl": ("code: 2506.11902", {"low": 0.2, "high": 0.26}),
    "treerpo": (PPO, {"clip": 0.2}),
    "uft": ("code: 2505.16984", {"clip": 0.2, "beta": 1e-3, "steps": 300}),
    "vapo": (
        "paper: 2504.05118",
        {"low": 0.2, "high": 0.28, "alpha": 0.05, "mu": 0.1, "pretrain_steps": 50},
    ),
    "vc_ppo": (
        "VAPO on 2503.01491; VAPO's warm-up",
        {"clip": 0.2, "gae_lambda": 0.95, "pretrain_steps": 50},
    ),
    "vineppo": (
        "2410.01679: nine rollouts; the interval is ours",
        {"clip": 0.2, "interval": 32, "count": 9},
    ),
}
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
