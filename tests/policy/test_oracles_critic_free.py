"""Critic-free algorithms against `algorithm_oracles.json`: value and gradient."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from policy.oracles import (
    B0,
    DOUBLE,
    ORACLES,
    ROW,
    answers,
    b0,
    close,
    each_dtype,
    expected,
    flat,
    loss_and_gradient,
    per_token,
    reproduces,
    scores,
)

from whet.policy.advantages import (
    Centred,
    OverBaseline,
    PopulationWhitened,
    RewardToGo,
    Standardised,
    StdPlusEps,
    Whitened,
)
from whet.policy.aggregation import SelectedTokenMean, SequenceMean, TokenMean
from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.gfpo import Always, Filtered
from whet.policy.algorithms.critic_free.kimi import SoftBaseline
from whet.policy.anchors import Proximal
from whet.policy.clipping import Clipped
from whet.policy.discrimination import Hardest, Hinge, RatioScore
from whet.policy.ratios import SequenceProduct
from whet.policy.regularisers import K2
from whet.policy.selections import NonZeroAdvantage

GREEDY = ORACLES["remax"]["inputs"]["greedy_rewards_per_sample"]
OPTIMAL = ORACLES["opo"]["inputs"]["rewards_override"]
TWO = Filtered(keep=Always(count=2))
GFPO = replace(load("gfpo", count=2), regularisers=())
COV = load("clip_cov", clip=0.2, share=1.0, low=0.2)


def free(name: str, **score: Any) -> Any:
    """DisCO or DisCO-b without its constraint."""
    whole = load(name)
    return replace(whole, criterion=replace(whole.criterion, constraint=None, **score))


# where in the file, under `expected`  →  the objective that must reproduce it
LOSSES: dict[str, Any] = {
    "reinforce_baseline": load("reinforce"),
    "remax": load("remax"),
    "rloo": load("rloo"),
    "rloo/trl_sequence_ratio": replace(
        load("rloo"), ratio=SequenceProduct(), clipping=Clipped(), aggregation=SequenceMean()
    ),
    "grpo": load("grpo"),
    "grpo/no_kl": replace(load("grpo"), regularisers=()),
    "dr_grpo": load("dr_grpo", length=8),
    "dapo": load("dapo"),
    "reinforce_pp": load("reinforce_pp"),
    "reinforce_pp_baseline": load("reinforce_pp_baseline"),
    "lite_ppo": load("lite_ppo"),
    "gspo/paper_clip_3e4_4e4": load("gspo"),
    "gspo/wide_clip_01_01": load("gspo", low=0.1, high=0.1),
    "gspo_token/equal_token_adv": load("gspo_token", low=0.1, high=0.1),
    "gspo_token/varying_token_adv": load("gspo_token", low=0.1, high=0.1),
    "gmpo": load("gmpo"),
    "cispo/paper_verl_style_eps_low1_high028": load("cispo"),
    "cispo/symmetric_02": load("cispo", low=0.2, high=0.2),
    "cispo/trl_style_cap_epsilon_high_5": load("cispo", high=4.0),
    "sapo": load("sapo"),
    "opo": load("opo"),
    "gfpo/token_mean_all": GFPO,
    "gfpo/token_mean_selected": replace(
        GFPO, on=NonZeroAdvantage(), aggregation=SelectedTokenMean()
    ),
    "cpgd": load("cpgd"),
    "clip_cov": COV,
    "kl_cov": load("kl_cov", share=2 / 15),
    "ce_gppo": load("ce_gppo"),
    "archer": load("archer"),
    "high_entropy_mask/paper_denominator_selected": load("high_entropy"),
    "high_entropy_mask/trl_denominator_all": replace(load("high_entropy"), aggregation=TokenMean()),
    "entropy_advantage": load("entropy_advantage"),
    "disco/logL_tau10_no_constraint": free("disco"),
    "disco/Lratio_tau1_no_constraint": free("disco", score=RatioScore(), against=Hardest(tau=1.0)),
    "disco/disco_b_logL_no_constraint": free("disco_b"),
    "disco/logL_tau10_with_k1_constraint": load("disco"),
    "nft/eps_1": replace(load("nft"), aggregation=TokenMean()),
    "nft/eps_01": replace(load("nft", floor=0.1), aggregation=TokenMean()),
    "kimi_k15": load("kimi"),
    "kimi_k15/token_level_variant_ROLL": replace(
        load("kimi"), regularisers=(K2(beta=0.1, anchor=Proximal()),)
    ),
}
COLUMNS: dict[str, dict[str, Any]] = {"remax": {"baseline": GREEDY}, "opo": {"reward": OPTIMAL}}
ADVANTAGES: dict[str, Any] = {
    "reinforce_baseline/advantages": load("reinforce").advantage,
    "remax/advantages": load("remax").advantage,
    "rloo/advantages": load("rloo").advantage,
    "grpo/advantages": Standardised(),
    "grpo/advantages_trl_eps1e_4": Standardised(epsilon=1e-4),
    "grpo/advantages_openrlhf_eps1e_9": Standardised(epsilon=1e-9),
    "grpo/advantages_ddof0": Standardised(ddof=0),
    "dr_grpo/advantages": Centred(),
    "dapo/advantages": load("dapo").advantage,
    "reinforce_pp/returns": RewardToGo(beta=0.05),
    "reinforce_pp/adv_verl_ddof1_rsqrt": load("reinforce_pp").advantage,
    "reinforce_pp/adv_openrlhf_ddof0_clampvar": PopulationWhitened(inner=RewardToGo(beta=0.05)),
    "reinforce_pp/adv_paper_std_eps1e_8_ddof0": PopulationWhitened(
        inner=RewardToGo(beta=0.05), divisor=StdPlusEps()
    ),
    "reinforce_pp_baseline/centered": Centred(),
    "reinforce_pp_baseline/advantages": Whitened(inner=Centred()),
    "reinforce_pp_baseline/adv_openrlhf": PopulationWhitened(inner=Centred()),
    "lite_ppo/advantages": load("lite_ppo").advantage,
    "opo/advantages": load("opo").advantage,
    "gfpo/advantages": TWO,
    "entropy_advantage/shaped_advantages": load("entropy_advantage").advantage,
}
NOTHING = b0(torch.zeros(15, dtype=DOUBLE))


def advantage_of(path: str, objective: Any, dtype: torch.dtype) -> torch.Tensor:
    if path == "gspo_token/varying_token_adv":
        return flat(expected("gspo_token")["token_adv"], dtype)
    return objective.advantage(scores(dtype, **COLUMNS.get(path, {})))


@each_dtype
@pytest.mark.parametrize(("path", "objective"), list(LOSSES.items()), ids=list(LOSSES))
def test_loss_and_gradient(path, objective, dtype):
    reproduces(path, objective, b0(advantage_of(path, objective, dtype)))


@pytest.mark.parametrize(("path", "advantage"), list(ADVANTAGES.items()), ids=list(ADVANTAGES))
def test_advantages(path, advantage):
    columns = COLUMNS.get(path.split("/")[0], {})
    close(advantage(scores(**columns)), per_token(expected(path)))


@pytest.mark.parametrize("name", list(ORACLES["grpo_edge_cases"]["expected"]))
def test_edge_cases_of_grpo(name):
    rewards = {
        "G2_binary_ddof1": ([1.0, 0.0], Standardised(epsilon=0.0)),
        "G2_binary_ddof0": ([1.0, 0.0], Standardised(epsilon=0.0, ddof=0)),
        "all_equal_group": ([1.0, 1.0, 1.0], Standardised()),
        "near_constant_group_eps1e_6": ([1.0, 1.0, 0.999], Standardised()),
        "near_constant_group_eps1e_4": ([1.0, 1.0, 0.999], Standardised(epsilon=1e-4)),
    }
    reward, advantage = rewards[name]
    close(advantage(answers(reward)), expected("grpo_edge_cases")[name])


def test_a_moving_average_is_read_before_it_is_moved():
    oracle, params = expected("reinforce_baseline"), ORACLES["reinforce_baseline"]["params"]
    (mean,) = load("reinforce_ema").companions
    assert mean.keep == params["ema_alpha"]
    assert mean.after(params["ema_prev"], 0.5) == pytest.approx(oracle["ema_baseline"], abs=1e-12)
    known = scores(baseline=[params["ema_prev"]] * 6)
    close(OverBaseline()(known), (known.reward - 0.2)[ROW])


def test_rae_is_reinforce_with_the_baseline_of_the_role():
    """Six rollouts of one role: a baseline moves by a twentieth of the way, after its use."""
    rewards, used, b = scores().reward.tolist(), [], 0.0
    for reward in rewards:
        used.append(b)
        b += (reward - b) / 20
    (role,) = load("rae").companions
    assert role.through({}, [("r", x) for x in rewards])[0] == pytest.approx(used, abs=1e-12)
    known = scores(baseline=used)
    advantage = load("rae").advantage(known)
    by_hand = torch.tensor([r - b for r, b in zip(rewards, used, strict=True)], dtype=DOUBLE)
    close(advantage, by_hand[ROW])
    loss, gradient = loss_and_gradient(load("rae"), b0(advantage))
    close(loss, -(advantage * flat(B0["logp"])).sum() / 6)
    close(gradient, -advantage / 6, gradient=True)


def test_luspo_is_gspo_times_the_length():
    advantage = load("gspo").advantage(scores())
    _, gspo = loss_and_gradient(load("gspo", low=0.1, high=0.1), b0(advantage))
    _, luspo = loss_and_gradient(load("luspo", low=0.1, high=0.1), b0(advantage))
    close(luspo, gspo * torch.tensor(B0["lengths"])[ROW], gradient=True)


def test_gppo_is_ce_gppo_with_full_gradients():
    advantage = load("gppo").advantage(scores())
    assert load("gppo").clipping == load("ce_gppo", below=1.0).clipping
    _, gradient = loss_and_gradient(load("gppo"), b0(advantage))
    _, other = loss_and_gradient(load("ce_gppo"), b0(advantage))
    close(gradient[4], other[4] / 0.75, gradient=True)


def test_ce_gppo_without_its_shares_is_the_dual_clip():
    advantage = load("dapo").advantage(scores())
    _, none = loss_and_gradient(load("ce_gppo", below=0.0, above=0.0), b0(advantage))
    _, dapo = loss_and_gradient(load("dapo"), b0(advantage))
    held = dapo.clone()
    held[5] = 0.0  # r = 3.67 and Â < 0: above the dual clip's floor
    close(none, held, gradient=True)


@each_dtype
def test_aspo(dtype):
    """The value is nobody's: only weights and gradients are defined."""
    advantage = load("aspo").advantage(scores(dtype))
    _, gradient = loss_and_gradient(load("aspo"), b0(advantage))
    close(gradient, flat(expected("aspo")["grad_logp"]), gradient=True)
    close(-gradient * 15 / advantage, flat(expected("aspo")["token_weight"]), gradient=True)


def test_disco_prices_only_what_is_beyond_the_hinge():
    hinge = load("disco").criterion.constraint
    assert hinge == Hinge()
    _, far = loss_and_gradient(load("disco"), NOTHING)
    wide = replace(load("disco").criterion, constraint=Hinge(delta=1.0))
    _, near = loss_and_gradient(replace(load("disco"), criterion=wide), NOTHING)
    _, nothing = loss_and_gradient(free("disco"), NOTHING)
    close(near, nothing)
    assert not torch.equal(far, nothing)


@pytest.mark.parametrize(
    ("name", "base"),
    [("prorl", load("dapo", high=0.4)), ("skywork_or1", load("dapo", high=0.2))],
)
def test_without_its_price_it_is_what_it_is_built_on(name, base):
    batch = b0(base.advantage(scores()))
    _, gradient = loss_and_gradient(replace(load(name), regularisers=()), batch)
    close(gradient, loss_and_gradient(base, batch)[1])
    assert load(name).regularisers


def test_kimi_soft_baseline():
    known = scores()
    baseline = (known.reward[ROW] - SoftBaseline(tau=0.1)(known))[[0, 9]]
    close(baseline, expected("kimi_k15/rbar_logsumexp"))
