"""Advantages that look at order, turns or states, and controllers, against the oracles."""

from dataclasses import replace

import pytest
import torch
from policy.oracles import B0, DOUBLE, ORACLES, answers, b0, close, expected, flat, scores
from recorded import recorded

from whet.policy.advantages import Centred, Standardised
from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.cpgd import Rescued
from whet.policy.algorithms.critic_free.gfpo import ByDifficulty, Efficient, Filtered
from whet.policy.algorithms.critic_free.gigpo import GroupInGroup
from whet.policy.algorithms.critic_free.nft import ByDeviation, ImplicitNegative, SuccessRate
from whet.policy.anchors import Proximal
from whet.policy.extensions.entropy_target import EntropyTarget
from whet.policy.extensions.rehearsal import Rehearsal
from whet.policy.f_divergences import ForwardKL
from whet.policy.selections import External, LowProbability, PolicyTokens
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.types import AdvantageInputs, Group, Rollout, Task, Verdict


def test_krpo():
    advantage = load("krpo").advantage(answers([1.0, 0.0, 0.0, 1.0]))
    close(advantage, expected("krpo")["advantages"])
    posterior = torch.tensor(expected("krpo")["posterior_means"], dtype=DOUBLE)
    p = torch.full((4,), 1.0, dtype=DOUBLE)
    variance = 1.0
    for i in range(4):
        variance = 1 / (1 / (variance + 1e-5) + 1 / 1e-2)  # precisions add
        p[i] = variance
    close(advantage * (p.sqrt() + 1e-8) + posterior, [1.0, 0.0, 0.0, 1.0])


def test_krpo_filters_every_group_by_itself():
    known = answers([1.0, 0.5, 0.0, 0.25, 0.0, 0.75, 1.0])
    mixed = replace(known, group=torch.tensor([0, 1, 0, 1, 0, 1, 0]))
    wanted = expected("krpo")["advantages"]
    close(load("krpo").advantage(mixed)[[0, 2, 4, 6]], wanted)


STATES = {name: i for i, name in enumerate(["s0", "s1", "s2"])}


def world() -> AdvantageInputs:
    """Two plays of three turns of one token each."""
    inputs = ORACLES["gigpo"]["inputs"]
    return AdvantageInputs(
        reward=torch.tensor(inputs["episode_return"], dtype=DOUBLE),
        group=torch.zeros(2, dtype=torch.long),
        row=torch.tensor(inputs["traj"]),
        segment=torch.tensor([0, 1, 2, 0, 1, 2]),
        state=torch.tensor([STATES[s] for s in inputs["anchor_obs"]]),
    )


@pytest.mark.parametrize(
    ("inner", "name"), [(Centred(), "mean_norm"), (Standardised(), "mean_std_norm")]
)
def test_gigpo(inner, name):
    parts = {
        "episode_adv": GroupInGroup(inner=inner, weight=0.0),
        "advantages": GroupInGroup(inner=inner),
    }
    for kind, advantage in parts.items():
        close(advantage(world()), expected("gigpo")[f"{kind}_{name}"])
    step = parts["advantages"](world()) - parts["episode_adv"](world())
    close(step, expected("gigpo")[f"step_adv_{name}"])


def test_gigpo_where_no_state_comes_twice_is_its_episodes():
    alone = replace(world(), state=torch.arange(6))
    close(GroupInGroup()(alone), Centred()(alone))


def test_gigpo_counts_a_turn_once_however_many_tokens_it_has():
    longer = replace(
        world(),
        row=torch.tensor([0, 0, 0, 0, 1, 1, 1, 1]),
        segment=torch.tensor([0, 0, 1, 2, 0, 1, 2, 2]),
        state=torch.tensor([0, 0, 1, 2, 0, 1, 1, 1]),
    )
    wanted = torch.tensor(expected("gigpo")["advantages_mean_norm"], dtype=DOUBLE)
    close(GroupInGroup()(longer), wanted[[0, 0, 1, 2, 3, 4, 5, 5]])


def test_spo_segment():
    inputs = ORACLES["spo_segment"]["inputs"]
    segment = torch.tensor(inputs["segment_of_token"])
    starts = [inputs["V_prompt"], inputs["V_after_seg0"], inputs["V_after_seg1"]]
    logp = torch.tensor(inputs["token_probs"], dtype=DOUBLE).log()
    known = replace(
        answers([inputs["terminal_reward"]]),
        row=torch.zeros_like(segment),
        segment=segment,
        value=torch.tensor(starts, dtype=DOUBLE)[segment],
    )
    objective = load("spo_segment")
    advantage = objective.advantage(known)
    close(advantage[[0, 4, 6]], expected("spo_segment")["segment_advantages"])
    batch = replace(
        b0(torch.zeros(15, dtype=DOUBLE)),
        row=known.row,
        group=known.group,
        advantage=advantage,
        behaviour_logp=logp,
        proximal_logp=logp,
        reference_logp=None,
        entropy=None,
        reward=None,
        correct=None,
        group_tokens=None,
        learner_logp=None,
        learner_entropy=None,
    ).counted()
    batch = batch.prepared(objective.selections)
    kept = batch.subset(LowProbability(below=0.9))
    close(advantage * kept.mask, expected("spo_segment")["token_advantages"])
    learner = logp.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(objective.loss(learner, batch), learner)
    close(gradient, -advantage * kept.mask / kept.totals.tokens)


def test_spo_tree_by_hand():
    """A root with two branches of two leaves each, R = 1, 0, 1, 1.

    V of the branches is ½ and 1, so their segments earn −¼ and ¼; among the leaves of the first
    branch it is ±½, among those of the second 0.
    """
    tree = AdvantageInputs(
        reward=torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=DOUBLE),
        group=torch.zeros(4, dtype=torch.long),
        row=torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]),
        segment=torch.tensor([0, 1, 0, 1, 0, 1, 0, 1]),
        state=torch.tensor([7, 8, 7, 8, 7, 9, 7, 9]),
    )
    plain = replace(load("spo_tree").advantage, inner=Centred())
    close(plain(tree), [-0.25, 0.5, -0.25, -0.5, 0.25, 0.0, 0.25, 0.0])
    scaled = load("spo_tree").advantage(tree)
    close(scaled.sign(), [-1.0, 1.0, -1.0, -1.0, 1.0, 0.0, 1.0, 0.0])


def test_spo_single():
    inputs, wanted = ORACLES["spo_single_stream"]["inputs"], expected("spo_single_stream")
    known = answers(inputs["batch_r"], baseline=torch.tensor(inputs["batch_v"], dtype=DOUBLE))
    close(load("spo_single").advantage(known), wanted["advantages"])
    (tracker,) = load("spo_single").companions
    counts = inputs["alpha"], inputs["beta"]
    after = tracker.after(counts, inputs["reward"], inputs["D"])
    assert after == pytest.approx((wanted["alpha_after"], wanted["beta_after"]), abs=1e-9)
    assert after[0] / sum(after) == pytest.approx(wanted["v_after"], abs=1e-9)
    assert tracker.memory(inputs["D"]) == wanted["rho"]
    assert tracker.memory(0.001) == wanted["rho_small_D"]
    assert tracker.count == pytest.approx(wanted["N0"])
    assert tracker.start(5, 8) == pytest.approx(wanted["init_from_offline_8_samples_5_correct"])
    weights = [tracker.weight(v) for v in inputs["batch_v"]]
    assert weights == pytest.approx(wanted["sampling_weight"], abs=1e-9)


def test_gfpo_by_efficiency_and_by_difficulty():
    """The longest answer of each group is the one without a reward for its tokens."""
    known = AdvantageInputs(
        reward=torch.tensor([1.0, 1.0, 0.0, 1.0, 0.0, 0.0], dtype=DOUBLE),
        group=torch.tensor([0, 0, 0, 1, 1, 1]),
        row=torch.tensor([0, 0, 1, 2, 3, 4, 5]),
    )
    efficient = Filtered(keep=ByDifficulty(counts=(1, 1, 2, 2)), by=Efficient())
    assert efficient.kept(known).tolist() == [False, True, False, True, True, False]
    advantage = efficient(known)
    assert advantage[[0, 1, 2, 3, 6]].tolist() == [0.0] * 5
    close(advantage[[4, 5]], [1 / (0.5 + 1e-6) / 2, -1 / (0.5 + 1e-6) / 2])


def test_opo_sums_to_nothing_over_the_tokens_of_a_group():
    advantage = load("opo").advantage(scores())
    close(torch.stack([advantage[:9].sum(), advantage[9:].sum()]), [0.0, 0.0])


def test_cpgd_listens_more_where_few_groups_disagree():
    known = replace(answers([1.0, 0.0, 1.0, 1.0, 1.0, 1.0]), group=torch.tensor([0, 0, 1, 1, 2, 2]))
    close(Rescued(most=9.0)(known), 3 * Centred()(known))
    close(Rescued(most=2.0)(known), 2 * Centred()(known))


@pytest.mark.parametrize(("advantage", "like"), [(SuccessRate(), Centred()), (None, None)])
def test_nft_on_policy_is_a_policy_gradient(advantage, like):
    by_deviation = advantage is None
    advantage = advantage or SuccessRate(by=ByDeviation())
    like = like or Standardised(epsilon=0.0, ddof=0)
    known = answers([1.0, 0.0, 0.0], correct=torch.tensor([True, False, False]))
    credit = advantage(known)
    close(credit, like(known))
    clipping = ImplicitNegative(by=ByDeviation()) if by_deviation else ImplicitNegative()
    logr = torch.zeros(3, dtype=DOUBLE, requires_grad=True)
    (gradient,) = torch.autograd.grad(clipping(logr.exp(), credit).sum(), logr)
    close(gradient, credit)


def test_nft_learns_nothing_from_groups_that_agree():
    known = answers([1.0, 1.0], correct=torch.tensor([True, True]))
    assert SuccessRate()(known).tolist() == [0.0, 0.0]


def test_adaptive_entropy():
    oracle = ORACLES["adaptive_entropy"]
    (control,) = load("skywork_or1").companions
    assert control == EntropyTarget(target=0.2, delta=0.005)
    coefficient, seen = oracle["inputs"]["coef0"], []
    for entropy in oracle["inputs"]["entropy_sequence"]:
        applied, coefficient = (
            control.applied(coefficient, entropy),
            control.after(coefficient, entropy),
        )
        seen.append([applied, coefficient])
    torch.testing.assert_close(
        torch.tensor(seen), torch.tensor(oracle["expected"]["applied_and_next"])
    )


def test_dynamic_sampling_keeps_groups_that_differ():
    oracle = ORACLES["dapo_dynamic_sampling"]

    def judged(score: float) -> Rollout:
        return recorded(
            task=Task(id="t", prompt="?"),
            seed=0,
            turns=("?", "!"),
            tokens=(0, 1),
            chosen=(False, True),
            behaviour_logp=(-1.0,),
            verdict=Verdict.binary(correct=bool(score)),
        )

    groups = [
        Group.of([judged(r) for r in rewards]) for rewards in oracle["inputs"]["group_rewards"]
    ]
    assert [NonZeroSpread()(group) for group in groups] == oracle["expected"]["keep"]


def test_dph_rl_only_keeps_what_is_rehearsed():
    """The first group is the policy's own, the second what π₀ had solved."""
    objective = load("dph_rl")
    (kept,) = objective.extra
    price = ForwardKL(beta=0.05, anchor=Proximal())
    objective = replace(objective, extra=(replace(kept, regularisers=(price,)),))
    batch = b0(Standardised()(answers([1.0] * 15)) + 1.0)
    batch = replace(batch, external=batch.group[batch.row] == 1)
    batch = batch.prepared(objective.selections)
    logp = flat(B0["logp"]).requires_grad_()
    (gradient,) = torch.autograd.grad(objective.loss(logp, batch), logp)
    theirs, mine = batch.subset(External()).mask, batch.subset(PolicyTokens()).mask
    x = flat(B0["logp"]) - flat(B0["logp_old"])
    close(gradient[theirs], 0.05 * (x[theirs].exp() - 1) / theirs.sum(), gradient=True)
    lesson = torch.where(x > torch.tensor(1.2).log(), 0.0, x.exp())
    close(gradient[mine], -lesson[mine] / mine.sum(), gradient=True)


def test_a_prompt_is_rehearsed_if_it_was_solved_before_training():
    assert [Rehearsal(least=7).solved(right) for right in (6, 7, 8)] == [False, True, True]
