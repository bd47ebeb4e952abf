"""Lengths of replies that change during a run, and budgets that the prompt tells."""

import asyncio
import json
from dataclasses import replace

import pytest
from recorded import recorded

from whet.protocols import Corpus, Now, SamplingSetup
from whet.rewards.shaping.l1_exact import L1Exact
from whet.rewards.shaping.staged_overlong import StagedOverlong
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.length_by_truncation import LengthByTruncation
from whet.sampling.schedules.staged_length import StagedLength
from whet.sampling.schedules.stages import AtSteps
from whet.sampling.schedules.think_budget import ThinkBudget
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import (
    Decoding,
    Finish,
    Group,
    Play,
    Reason,
    Request,
    RunSpec,
    Task,
    Ticket,
    UsageError,
    Verdict,
    dialogue,
)

TASK = Task(id="t", prompt="2+2?")
RIGHT, WRONG = Verdict.binary(correct=True), Verdict.binary(correct=False)


class Numbered(Corpus):
    """Task i of a split."""

    def task(self, split, index):
        return Task(id=f"{split}/{index}", prompt=f"{index}?")

    def held_out(self, split, count):
        return [self.task(split, i) for i in range(count)]


SETUP = SamplingSetup(corpus=Numbered(), seed=0, steps=12)


def at(step, steps=12):
    return Now(step=step, steps=steps, version=step, metrics={})


def request(limit=100, task=TASK, seeds=(1, 2), **fields):
    how = Decoding(max_new_tokens=limit)
    plays = tuple(Play(seed=seed, decoding=how) for seed in seeds)
    return Request(task=task, plays=plays, **fields)


def limits(asked):
    return [play.decoding.max_new_tokens for play in asked.plays]


def spec(most):
    return RunSpec(samples=4, max_new_tokens=most, steps=12, minibatches=1)


def test_each_stage_has_its_limit_and_none_exceeds_that_of_the_run():
    live = StagedLength(lengths=(8, 16, 24)).open(SETUP)
    assert [limits(live.apply(request(), at(step))) for step in (0, 3, 4, 8, 11)] == [
        [8, 8],
        [8, 8],
        [16, 16],
        [24, 24],
        [24, 24],
    ]
    assert limits(live.apply(request(limit=20), at(11))) == [20, 20]
    late = StagedLength(lengths=(8, 24), starts=AtSteps(steps=(11,))).open(SETUP)
    assert [limits(late.apply(request(), at(step)))[0] for step in (10, 11)] == [8, 24]


@pytest.mark.parametrize("part", [StagedLength(), LengthByTruncation()])
def test_a_stage_beyond_the_limit_of_the_run_is_refused(part):
    said = part.run_error(spec(16384))
    assert "lengths has 24576" in said
    assert "--sampling.decoding.max_new_tokens 24576" in said
    assert part.run_error(spec(24576)) == ""


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: StagedLength(lengths=()), ".staged_length.lengths is"),
        (lambda: StagedLength(lengths=(8, 0)), ".staged_length.lengths is"),
        (lambda: StagedLength(starts=AtSteps(steps=(1,))), ".staged_length.starts has 1"),
        (lambda: LengthByTruncation(lengths=(8, 8)), ".length_by_truncation.lengths is"),
        (lambda: LengthByTruncation(share=1.0), ".length_by_truncation.share is"),
        (lambda: LengthByTruncation(truncated=-0.1), ".length_by_truncation.truncated is"),
        (lambda: LengthByTruncation(patience=0), ".length_by_truncation.patience is"),
        (lambda: ThinkBudget(shortest=9, longest=8), ".think_budget.longest is"),
        (lambda: ThinkBudget(text="Think."), ".think_budget.text is"),
        (lambda: StagedOverlong(cushion=0), ".staged_overlong.cushion is"),
    ],
)
def test_a_wrong_setting_is_named(make, told):
    with pytest.raises(UsageError) as refused:
        make()
    assert str(refused.value).startswith(f"sampling.schedules{told}") and "\n" not in str(
        refused.value
    )


def reply(length, verdict, finish=Finish.STOP, limit=8):
    return recorded(
        task=TASK,
        tokens=[0] * length,
        chosen=[True] * length,
        behaviour_logp=[-1.0] * length,
        verdict=verdict,
        finish=finish,
        decoding=Decoding(max_new_tokens=limit),
    )


CUT = reply(8, WRONG, Finish.LENGTH)
CROWDED = [reply(7, RIGHT), reply(7, RIGHT), CUT]  # a third is cut; mean length 7.3 of 8
ROOMY = [reply(3, RIGHT), reply(3, RIGHT), CUT]  # a third is cut; mean length 4.7 < 4.8
FINISHED = [reply(8, RIGHT), reply(8, RIGHT)]
UNSOLVED = [CUT, CUT]


def played(live, step, *groups):
    """One step with these groups; the limit that it was played with."""
    for place, rollouts in enumerate(groups):
        ticket = Ticket(number=step * 9 + place, request=live.apply(request(), at(step)))
        live.observe(ticket, [Group.of(rollouts)])
    used = limits(live.apply(request(), at(step)))[0]
    live.step_ended(at(step))
    return used


def crowding(**fields):
    return LengthByTruncation(lengths=(8, 16), patience=3, **fields)


def test_the_length_grows_after_enough_crowded_steps_in_a_row():
    live = crowding().open(SETUP)
    steps = [CROWDED, CROWDED, FINISHED, CROWDED, CROWDED, CROWDED]
    assert [played(live, step, group) for step, group in enumerate(steps)] == [8] * 6
    assert [played(live, step, CROWDED) for step in range(6, 12)] == [16] * 6  # the last stage


@pytest.mark.parametrize(
    ("groups", "advances"),
    [
        ([CROWDED], True),
        ([ROOMY], False),  # replies are short: the cut one rambled
        ([FINISHED], False),
        ([UNSOLVED], False),  # nothing says that these replies might have been right
        ([UNSOLVED, FINISHED], False),
        ([CROWDED, FINISHED, FINISHED], False),  # 1 of 7 is cut
    ],
)
def test_only_crowded_steps_count(groups, advances):
    live = crowding().open(SETUP)
    assert [played(live, step, *groups) for step in range(3)] == [8] * 3
    assert played(live, 3, *groups) == (16 if advances else 8)


def test_a_step_without_a_correct_rollout_counts_neither_way():
    live = crowding().open(SETUP)
    for step, groups in enumerate([CROWDED, CROWDED, UNSOLVED, CROWDED]):
        played(live, step, groups)
    assert played(live, 4, FINISHED) == 16


def test_replies_of_the_limit_before_are_not_counted():
    """Tickets in flight land after the limit has grown."""
    live = crowding().open(SETUP)
    early = Ticket(number=0, request=live.apply(request(), at(0)))
    for step in range(3):
        played(live, step, CROWDED)
    live.observe(early, [Group.of(CROWDED)])
    assert live.step_ended(at(3))["cut_when_solvable"].count == 0


def test_the_share_of_cut_replies_is_logged():
    live = crowding().open(SETUP)
    live.observe(Ticket(number=0, request=live.apply(request(), at(0))), [Group.of(CROWDED)])
    found = live.step_ended(at(0))["cut_when_solvable"]
    assert (found.total, found.count) == (1, 3)


def test_the_length_goes_on_where_it_stood():
    live = crowding().open(SETUP)
    for step in range(6):
        fresh = crowding().open(SETUP)
        fresh.load_state_dict(json.loads(json.dumps(live.state_dict())))
        assert played(live, step, CROWDED) == played(fresh, step, CROWDED)
        assert live.state_dict() == fresh.state_dict()


def test_a_group_has_one_budget_in_its_prompt_and_its_info():
    live = ThinkBudget(shortest=10, longest=90).open(SETUP)
    told = [live.apply(request(seeds=(seed, seed + 1)), at(0)).task for seed in range(0, 400, 2)]
    budgets = [task.info["length"] for task in told]
    assert [task.prompt for task in told] == [f"2+2? Think for {n} tokens." for n in budgets]
    assert (min(budgets), max(budgets)) == pytest.approx((10, 90), abs=3)
    assert sum(budgets) / len(budgets) == pytest.approx(50, abs=5)  # 23 / √200 is 1.7
    logged = live.step_ended(at(0))["think_budget"]
    assert (logged.total, logged.count) == (sum(budgets), 200)


def test_a_budget_depends_on_the_place_of_its_task_only():
    asked = request(seeds=(77, 78))
    one, other = (ThinkBudget().open(SETUP).apply(asked, at(step)) for step in (0, 5))
    assert one == other


def test_a_budget_is_within_the_reply_and_of_the_hinted_prompt():
    live = ThinkBudget(shortest=10, longest=4000).open(SETUP)
    hinted = request(limit=12, seeds=(3,))
    plays = (replace(hinted.plays[0], prompt="Hint. 2+2?"),)
    asked = live.apply(replace(hinted, plays=plays), at(0))
    budget = asked.task.info["length"]
    assert 10 <= budget <= 12
    assert asked.plays[0].prompt == f"Hint. 2+2? Think for {budget} tokens."
    assert live.apply(request(limit=5, seeds=(3,)), at(0)).task.info["length"] == 5


def test_a_budget_stands_behind_the_last_question_of_a_chat():
    chat = ({"role": "system", "content": "Be brief."}, *dialogue("2+2?", "4", "3+3?"))
    task = replace(TASK, prompt=chat)
    asked = ThinkBudget(text=" ({tokens})").open(SETUP).apply(request(task=task), at(0)).task
    assert asked.prompt == (
        *chat[:3],
        {"role": "user", "content": f"3+3? ({asked.info['length']})"},
    )


def test_further_plays_and_tasks_with_a_length_keep_what_they_have():
    live = ThinkBudget().open(SETUP)
    first = live.apply(request(limit=5000), at(0))
    ticket = Ticket(number=0, request=first)
    more = request(limit=5000, task=first.task, seeds=(9,), completes=ticket)
    assert live.apply(more, at(0)) == more
    own = request(task=replace(TASK, info={"length": 7}))
    assert live.apply(own, at(0)) == own


def test_the_l1_reward_reads_the_budget():
    task = ThinkBudget(shortest=6, longest=6).open(SETUP).apply(request(), at(0)).task
    group = Group.of([replace(reply(4, RIGHT), task=task)])
    [verdict] = scored(L1Exact(target=1000, alpha=0.1), group)
    assert verdict.score == pytest.approx(1 - 0.1 * 2)


def test_budgets_beyond_the_longest_reply_are_told():
    assert (
        ThinkBudget()
        .run_error(spec(50))
        .startswith("sampling.schedules.think_budget.shortest is 100")
    )
    assert (
        ThinkBudget()
        .run_warning(spec(500))
        .startswith("sampling.schedules.think_budget.longest is 4000")
    )
    assert ThinkBudget().run_error(spec(4000)) == ThinkBudget().run_warning(spec(4000)) == ""


class Known:
    """A context in which each rollout already has the verdict of the inner reward."""

    async def judge(self, reward, group):
        return [rollout.verdict for rollout in group]


def scored(reward, group):
    return asyncio.run(reward.score_group(group, Known()))


def test_a_cut_reply_is_left_out_in_a_short_stage_and_penalised_in_the_long_one():
    reward = StagedOverlong(longest=20, cushion=10)
    early = [reply(8, RIGHT), CUT, reply(8, Verdict.unjudged("away"), Finish.LENGTH)]
    kept, out, fault = scored(reward, Group.of(early))
    assert kept.score == 1.0
    assert out.reason is Reason.NOT_APPLICABLE and not out.fault
    assert fault.fault  # a fault stays one
    late = [
        reply(20, WRONG, Finish.LENGTH, limit=20),
        reply(15, RIGHT, limit=20),
        reply(9, RIGHT, limit=20),
    ]
    assert [v.score for v in scored(reward, Group.of(late))] == pytest.approx([-1.0, 0.5, 1.0])


def test_overlong_by_stage_needs_a_last_stage_of_its_length():
    assert (
        StagedOverlong(longest=20).run_error(spec(19)).startswith("staged_overlong.longest is 20")
    )
    assert StagedOverlong(longest=20).run_error(spec(20)) == ""


def test_schedules_act_one_after_the_other():
    own = Standard(
        prompts=Uniform(per_step=2),
        size=Fixed(rollouts=2),
        decoding=Decoding(max_new_tokens=40),
        schedules=(StagedLength(lengths=(20, 40)), ThinkBudget(shortest=15, longest=40)),
    )
    live = own.open(SETUP)
    asked = live.next(2, at(0))
    assert [limits(r) for r in asked] == [[20, 20]] * 2
    assert all(15 <= r.task.info["length"] <= 20 for r in asked)
    assert live.step_ended(at(0)).keys() == {"temperature", "length_limit", "think_budget"}
