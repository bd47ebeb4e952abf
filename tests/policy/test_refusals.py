"""What cannot work together is refused in one line."""

from dataclasses import replace

import pytest
import torch
from policy.oracles import DOUBLE, b0, scores

from whet.policy.advantages import (
    Centred,
    PopulationWhitened,
    RewardToGo,
    Standardised,
    Whitened,
)
from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.entropy_advantage import EntropyShaped
from whet.policy.clipping import Clipped, DualClipped, GradientPreserving, LogClipped
from whet.policy.corrections import Only, Without
from whet.policy.extensions.moving_mean import MovingMean
from whet.policy.ratios import SequenceProduct, SequenceRatio
from whet.policy.regularisers import K2, Within
from whet.policy.selections import Both, HighEntropy, LowProbability, Not, Stale
from whet.policy.truncation import ExcludeTruncated, MaskTruncated
from whet.types import Need, UsageError

VARYING = [
    RewardToGo(beta=0.1),
    Whitened(inner=RewardToGo(beta=0.1)),
    PopulationWhitened(inner=RewardToGo(beta=0.1)),
    EntropyShaped(inner=Standardised()),
    MaskTruncated(inner=RewardToGo(beta=0.1)),
    ExcludeTruncated(inner=RewardToGo(beta=0.1)),
    load("gigpo").advantage,
    load("spo_segment").advantage,
    load("spo_tree").advantage,
]


@pytest.mark.parametrize("advantage", VARYING, ids=lambda a: type(a).__name__)
@pytest.mark.parametrize("ratio", [SequenceRatio(), SequenceProduct(), load("gmpo").ratio])
def test_one_ratio_for_a_rollout_has_no_place_for_credit_within_it(ratio, advantage):
    with pytest.raises(UsageError, match="take SequenceTokenRatio"):
        replace(load("gspo"), ratio=ratio, advantage=advantage)
    assert replace(load("gspo_token"), advantage=advantage).advantage == advantage


@pytest.mark.parametrize("clip", [Clipped(), DualClipped(), GradientPreserving()], ids=repr)
@pytest.mark.parametrize("name", ["cispo", "aspo", "reinforce", "cpgd"])
def test_a_clip_wants_a_ratio(name, clip):
    with pytest.raises(UsageError, match=r"^ratio is \w+: .*; take "):
        replace(load(name), clipping=clip)


@pytest.mark.parametrize("low", [0.0, 1.0])
def test_a_log_clip_has_a_logarithm(low):
    with pytest.raises(UsageError, match=r"LogClipped\.low is"):
        LogClipped(low=low)


@pytest.mark.parametrize("keep", [-0.1, 1.0])
def test_a_moving_mean_moves(keep):
    with pytest.raises(UsageError, match=r"MovingMean\.keep is"):
        MovingMean(keep=keep)


def test_who_has_parts_needs_what_they_need():
    uncertain = HighEntropy()
    assert Only(of=uncertain).needs == Without(of=uncertain).needs == {Need.ENTROPY}
    assert Within(of=uncertain, price=K2(beta=1.0)).needs == {Need.ENTROPY, Need.REFERENCE}
    assert Both(one=Stale(), other=Not(of=uncertain)).needs == {Need.ENTROPY, Need.PROXIMAL}
    assert MaskTruncated(inner=Centred()).needs == {Need.GROUP}
    assert Need.BATCH_LOGP in load("clip_cov").needs & load("kl_cov").needs & load("disco").needs
    assert load("dapo").needs == {Need.GROUP}


@pytest.mark.parametrize("name", ["clip_cov", "kl_cov"])
def test_a_batch_that_was_not_prepared_is_no_silent_nothing(name):
    batch = b0(load(name).advantage(scores()))
    with pytest.raises(LookupError, match="not prepared"):
        load(name).loss(batch.proximal_logp, batch)
    with pytest.raises(ValueError, match=r"needs batch\.learner_logp"):
        replace(batch, learner_logp=None).prepared(load(name).selections)


def test_less_than_all_of_a_batch_can_be_selected_by_two_reasons():
    batch = b0(torch.zeros(15, dtype=DOUBLE))
    both = Both(one=LowProbability(below=0.5), other=Not(of=HighEntropy()))
    mask = both(batch)
    assert mask.tolist() == (LowProbability(below=0.5)(batch) & ~HighEntropy()(batch)).tolist()
