"""Every algorithm against the numbers of `algorithm_oracles.json`: value and gradient."""

import json
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from whet.policy.advantages import Centred, RewardToGo, Standardised, Whitened
from whet.policy.aggregation import FixedLength, SequenceMean, SequenceSum, TokenMean
from whet.policy.algorithms import load, modules
from whet.policy.arithmetic import generalised_advantage
from whet.policy.clipping import DualClipped
from whet.policy.corrections import IcePop, Truncated
from whet.policy.objective import Objective
from whet.policy.regularisers import K2, K3
from whet.types import Batch, Scores, Totals

ORACLES = json.loads((Path(__file__).parent / "algorithm_oracles.json").read_text())
B0 = ORACLES["_shared"]["B0"]
CHOSEN = torch.tensor(B0["mask"]).bool()
ROW = CHOSEN.nonzero()[:, 0]
DOUBLE, SINGLE = torch.float64, torch.float32
each_dtype = pytest.mark.parametrize("dtype", [DOUBLE, SINGLE], ids=["float64", "float32"])

# where in the file, under `expected`  →  the objective that must reproduce it
LOSSES = {
    "reinforce_baseline": load("reinforce"),
    "rloo": load("rloo"),
    "grpo": load("grpo"),
    "grpo/no_kl": replace(load("grpo"), regularisers=()),
    "dr_grpo": load("dr_grpo", length=8),
    "dapo": load("dapo"),
    "reinforce_pp": load("reinforce_pp"),
    "reinforce_pp_baseline": load("reinforce_pp_baseline"),
    "gspo/paper_clip_3e4_4e4": load("gspo"),
    "gspo/wide_clip_01_01": load("gspo", low=0.1, high=0.1),
    "gspo_token/equal_token_adv": load("gspo_token", low=0.1, high=0.1),
    "gspo_token/varying_token_adv": load("gspo_token", low=0.1, high=0.1),
    "gmpo": load("gmpo"),
    "cispo/paper_verl_style_eps_low1_high028": load("cispo"),
    "cispo/symmetric_02": load("cispo", low=0.2, high=0.2),
    "cispo/trl_style_cap_epsilon_high_5": load("cispo", high=4.0),
    "sapo": load("sapo"),
    "mismatch_is/tis_dapo_loss": replace(load("dapo"), corrections=(Truncated(),)),
    "mismatch_is/icepop_grpo_loss": replace(load("grpo"), corrections=(IcePop(),), regularisers=()),
    "decoupled_ppo": replace(load("dapo", high=0.2), corrections=(IcePop(low=0.0, high=5.0),)),
}
SFT = "dft/sft"  # no advantage: every token of the batch is a demonstration's
ADVANTAGES = {
    "reinforce_baseline/advantages": load("reinforce").advantage,
    "rloo/advantages": load("rloo").advantage,
    "grpo/advantages": Standardised(),
    "grpo/advantages_trl_eps1e_4": Standardised(epsilon=1e-4),
    "grpo/advantages_openrlhf_eps1e_9": Standardised(epsilon=1e-9),
    "dr_grpo/advantages": Centred(),
    "dapo/advantages": load("dapo").advantage,
    "reinforce_pp/returns": RewardToGo(beta=0.05),
    "reinforce_pp/adv_verl_ddof1_rsqrt": load("reinforce_pp").advantage,
    "reinforce_pp_baseline/centered": Centred(),
    "reinforce_pp_baseline/advantages": Whitened(inner=Centred()),
}
WEIGHTS = {
    "token_mean": TokenMean(),
    "seq_mean_token_mean": SequenceMean(),
    "seq_mean_token_sum": SequenceSum(),
    "const_len_8": FixedLength(length=8),
}


def expected(path: str) -> Any:
    name, *rest = path.split("/")
    return reduce(dict.__getitem__, rest, ORACLES[name]["expected"])


def flat(rectangle: list[list[float]], dtype: torch.dtype = DOUBLE) -> Tensor:
    return torch.tensor(rectangle, dtype=dtype)[CHOSEN]


def per_token(values: list) -> Tensor:
    """Per rollout or per token, as the file has it; per token, as the advantages are."""
    x = torch.tensor(values, dtype=DOUBLE)
    return x[CHOSEN] if x.ndim == 2 else x[ROW]


def close(actual: Tensor, wanted: Tensor | float, *, gradient: bool = False) -> None:
    """1e-9 for values and 1e-8 for gradients in float64, 1e-5 in float32."""
    atol = 1e-5 if actual.dtype == SINGLE else 1e-8 if gradient else 1e-9
    wanted = torch.as_tensor(wanted, dtype=actual.dtype)
    rtol = 1e-5 if actual.dtype == SINGLE else 0
    torch.testing.assert_close(actual, wanted, rtol=rtol, atol=atol)


def scores(dtype: torch.dtype = DOUBLE) -> Scores:
    return Scores(
        reward=torch.tensor(B0["rewards"], dtype=dtype),
        group=torch.tensor(B0["group"]),
        row=ROW,
        proximal_logp=flat(B0["logp_old"], dtype),
        reference_logp=flat(B0["logp_ref"], dtype),
    )


def b0(advantage: Tensor) -> Batch:
    dtype = advantage.dtype
    return Batch(
        totals=Totals(tokens=15, rollouts=6, groups=2),
        row=ROW,
        group=torch.tensor(B0["group"]),
        advantage=advantage,
        behaviour_logp=flat(B0["logp_rollout"], dtype),
        proximal_logp=flat(B0["logp_old"], dtype),
        reference_logp=flat(B0["logp_ref"], dtype),
    )


def advantage_of(path: str, objective: Objective, dtype: torch.dtype) -> Tensor:
    if path == "gspo_token/varying_token_adv":
        return flat(expected("gspo_token")["token_adv"], dtype)
    return objective.advantage(scores(dtype))


@each_dtype
@pytest.mark.parametrize(("path", "objective"), list(LOSSES.items()), ids=list(LOSSES))
def test_loss_and_gradient(path, objective, dtype):
    logp = flat(B0["logp"], dtype).requires_grad_()
    loss = objective.loss(logp, b0(advantage_of(path, objective, dtype)))
    (gradient,) = torch.autograd.grad(loss, logp)
    close(loss.detach(), expected(path)["loss"])
    close(gradient, flat(expected(path)["grad_logp"]), gradient=True)


def test_sft():
    ones = replace(scores(), reward=torch.ones(6, dtype=DOUBLE))
    logp = flat(B0["logp"]).requires_grad_()
    loss = load("sft").loss(logp, b0(load("sft").advantage(ones)))
    close(loss.detach(), expected(SFT)["loss"])


def test_no_algorithm_goes_without_an_oracle():
    named = {path.split("/")[0].removesuffix("_baseline") for path in LOSSES}
    named |= {path.split("/")[0] for path in LOSSES} | {"sft"}
    assert named >= set(modules())


@pytest.mark.parametrize(("path", "advantage"), list(ADVANTAGES.items()), ids=list(ADVANTAGES))
def test_advantages(path, advantage):
    close(advantage(scores()), per_token(expected(path)))


def test_gae():
    oracle, params = ORACLES["ppo_gae"]["expected"], ORACLES["ppo_gae"]["params"]
    reward, value = flat(oracle["token_rewards"]), flat(B0["values_old"])
    gae = generalised_advantage(reward, value, ROW, discount=params["gamma"], trace=params["lam"])
    close(gae, flat(oracle["advantages_raw"]))
    close(gae + value, flat(oracle["returns"]))


@pytest.mark.parametrize(("name", "aggregation"), list(WEIGHTS.items()), ids=list(WEIGHTS))
def test_aggregations(name, aggregation):
    per_token_loss = flat(expected("aggregation")["per_token_loss"])
    close((aggregation(b0(per_token_loss)) * per_token_loss).sum(), expected("aggregation")[name])


def test_dual_clip():
    oracle = ORACLES["dual_clip"]
    ratio = torch.tensor(oracle["inputs"]["ratio"], dtype=DOUBLE)
    for sign, name in ((1.0, "loss_pos"), (-1.0, "loss_neg")):
        worth = DualClipped()(ratio, torch.full((4,), sign, dtype=DOUBLE))
        close(-worth, torch.tensor(oracle["expected"][name], dtype=DOUBLE))


@pytest.mark.parametrize(("name", "kl"), [("k2", K2(beta=1.0)), ("k3", K3(beta=1.0))])
def test_regularisers(name, kl):
    logp = flat(B0["logp"]).requires_grad_()
    loss = kl(logp, b0(torch.zeros(15, dtype=DOUBLE))).mean()
    (gradient,) = torch.autograd.grad(loss, logp)
    close(loss.detach(), expected("kl_estimators")[name]["loss"])
    close(gradient, flat(expected("kl_estimators")[name]["grad_logp"]), gradient=True)


@pytest.mark.parametrize(
    ("name", "correction"), [("tis_weight", Truncated()), ("icepop_weight", IcePop())]
)
def test_corrections(name, correction):
    close(correction(b0(torch.zeros(15, dtype=DOUBLE))), flat(expected("mismatch_is")[name]))
