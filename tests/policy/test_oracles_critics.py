"""Algorithms that ask for values, or for rewards of tokens, against the file's numbers."""

from dataclasses import replace

import pytest
import torch
from policy.oracles import (
    B0,
    DOUBLE,
    ORACLES,
    ROW,
    b0,
    close,
    each_dtype,
    expected,
    flat,
    reproduces,
    scores,
)

from whet.policy.algorithms import load
from whet.policy.algorithms.critic_based.prime import AsReleased, OthersMean, ProcessAndOutcome
from whet.policy.clipping import DualClipped
from whet.policy.critics import LengthAdaptive, SegmentGain, value_error
from whet.policy.extensions.critic import AllRollouts, NotTruncated
from whet.policy.selections import Correct
from whet.testing.laws import loss_and_gradient
from whet.types import AdvantageInputs, Need, UsageError

LOSSES = {
    "ppo_gae": load("ppo"),
    "vapo": load("vapo", alpha=1.5),
}
ADVANTAGES = {
    "ppo_gae/advantages_whitened": load("ppo").advantage,
    "ppo_gae/advantages_raw": load("ppo").advantage.inner,
    "vc_ppo/policy_advantages": load("vc_ppo").advantage.inner,
    "vapo/advantages": load("vapo", alpha=1.5).advantage,
    "vapo/advantages_raw": LengthAdaptive(alpha=1.5),
}
TARGETS = {"ppo_gae/returns": load("ppo"), "vc_ppo/critic_targets": load("vc_ppo")}
PHI = flat(ORACLES["prime"]["inputs"]["logp_phi"])


@each_dtype
@pytest.mark.parametrize(("path", "objective"), list(LOSSES.items()), ids=list(LOSSES))
def test_loss_and_gradient(path, objective, dtype):
    reproduces(path, objective, b0(objective.advantage(scores(dtype))))


@each_dtype
@pytest.mark.parametrize(("path", "advantage"), list(ADVANTAGES.items()), ids=list(ADVANTAGES))
def test_advantages(path, advantage, dtype):
    close(advantage(scores(dtype)), flat(expected(path)))


@pytest.mark.parametrize(("path", "objective"), list(TARGETS.items()), ids=list(TARGETS))
def test_what_critics_are_fitted_to(path, objective):
    (critic,) = objective.companions
    close(critic.targets(scores()), flat(expected(path)))


def test_the_value_loss():
    (critic,) = load("ppo").companions
    target, before = critic.targets(scores()), flat(B0["values_old"])
    error = replace(critic, clip=0.2).error(flat(B0["values"]), before, target)
    close(error.mean(), expected("ppo_gae/value_loss"))


def test_the_value_loss_by_hand():
    """V moved from 0 to 1, clip 0.2, G = 1: the clipped error, ½ · 0.8², is the larger."""
    one, zero = torch.ones(1), torch.zeros(1)
    assert value_error(one, zero, one, 0.2).item() == pytest.approx(0.32)
    assert value_error(zero, zero, one, 0.2).item() == pytest.approx(0.5)


def test_credit_reaches_as_far_as_the_reply_is_long():
    lengths, gae_lambdas = zip(*expected("vapo/lam_default_alpha005"), strict=True)
    close(LengthAdaptive().gae_lambdas(torch.tensor(lengths, dtype=DOUBLE)), list(gae_lambdas))
    close(LengthAdaptive(alpha=1.5).gae_lambdas(torch.bincount(ROW).double()), expected("vapo/lam"))


def test_the_positives_of_vapo():
    objective = load("vapo")
    batch = b0(torch.zeros(15, dtype=DOUBLE)).prepared((Correct(),))
    gain = objective.extra[0].gain(flat(B0["logp"]), batch)
    close(-gain / 0.1, expected("vapo/nll"))


def test_who_was_cut_off_would_have_gone_on():
    cut = torch.tensor(ORACLES["t_ppo_egae"]["inputs"]["truncated"])
    objective = load("t_ppo")
    close(
        objective.advantage(replace(scores(), truncated=cut)),
        flat(expected("t_ppo_egae")["advantages"]),
    )
    assert (
        objective.companions[0].fit_on(cut).tolist()
        == (~cut).tolist()
        == NotTruncated()(cut).tolist()
    )
    assert AllRollouts()(cut).all()


def test_prime():
    dense = 0.05 * (PHI - flat(B0["logp_ref"]))
    close(dense, flat(expected("prime/process_rewards")))
    objective = load("prime")
    close(objective.advantage(replace(scores(), dense=dense)), flat(expected("prime/advantages")))
    assert Need.DENSE in objective.companions[0].provides


@each_dtype
def test_the_implicit_reward_model(dtype):
    objective = load("implicit_reward")
    batch = b0(objective.advantage(scores(dtype)))
    close(objective.loss(PHI.to(dtype), batch), expected("prime/prm_ce_loss"))


@pytest.mark.parametrize(
    ("centre", "wanted"), [(OthersMean(), [0.1, 0.3]), (AsReleased(), [0.0, 0.4])]
)
def test_both_ways_to_leave_one_out(centre, wanted):
    """r_1 = (0.2, 0.4), r̄_2 = 0.1: the released code counts its own mean as well."""
    row, dense = torch.tensor([0, 0, 1]), torch.tensor([0.2, 0.4, 0.1])
    both = AdvantageInputs(reward=torch.zeros(2), group=torch.zeros(2).long(), row=row, dense=dense)
    to_go = ProcessAndOutcome(centre=centre)(both)[:2]
    assert [(to_go[0] - to_go[1]).item(), to_go[1].item()] == pytest.approx(wanted, abs=1e-6)


def test_one_reply_has_nobody_to_be_compared_with():
    alone = AdvantageInputs(
        reward=torch.ones(1),
        group=torch.zeros(1).long(),
        row=torch.zeros(2).long(),
        dense=torch.tensor([0.5, 0.25]),
    )
    assert ProcessAndOutcome()(alone).tolist() == [0.75, 0.25]


def test_what_a_segment_changed():
    """V = (¼, ½, ½), R = 1:  Â = (¼, 0, ½); their sum is R − V_0.  Only first states are asked."""
    segment = torch.tensor([0, 0, 1, 2, 2, 2])
    value = torch.tensor([0.25, 9.0, 0.5, 0.5, 9.0, 9.0])
    row = torch.zeros(6).long()
    one = AdvantageInputs(
        reward=torch.ones(1), group=torch.zeros(1).long(), row=row, value=value, segment=segment
    )
    wanted = [0.25, 0.25, 0.0, 0.5, 0.5, 0.5]
    assert SegmentGain()(one).tolist() == load("vineppo").advantage(one).tolist() == wanted


@pytest.mark.parametrize("part", [load("ppo"), load("t_ppo"), load("prime"), load("vineppo")])
def test_what_is_missing_is_named(part):
    bare = AdvantageInputs(
        reward=torch.ones(1), group=torch.zeros(1).long(), row=torch.zeros(1).long()
    )
    with pytest.raises(ValueError, match="needs"):
        part.advantage(bare)


def test_a_reach_of_nothing_is_refused():
    with pytest.raises(UsageError, match="LengthAdaptive.alpha is 0"):
        LengthAdaptive(alpha=0.0)


@pytest.mark.parametrize("name", ["ppo", "vapo", "t_ppo", "prime", "vineppo", "prefix_rft"])
def test_credit_within_a_rollout_wants_a_ratio_within_it(name):
    with pytest.raises(UsageError, match="take SequenceTokenRatio"):
        replace(load("gspo"), advantage=load(name).advantage)


@pytest.mark.parametrize("name", ["dft", "topr", "sft"])
def test_a_likelihood_is_not_clipped(name):
    with pytest.raises(UsageError, match="take clipping Unclipped"):
        replace(load(name), clipping=DualClipped())


def test_ppo_with_a_dual_clip():
    """The third row's first token has r = 3.67 and Â < 0: at a floor of 3 it is silent."""
    doubled = replace(load("ppo"), clipping=DualClipped())
    batch = b0(doubled.advantage(scores()))
    logp = flat(B0["logp"])
    _, plain = loss_and_gradient(load("ppo"), logp, batch)
    _, gradient = loss_and_gradient(doubled, logp, batch)
    assert plain[5] > 0
    assert gradient[5] == 0
    close(gradient[torch.arange(15) != 5], plain[torch.arange(15) != 5])
