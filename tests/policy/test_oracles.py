"""The parts that algorithms are made of against `algorithm_oracles.json`: value and gradient."""

from dataclasses import replace
from pathlib import Path

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
    reproduces,
    scores,
)

from whet.policy.advantages import Standardised
from whet.policy.aggregation import FixedLength, SequenceMean, SequenceSum, TokenMean
from whet.policy.algorithms import load
from whet.policy.arithmetic import generalised_advantage
from whet.policy.clipping import DualClipped
from whet.policy.corrections import (
    GeometricTruncated,
    IcePop,
    Masked,
    Only,
    SequenceMasked,
    SequenceTruncated,
    Truncated,
    Without,
)
from whet.policy.ratios import SequenceProduct
from whet.policy.selections import LowProbability, OffPolicyNegatives, Stale
from whet.policy.truncation import ExcludeTruncated, MaskTruncated
from whet.registry import names

WEIGHTS = {
    "token_mean": TokenMean(),
    "seq_mean_token_mean": SequenceMean(),
    "seq_mean_token_sum": SequenceSum(),
    "const_len_8": FixedLength(length=8),
}
CORRECTIONS = {
    "token_ratio": Truncated(cap=torch.inf),
    "tis_weight": Truncated(),
    "icepop_weight": IcePop(),
    "seq_ratio_product": SequenceTruncated(cap=torch.inf),
    "seq_truncate_C2": SequenceTruncated(),
    "seq_mask_max3": SequenceMasked(),
    "seq_geo_mean": GeometricTruncated(),
}
CORRECTED = {
    "mismatch_is/tis_dapo_loss": replace(load("dapo"), corrections=(Truncated(),)),
    "mismatch_is/icepop_grpo_loss": replace(load("grpo"), corrections=(IcePop(),), regularisers=()),
    "decoupled_ppo": replace(load("dapo", high=0.2), corrections=(Masked(cap=5.0),)),
}
NOTHING = torch.zeros(15, dtype=DOUBLE)


def test_no_algorithm_goes_without_an_oracle():
    tried = "".join(p.read_text() for p in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in names("algorithm") if f'"{name}"' not in tried] == []


def test_sft():
    ones = load("sft").advantage(scores(reward=[1.0] * 6))
    close(load("sft").loss(flat(B0["logp"]), b0(ones)), expected("dft/sft")["loss"])


def test_gae():
    oracle, params = ORACLES["ppo_gae"]["expected"], ORACLES["ppo_gae"]["params"]
    reward, value = flat(oracle["token_rewards"]), flat(B0["values_old"])
    gae = generalised_advantage(
        reward, value, ROW, discount=params["gamma"], gae_lambda=params["lam"]
    )
    close(gae, flat(oracle["advantages_raw"]))
    close(gae + value, flat(oracle["returns"]))


@pytest.mark.parametrize(("name", "aggregation"), list(WEIGHTS.items()), ids=list(WEIGHTS))
def test_aggregations(name, aggregation):
    per_token_loss = flat(expected("aggregation")["per_token_loss"])
    close((aggregation(b0(per_token_loss)) * per_token_loss).sum(), expected("aggregation")[name])
    halves = [b0(per_token_loss)[:3], b0(per_token_loss)[3:]]
    parts = [(aggregation(half) * half.advantage).sum() for half in halves]
    close(torch.stack(parts).sum(), expected("aggregation")[name])


def test_what_others_make_of_micro_batches():
    """A mean of means is no mean; without 1/B the scale is that of the micro-batch."""
    oracle = expected("aggregation")
    batch = b0(flat(oracle["per_token_loss"]))
    halves = [half.counted() for half in (batch[:3], batch[3:])]
    for part, name, scale in (
        (TokenMean(), "microbatch_avg_token_mean", 1),
        (SequenceMean(), "microbatch_avg_seq_mean_token_mean", 1),
        (FixedLength(length=8), "verl_seq_mean_token_sum_norm_L8_two_micro_batches", 3),
        (FixedLength(length=8), "trl_dr_grpo_L8_two_micro_batches", 1),
    ):
        losses = [(part(half) * half.advantage).sum() * scale for half in halves]
        close(torch.stack(losses).mean(), oracle[name])


def test_dual_clip():
    oracle = ORACLES["dual_clip"]
    ratio = torch.tensor(oracle["inputs"]["ratio"], dtype=DOUBLE)
    for sign, name in ((1.0, "loss_pos"), (-1.0, "loss_neg")):
        worth = DualClipped()(ratio, torch.full((4,), sign, dtype=DOUBLE))
        close(-worth, oracle["expected"][name])


@pytest.mark.parametrize(("name", "correction"), list(CORRECTIONS.items()), ids=list(CORRECTIONS))
def test_corrections(name, correction):
    wanted = torch.tensor(expected("mismatch_is")[name], dtype=DOUBLE)
    rectangular = wanted.ndim == 2
    close(correction(b0(NOTHING)), flat(wanted.tolist()) if rectangular else wanted[ROW])


@each_dtype
@pytest.mark.parametrize(("path", "objective"), list(CORRECTED.items()), ids=list(CORRECTED))
def test_corrected_losses(path, objective, dtype):
    reproduces(path, objective, b0(objective.advantage(scores(dtype))))


def test_masked_is_icepop_without_a_lower_bound():
    close(Masked(cap=5.0)(b0(NOTHING)), IcePop(low=0.0, high=5.0)(b0(NOTHING)))


def test_a_bad_rollout_that_was_left_behind_says_nothing():
    batch = b0(load("grpo").advantage(scores())).prepared((OffPolicyNegatives(most=0.05),))
    kept = torch.tensor(expected("off_policy_sequence_mask")["keep"])[ROW]
    close(Without(of=OffPolicyNegatives(most=0.05))(batch), kept.double())
    objective = replace(load("grpo"), corrections=(Without(of=OffPolicyNegatives(most=0.05)),))
    _, whole = objective.split(flat(B0["logp"]), replace(batch, learner_logp=None, subsets=()))
    assert whole.subset(OffPolicyNegatives(most=0.05)).mask.tolist() == (~kept).tolist()


def test_what_was_sampled_by_another_policy_can_be_left_out():
    """Rollout means of |log π_prox − log μ|:  0.323, 0.125, 0.313, 0, 0.613, 0.01."""
    batch = b0(NOTHING).prepared((Stale(most=0.32),))
    apart = torch.tensor([True, False, False, False, True, False])
    assert batch.subset(Stale(most=0.32)).mask.tolist() == apart[ROW].tolist()


def test_sure_tokens_can_be_left_out():
    batch = b0(NOTHING).prepared((LowProbability(below=0.5),))
    kept = (flat(B0["logp_old"]).exp() < 0.5).double()
    close(Only(of=LowProbability(below=0.5))(batch), kept)


@pytest.mark.parametrize(
    ("name", "advantage"),
    [
        ("no_mask", Standardised()),
        ("mask_before", ExcludeTruncated(inner=Standardised())),
        ("mask_after", MaskTruncated(inner=Standardised())),
    ],
)
def test_truncation_masks(name, advantage):
    known = answers([1.0, 1.0, 0.0], truncated=torch.tensor([False, True, False]))
    close(advantage(known), expected("truncation_masks")[name])


def test_a_sequence_product_is_the_probability_of_the_whole():
    moved = SequenceProduct()(flat(B0["logp"]), b0(NOTHING))
    close(moved.log()[:3], torch.full((3,), 0.15, dtype=DOUBLE))
