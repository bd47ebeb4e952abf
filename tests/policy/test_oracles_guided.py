"""Algorithms that learn from others' tokens, or from their own past, against the file's numbers."""

from dataclasses import replace
from random import Random

import pytest
import torch
from policy.oracles import (
    B0,
    DOUBLE,
    ORACLES,
    b0,
    close,
    each_dtype,
    expected,
    flat,
    per_token,
    reproduces,
    scores,
)

from whet.policy.advantages import Centred, Standardised
from whet.policy.algorithms import load
from whet.policy.algorithms.off_policy.prefix_rft import PolicyAndHighEntropy
from whet.policy.clipping import Shaped
from whet.policy.corrections import ConstantWeight
from whet.policy.extensions.answer_hints import AnswerHints
from whet.policy.extensions.branches import Branches
from whet.policy.extensions.convex_kl import ConvexKL
from whet.policy.extensions.demonstration_fallback import DemonstrationFallback
from whet.policy.extensions.distinct import Distinct
from whet.policy.extensions.extra_round import ExtraRound
from whet.policy.extensions.hints import Hints
from whet.policy.extensions.imitation_weight import ImitationWeight
from whet.policy.extensions.sft_buffer import SFTBuffer
from whet.policy.objective import Objective
from whet.types import AdvantageInputs, Batch, Totals, UsageError

FIRST = 9  # tokens of the first group's three rollouts
DEMONSTRATION = [0, 0, 0, 0, 0, 1, 1, 1, 1]
HINT = [0, 0, 0, 0, 0, 1, 1, 0, 0]


def first_group(
    objective: Objective, rewards: list[float], external: list[int], dtype: torch.dtype
) -> Batch:
    """Rows 0, 1 and 2 alone, with these rewards, some of their tokens chosen by others."""
    reward = torch.tensor(rewards, dtype=dtype)
    row = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2])
    marked = torch.tensor(external).bool()
    three = AdvantageInputs(reward=reward, group=torch.zeros(3).long(), row=row, external=marked)
    advantage = objective.advantage(three)
    whole = b0(torch.cat([advantage, advantage.new_zeros(6)]))
    batch = replace(whole[:3], reward=reward, correct=reward > 0, external=marked)
    return batch.counted()


@each_dtype
@pytest.mark.parametrize(
    ("path", "objective", "rewards", "external"),
    [
        ("luffy", replace(load("luffy"), advantage=Centred()), [1.0, 0.0, 1.0], DEMONSTRATION),
        ("srft", load("srft"), [1.0, -1.0, 1.0], DEMONSTRATION),
        ("uft", replace(load("uft"), advantage=Centred()), [1.0, 0.0, 1.0], HINT),
    ],
    ids=["luffy", "srft", "uft"],
)
def test_others_tokens(path, objective, rewards, external, dtype):
    reproduces(path, objective, first_group(objective, rewards, external, dtype))


@each_dtype
def test_luffy_as_it_was_run(dtype):
    """The file divides by 4 tokens, not by 3 · 4: a constant factor makes up for it."""
    plain = load("luffy_runs", length=4)
    thrice = (ConstantWeight(factor=3.0),)
    extra = (replace(plain.extra[0], corrections=thrice),)
    objective = replace(plain, corrections=thrice, extra=extra)
    batch = first_group(objective, [1.0, 0.0, 1.0], DEMONSTRATION, dtype)
    reproduces("luffy/unclipped_on_policy_sum_over_T4", objective, batch)


@pytest.mark.parametrize(
    ("name", "advantage"),
    [("advantages", Centred()), ("advantages_with_std_ddof1", load("luffy").advantage)],
)
def test_a_demonstration_is_compared_like_anyone(name, advantage):
    three = torch.arange(3)
    of = AdvantageInputs(reward=torch.tensor([1.0, 0.0, 1.0]).double(), group=three * 0, row=three)
    close(advantage(of), expected("luffy")[name])


def test_a_shape_weighs_what_is_unlikely():
    """F' = γ / (π + γ)², which is 1/(4γ) at π = γ."""
    ratio = torch.tensor([0.1], requires_grad=True)
    (slope,) = torch.autograd.grad(Shaped()(ratio, torch.ones(1)).sum(), ratio)
    assert slope.item() == pytest.approx(2.5)
    with pytest.raises(UsageError, match="Shaped.gamma is 0"):
        Shaped(gamma=0.0)


@each_dtype
@pytest.mark.parametrize("name", ["raft", "rft", "star"])
def test_right_replies_are_imitated(name, dtype):
    objective = load(name)
    reproduces("raft", objective, b0(objective.advantage(scores(dtype))))


@each_dtype
@pytest.mark.parametrize(("path", "objective"), [("dft", load("dft")), ("dft/sft", load("sft"))])
def test_demonstrations_alone(path, objective, dtype):
    ones = replace(scores(dtype), reward=torch.ones(6, dtype=dtype))
    reproduces(path, objective, b0(objective.advantage(ones)))


@each_dtype
@pytest.mark.parametrize("name", ["relift", "hpt", "red"], ids=["relift", "hpt", "red"])
def test_a_batch_of_demonstrations_is_a_supervised_step(name, dtype):
    objective = load(name)
    zero = b0(torch.zeros(15, dtype=dtype))
    reproduces("dft/sft", objective, replace(zero, external=torch.ones(15, dtype=torch.bool)))


@each_dtype
@pytest.mark.parametrize(
    ("name", "like"),
    [("relift", "grpo"), ("red", "grpo"), ("bread", "grpo"), ("eframe", "grpo"), ("rlep", "dapo")],
)
def test_without_others_they_are_what_they_are_built_on(name, like, dtype):
    objective, base = load(name), load(like)
    base = replace(base, aggregation=load("dapo").aggregation, regularisers=())
    advantage = objective.advantage(scores(dtype))
    batch = replace(b0(advantage), external=torch.zeros(15, dtype=torch.bool))
    close(advantage, base.advantage(scores(dtype)))
    logp = flat(B0["logp"], dtype)
    close(
        objective.loss(logp, batch.prepared(objective.selections)),
        base.loss(logp, batch.prepared(base.selections)),
    )


@each_dtype
def test_decoupled_ppo(dtype):
    objective = load("decoupled_ppo")
    reproduces("decoupled_ppo", objective, b0(objective.advantage(scores(dtype))))


@each_dtype
def test_topr(dtype):
    objective = load("topr")
    batch = b0(objective.advantage(scores(dtype)))
    batch = replace(batch, behaviour_logp=batch.proximal_logp)
    reproduces("topr", objective, batch)
    weight = objective.ratio(flat(B0["logp"], dtype), batch) / flat(B0["logp"], dtype)
    close(weight, per_token(expected("topr/weights")))


@each_dtype
def test_soft_policy_optimization(dtype):
    path = "soft_policy_optimization"
    objective = load("soft_po")
    tried = torch.tensor(ORACLES[path]["inputs"]["reference_mc_rewards"], dtype=dtype)
    alone = AdvantageInputs(reward=tried, group=torch.zeros(4).long(), row=torch.arange(4))
    soft = tried - objective.advantage(alone)
    close(soft, [expected(path)["Q0"]] * 4)
    batch = b0(scores(dtype).reward[scores().row] - soft[0])
    claimed = objective.ratio(flat(B0["logp"], dtype), batch) + soft[0]
    close(claimed, per_token(expected(path)["Q_T"]))
    reproduces(path, objective, batch)


@each_dtype
def test_remix(dtype):
    objective = replace(load("remix"), regularisers=())
    batch = b0(objective.advantage(scores(dtype)))
    now = flat(ORACLES["remix"]["inputs"]["logp_k"], dtype)
    reproduces(
        "remix", objective, replace(batch, behaviour_logp=batch.proximal_logp, proximal_logp=now)
    )


def test_remix_goes_from_the_reference_to_the_last_policy():
    for step, share in expected("remix/lambda_schedule"):
        assert ConvexKL().share(step) == pytest.approx(share)
    (between,) = load("remix").regularisers
    batch = b0(torch.zeros(15, dtype=DOUBLE))
    logp = flat(B0["logp"])
    far, near = replace(between, share=1.0)(logp, batch), replace(between, share=0.0)(logp, batch)
    k3 = replace(load("grpo").regularisers[0], beta=between.beta)
    close(far, k3(logp, batch))
    close(near, k3(logp, replace(batch, reference_logp=batch.proximal_logp)))
    close(replace(between, share=0.25)(logp, batch), 0.25 * far + 0.75 * near)


def test_rlep_counts_memories_among_the_group():
    given = ORACLES["rlep"]["inputs"]
    reward = torch.tensor([*given["fresh_rewards"], *given["replay_rewards"]], dtype=DOUBLE)
    group = AdvantageInputs(reward=reward, group=torch.zeros(6).long(), row=torch.arange(6))
    close(load("rlep").advantage(group), expected("rlep/advantages"))
    assert load("rlep").advantage == Standardised()


def test_a_beginning_is_judged_against_the_unhelped():
    given = ORACLES["prefix_rft"]["inputs"]
    reward = torch.tensor([*given["rewards_unprefixed"], given["reward_hybrid"]], dtype=DOUBLE)
    row, external = torch.tensor([0, 1, 2, 3, 3]), torch.tensor([0, 0, 0, 1, 0]).bool()
    group = AdvantageInputs(reward=reward, group=torch.zeros(4).long(), row=row, external=external)
    wanted = [2 / 3, -1 / 3, -1 / 3, expected("prefix_rft/prefix_adv"), 1.0]
    close(load("prefix_rft").advantage(group), wanted)


def test_only_the_surprising_part_of_a_beginning_is_learned():
    entropy = torch.tensor([*ORACLES["prefix_rft"]["inputs"]["prefix_entropy"], 0.0], dtype=DOUBLE)
    zero = torch.zeros(6, dtype=DOUBLE)
    batch = Batch(
        totals=Totals(tokens=6, rollouts=1, groups=1),
        row=torch.zeros(6).long(),
        group=torch.zeros(1).long(),
        advantage=zero,
        behaviour_logp=zero,
        proximal_logp=zero,
        entropy=entropy,
        external=torch.tensor([1, 1, 1, 1, 1, 0]).bool(),
    )
    kept = PolicyAndHighEntropy()(batch).tolist()
    assert kept == [*expected("prefix_rft/keep_mask"), True]
    assert PolicyAndHighEntropy()(replace(batch, external=None)).all()


@pytest.mark.parametrize(
    ("hints", "schedule", "steps"),
    [
        (load("uft").companions[0], expected("uft/p_at"), 1),
        (load("prefix_rft").companions[0], expected("prefix_rft/low_at"), 500),
    ],
)
def test_hints_fade(hints, schedule, steps):
    assert [hints.share(round(at * steps)) for at, _ in schedule] == pytest.approx(
        [share for _, share in schedule]
    )


def test_how_much_a_hint_shows():
    binomial, uniform = Hints(), load("prefix_rft").companions[0]
    shown = [binomial.drawn(150, Random(i)) for i in range(2000)]
    assert set(shown) == {k / 5 for k in range(6)}
    assert sum(shown) / 2000 == pytest.approx(0.5, abs=0.02)
    assert {binomial.drawn(301, Random(i)) for i in range(20)} == {0.0}
    assert all(0.5 <= uniform.drawn(250, Random(i)) <= 0.95 for i in range(100))
    assert uniform.share(9999) == 0.05
    with pytest.raises(UsageError, match="Hints.low, high"):
        Hints(low=0.9, high=0.1)


def test_when_others_are_asked():
    groups = ORACLES["hpt"]["inputs"]["group_rewards"]
    for solved, name in ((0, "use_sft_gate0"), (2, "use_sft_gate2")):
        assert [DemonstrationFallback(solved=solved).falls(sum(g)) for g in groups] == expected(
            "hpt"
        )[name]
    buffer = SFTBuffer(size=ORACLES["relift"]["inputs"]["buffer_size_needed"])
    held = [
        i
        for i, g in enumerate(ORACLES["relift"]["inputs"]["group_rewards"])
        if buffer.keeps(sum(g))
    ]
    assert held == expected("relift/buffered_prompts")
    assert buffer.full(len(held)) is expected("relift/run_sft_step")
    assert not buffer.full(1)


def test_a_second_round():
    given = ORACLES["eframe"]["inputs"]
    again = ExtraRound()
    assert [again.asks(sum(g)) for g in given["stage1"]] == expected("eframe/needs_extra")
    right = [r > 0 for r in given["extra_rollouts_for_all_fail"]]
    assert list(again.kept(right)) == expected("eframe/stored_positive_indices")


def test_the_shortest_beginning_is_found_by_bisection():
    leads = ORACLES["bread"]["inputs"]["success_by_prefix_fraction"]
    branches, failing, leading, tried = Branches(), 0, 4, []
    while (cut := branches.between(failing, leading)) is not None:
        tried.append(cut)
        failing, leading = (failing, cut) if leads[f"{cut / 4:g}"] else (cut, leading)
    assert leading / 4 == expected("bread/shortest_successful_prefix_by_bisection_over_quarters")
    assert tried == [2, 1]


def test_how_much_imitation_counts():
    given = ORACLES["red_weight"]["inputs"]
    recall = ImitationWeight(most=given["G"])
    weight = recall.weight(given["dH_sft"], given["dH_rl"], given["batch_accuracy"])
    assert weight == pytest.approx(expected("red_weight/weight"))
    assert recall.weight(0.3, 0.1, 0.5) == pytest.approx(expected("red_weight/w_entropy"))
    assert recall.weight(0.0, 0.1, 0.25) == pytest.approx(expected("red_weight/w_accuracy"))
    assert recall.weight(0.3, 0.0, 0.5) == 5


def test_each_path_is_learned_once():
    replies = ["2 + 3 = 5, so 5", "That is 2+3=5; 5", "3+2 = 5. So 5", "It is five", "It is five"]
    assert Distinct().kept(replies) == (0, 2, 3)


def test_an_answer_given_away():
    hinted = AnswerHints().prompt("2 + 3 = ?", "5")
    assert hinted.startswith("2 + 3 = ?")
    assert "5" in hinted.removeprefix("2 + 3 = ?")
    with pytest.raises(UsageError, match="needs the word"):
        AnswerHints(hint="(think)")
