"""Extensions that know what a state, a prompt or a token is worth: by hand."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch
from policy.extensions.tiny_run import (
    TASKS,
    W0,
    TinyRun,
    after_update,
    batch_of,
    finished,
    group_of,
    opened,
    own,
    rendered,
    rollout_of,
    text_of,
)
from sampling.shaped import END, TOKENIZER, Asking, Hashed, sampled

from whet.policy.extensions.critic import Critic, NotTruncated, OwnHead
from whet.policy.extensions.frozen_policy import FrozenPolicy
from whet.policy.extensions.greedy import Greedy
from whet.policy.extensions.implicit_rewards import ImplicitRewards
from whet.policy.extensions.monte_carlo_values import MonteCarloValues
from whet.policy.extensions.moving_mean import MovingMean
from whet.policy.extensions.tracker import Tracker
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.sampling.structured.chains import Chains
from whet.types import Decoding, Finish, Span, Task, TrainBatch, UsageError, Verdict


def with_logp(*probabilities: float, **fields):
    logp = np.log(np.array(probabilities, np.float32))
    return replace(own("x" * len(logp), **fields), behaviour_logp=logp)


@pytest.mark.parametrize(
    ("probes", "cuts"),
    [
        (
            MonteCarloValues(interval=2, sure=0.9),
            [3],
        ),  # doubtful: 0, 2, 5; the second of them is token 2
        (MonteCarloValues(interval=1, sure=0.9), [1, 3]),  # never after the last token
        (MonteCarloValues(interval=2, sure=1.0), [2, 4]),
        (MonteCarloValues(interval=6, sure=1.0), []),
        (MonteCarloValues(interval=3, sure=1.0), [3]),
    ],
)
def test_cuts_come_after_doubtful_tokens(probes, cuts):
    assert probes.cuts(with_logp(0.5, 0.95, 0.2, 1.0, 0.9999, 0.1)) == cuts


def said(play):
    """The recorded tokens that a play begins with."""
    rollout, tokens = play.begun
    return text_of(rollout.chosen_ids[:tokens])


class Scripted(TinyRun):
    """Continuations earn what they begin with: right where that ends in `a`, faults after `f`."""

    async def play(self, request):
        self.played.append(request)
        ends = [said(play)[-1:] for play in request.plays]
        scores = [float(end == "a") if n else 1.0 for n, end in enumerate(ends)]
        verdicts = [
            Verdict.unjudged("away") if end == "f" else Verdict.binary(correct=s == 1)
            for s, end in zip(scores, ends, strict=True)
        ]
        return group_of(*(own("y", seed=n, verdict=v) for n, v in enumerate(verdicts)))


def added(run, member, *groups):
    async def add():
        rollouts = [r for g in groups for r in g if r.score is not None]
        return await member.add_columns(run.context(0), await run.inputs(groups), rollouts)

    return finished(add())


def test_a_token_has_the_value_of_its_segments_beginning():
    """After "a" both continuations are right, after "b" one of two; after "f" nothing is known."""
    run = Scripted()
    right, wrong = Verdict.binary(correct=True), Verdict.binary(correct=False)
    group = group_of(own("abcbx", verdict=right), own("afbx", seed=1, verdict=wrong))
    live = opened(run, MonteCarloValues(interval=1, count=2, sure=1.0))
    inputs = added(run, live, group)
    start = 0.5
    assert inputs.value.tolist() == [start, 1, 0.5, 0.5, 0.5, start, 1, 1, 0.5]
    assert inputs.segment.tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3]
    assert [len(p.plays) for p in run.played] == [2] * 7
    assert said(run.played[1].plays[0]) == "ab"
    assert len({play.seed for request in run.played for play in request.plays}) == 14


def test_a_prompt_is_worth_what_the_policy_earns_without_help():
    run = Scripted()
    demo = replace(rendered(TASKS[0], "ab"), verdict=Verdict.binary(correct=True))
    hinted = rollout_of(TASKS[0], "ab", spans=[Span(1), Span(1, W0)], seed=4)
    hinted = replace(hinted, verdict=Verdict.binary(correct=True))
    wrong = own("b", verdict=Verdict.binary(correct=False))
    inputs = added(
        run, opened(run, MonteCarloValues(interval=9)), group_of(wrong, hinted).joined([demo])
    )
    assert inputs.value.tolist() == [0] * 5


def test_probes_go_on_in_a_second_reply():
    """After "a" and "b" of the first reply, and after "a" of the second one."""
    two = own("abac", verdict=Verdict.binary(correct=True))
    two = replace(
        two,
        token_ids=np.array([1, *b"ab", 1, *b"ac"], np.int32),
        action_mask=np.array([False, True, True, False, True, True]),
        acts=(),
    )
    run = Scripted()
    inputs = added(run, opened(run, MonteCarloValues(interval=1, count=2, sure=1.0)), group_of(two))
    assert [said(request.plays[0]) for request in run.played] == ["a", "ab", "aba"]
    assert inputs.value.tolist() == [1, 1, 0.5, 1]


class Played(TinyRun):
    """A world of two replies; a continuation is right where its last reply is long."""

    async def play(self, request):
        self.played.append(request)
        player = RolloutPlayer(Hashed(0.2), TextRenderer(TOKENIZER, frozenset({END})), Asking(2))
        [group] = await player.play(request)
        return group.having([replace(r, verdict=judged(r)) for r in group])


def judged(rollout):
    return Verdict.binary(correct=len(rollout.reply) > 4)


def test_continuations_have_the_columns_of_what_they_begin_with():
    rollouts = sampled(Chains(), range(3), ending=0.2, world=Asking(2))[0]
    run = Played()
    group = group_of(*(replace(r, verdict=judged(r)) for r in rollouts))
    settings = MonteCarloValues(interval=3, count=4, sure=1.0)
    inputs = added(run, opened(run, settings), group)
    values = iter(inputs.value.split([r.length for r in rollouts]))
    requests = iter([*run.played])
    for rollout in rollouts:
        own, cuts = next(values).tolist(), settings.cuts(rollout)
        assert cuts and cuts[-1] > rollout.spoken[0].stop  # in both replies
        for cut in cuts:
            played = finished(run.play(next(requests)))
            assert own[cut] == np.mean([r.score for r in played])
            for one in played:
                assert len(one.acts) == 2 and (one.parent, one.forked_at) == (rollout.id, cut)
                assert np.array_equal(one.behaviour_logp[:cut], rollout.behaviour_logp[:cut])
                assert np.array_equal(one.chosen_ids[:cut], rollout.chosen_ids[:cut])
    assert len(set(inputs.value.tolist())) > 2


def test_probes_have_the_decoding_of_their_rollout():
    hot = replace(own("ab", verdict=Verdict.binary(correct=True)), decoding=Decoding(temperature=2))
    demo = replace(rendered(TASKS[0], "ab"), verdict=Verdict.binary(correct=True))
    run = Scripted()
    live = opened(run, MonteCarloValues(interval=1, count=1, sure=1.0))
    added(run, live, group_of(hot).joined([demo]))
    plays = [play for request in run.played for play in request.plays]
    assert [play.decoding.temperature for play in plays] == [2.0, 1.0]  # 1.0 is the run's
    assert all(play.begun and play.begun[0].decoding == play.decoding for play in plays)


def test_other_seats_have_no_probes():
    seated = replace(own("ab", verdict=Verdict.binary(correct=True)), seat="x")
    run = Scripted()
    with pytest.raises(UsageError, match="MonteCarloValues .*'x'"):
        added(run, opened(run, MonteCarloValues(interval=1, sure=1.0)), group_of(seated))


def test_greedys_baseline_is_the_tasks_and_the_mean_where_the_judge_fails():
    class Judged(TinyRun):
        async def play(self, request):
            self.played.append(request)
            away = request.task.id == "t1"
            verdict = Verdict.unjudged("away") if away else Verdict.binary(correct=True)
            return group_of(own("x", request.task, verdict=verdict))

    run = Judged()
    no, yes = Verdict.binary(correct=False), Verdict.binary(correct=True)
    first = group_of(own("a", verdict=no), own("b", verdict=no))
    second = group_of(own("a", TASKS[1], verdict=no), own("b", TASKS[1], verdict=yes), ticket=1)
    old = group_of(own("c", verdict=yes), ticket=-7)
    inputs = added(run, opened(run, Greedy()), first, second, old)
    assert inputs.baseline.tolist() == [1, 1, 0.5, 0.5, 1]
    assert [r.task.id for r in run.played] == ["t0", "t1"]  # each task once
    assert {play.decoding.temperature for r in run.played for play in r.plays} == {0}


def test_counts_fade_with_drift_and_rewards_are_added():
    """N₀ = 8, so a new prompt has (4, 4).  The learner moves by 0.01 nats a step."""
    run = TinyRun()
    settings = Tracker(half=0.01, least=0.875, most=0.96)
    live = opened(run, settings)
    task = Task(id="n", prompt="?", answer="1")
    first = group_of(own("x;1", task), own("x;0", task, seed=1))
    before = added(run, live, first).baseline.tolist()
    after_update(run, live, 0, first)
    once = 0.96 * 4 + 1, 0.96 * 4  # the first rollout of a visit: no drift is known, ρ = most
    twice = 0.96 * once[0], 0.96 * once[1] + 1
    assert before == [0.5, 0.5] and live.counts["n"] == pytest.approx(twice)
    known = live.last["n"]
    away = finished(run.learner.logp([known])) - torch.tensor(known.behaviour_logp)
    drift = away.abs().mean().item()
    rho = min(max(2 ** (-drift / 0.01), 0.875), 0.96)
    after_update(run, live, 1, group_of(own("y;1", task, seed=5)))
    assert live.counts["n"] == pytest.approx((rho * twice[0] + 1, rho * twice[1]))
    assert rho == 0.875  # two nats of drift: the memory is as short as it may be
    known = live.counts["n"]
    after_update(run, live, 2, group_of(own("x;1", task), own("z;1", task, seed=1)))
    once = 0.875 * known[0] + 1, 0.875 * known[1]
    assert live.counts["n"] == pytest.approx((0.96 * once[0] + 1, 0.96 * once[1]))


def test_a_batch_is_judged_by_the_mean_that_it_has_not_moved_yet():
    run = TinyRun()
    live = opened(run, MovingMean(keep=0.5, first=1.0))
    group = group_of(own("x;0"), own("x;1", seed=1))
    assert added(run, live, group).baseline.tolist() == [1, 1]
    assert after_update(run, live, 0, group)["baseline"].value == 1.0
    assert live.baseline == 0.75
    assert added(run, live, group).baseline.tolist() == [0.75, 0.75]


def test_the_classifier_learns_labels_and_not_advantages():
    """φ's batch has Â = ±1, whatever the policy's advantages (here 1/8) are."""
    run = TinyRun()
    live = opened(run, ImplicitRewards(beta=0.5))
    group = group_of(own("x;0"), own("x;1", seed=1))
    inputs = added(run, live, group)
    wanted = 0.5 * (finished(live.model.logp(group.rollouts)) - inputs.reference_logp)
    assert torch.equal(inputs.dense, wanted)
    after_update(run, live, 0, group)
    [(objective, batch, lr)] = live.model.steps
    assert batch.tokens.advantage.tolist() == [1] * 3 + [-1] * 3
    assert lr == 1e-6
    learner_logp = torch.zeros(6)
    sums = [0.5 * -batch.tokens.reference_logp[a : a + 3].sum().item() for a in (0, 3)]
    loss = (log(1 + np.exp(-sums[0])) + log(1 + np.exp(sums[1]))) / 2
    assert objective.loss(learner_logp, batch.tokens).item() == pytest.approx(loss)


def test_the_critic_takes_its_steps_on_parts_that_add_up():
    """One step on all rollouts moves the weight as the mean over all tokens says."""
    found = []
    for minibatches in (1, 2):
        run = TinyRun(minibatches=minibatches)
        live = opened(run, Critic(clip=9.0))
        group = group_of(own("x;0"), own("xyz;1", seed=1), own("1;1", seed=2))
        values = added(run, live, group).value
        assert values.tolist() == [0.25] * 11
        after_update(run, live, 0, group)
        assert [count for count, _ in live.model.calls] == [[3], [2, 1]][minibatches - 1]
        found.append(live.model.weight.item())
    before = np.concatenate([r.token_ids[np.flatnonzero(r.action_mask) - 1] % 5 for r in group])
    earned = np.repeat([r.score for r in group], [r.length for r in group])
    ends = np.cumsum([r.length for r in group])
    targets = gae(earned, ends)
    slope = ((0.25 - targets) * before).mean()
    assert found[0] == pytest.approx(-100 * 1e-5 * slope, rel=1e-5)
    parts = [slice(0, int(ends[1])), slice(int(ends[1]), int(ends[2]))]
    weight = 0.0
    for part in parts:
        said = 0.25 + weight * before[part]
        weight -= 100 * 1e-5 * ((said - targets[part]) * before[part]).mean()
    assert found[1] == pytest.approx(weight, rel=1e-5)


def gae(earned, ends, value=0.25, gae_lambda=0.95):
    """G = Â_λ + V of a critic that says the same everywhere, token by token from the right."""
    targets, begin = [], 0
    for end in ends:
        advantage, mine = 0.0, []
        for place in range(end - 1, begin - 1, -1):
            last = place == end - 1
            delta = (earned[place] if last else value) - value
            advantage = delta + (0 if last else gae_lambda * advantage)
            mine.append(advantage + value)
        targets += mine[::-1]
        begin = end
    return np.array(targets)


def test_a_critic_of_the_finished_does_not_learn_from_what_was_cut_off():
    run = TinyRun(minibatches=1)
    live = opened(run, Critic(fit_on=NotTruncated()))

    async def learned():
        group = group_of(own("x;0", finish=Finish.LENGTH), own("x;1", seed=1, finish=Finish.LENGTH))
        inputs = await run.inputs([group])
        inputs = replace(inputs, truncated=torch.ones(2, dtype=torch.bool))
        inputs = await live.add_columns(run.context(0), inputs, group.rollouts)
        batch = TrainBatch(group.rollouts, batch_of(inputs, group.rollouts))
        return await live.after_update(run.context(0), batch, inputs)

    finished(learned())
    assert live.model.weight.item() == 0


def test_while_the_critic_learns_alone_the_policy_rests():
    run = TinyRun()
    live = opened(run, Critic(model=OwnHead(), pretrain_steps=2))
    policy = run.context(0).objective
    resting, later = (finished(live.adapt_objective(run.context(n), policy, [])) for n in (1, 2))
    assert isinstance(resting, FrozenPolicy) and later is policy
    group = group_of(own("x;0"))
    tokens = batch_of(finished(run.inputs([group])), group.rollouts)
    assert not resting.has_gradient(tokens).any()
    assert resting.loss(torch.ones(3), tokens).item() == 0
