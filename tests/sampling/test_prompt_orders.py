"""Orders of prompts that follow success rates: what they draw, and how they go on."""

import json
from collections import Counter

import pytest
from bernoulli_pool import EndlessPool, FinitePool, now, played, rng, setup, visit
from small import small

from whet.data.pool import Pool
from whet.policy import algorithms
from whet.registry import names
from whet.sampling.dynamic.difficulty_pools import DifficultyPools
from whet.sampling.dynamic.drop_solved import DropSolved
from whet.sampling.dynamic.failure_proportional import FailureProportional
from whet.sampling.dynamic.greso import Greso
from whet.sampling.dynamic.learnability import Learnability
from whet.sampling.dynamic.prompt_replay import PromptReplay
from whet.sampling.dynamic.rate_band import RateBand
from whet.sampling.standard import Standard
from whet.training import glossary
from whet.training.idle_settings import idle_settings
from whet.types import RunSpec, Task, UsageError

WEIGHTED = (Learnability, RateBand, FailureProportional, DifficultyPools)
ORDERS = (*WEIGHTED, Greso, DropSolved, PromptReplay)


def task(number):
    return Task(id=str(number), prompt="")


def opened(part, tasks=4, seed=0):
    return part.open(setup(FinitePool(tasks), seed=seed))


def rated(part, **settings):
    """Four tasks: p̂ = 9/10, 5/10 and 1/10 after 8 rollouts, and an unseen one of 1/2."""
    source = opened(part(**settings))
    for number, right in enumerate((8, 4, 0)):
        visit(source, task(number), right, 8 - right)
    return source


def chances(part, **settings):
    found = rated(part, **settings).chances()
    assert sum(found.values()) == pytest.approx(1)
    return [found[str(number)] for number in range(4)]


@pytest.mark.parametrize(
    ("part", "settings", "expected"),
    [
        (Learnability, {"explore": 0}, [9 / 68, 25 / 68, 9 / 68, 25 / 68]),
        (Learnability, {}, [0.9 * 9 / 68 + 0.025, 0.9 * 25 / 68 + 0.025] * 2),
        (
            Learnability,
            {"explore": 0, "temperature": 0.5},
            [81 / 1412, 625 / 1412, 81 / 1412, 625 / 1412],
        ),
        (Learnability, {"explore": 1}, [1 / 4] * 4),
        (RateBand, {}, [0.025, 0.475, 0.025, 0.475]),
        (RateBand, {"low": 0.1, "high": 0.5, "explore": 0}, [0, 1 / 3, 1 / 3, 1 / 3]),
        (RateBand, {"low": 0.95, "high": 1.0}, [1 / 4] * 4),  # no task is within
        (FailureProportional, {"explore": 0}, [1 / 20, 5 / 20, 9 / 20, 5 / 20]),
        (DifficultyPools, {}, [0.2 / 2.4, 1 / 2.4, 0.2 / 2.4, 1 / 2.4]),
        (DifficultyPools, {"hard": 0, "unseen": 3}, [0.2 / 4.2, 1 / 4.2, 0, 3 / 4.2]),
    ],
)
def test_chances_are_those_of_the_equation(part, settings, expected):
    assert chances(part, **settings) == pytest.approx(expected)


def test_pools_go_by_the_latest_group_alone():
    source = opened(DifficultyPools())
    pools = []
    for right in (2, 3, 6, 7, 8, 0, 4):
        visit(source, task(0), right, 8 - right)
        pools.append(source.settings.weight(source.rates["0"]))
    assert pools == [0.2, 1, 1, 0.2, 0.2, 0.2, 1]


def test_draws_are_in_proportion_and_one_after_the_other():
    """P(i, then j) = P_i · P_j / (1 − P_i), by 2000 draws of two tasks."""
    source, steps = rated(Learnability), 2000
    p = source.chances()
    pairs = Counter(tuple(t.id for t in source.next(2, now(step))) for step in range(steps))
    assert not any(one == other for one, other in pairs)
    for one in p:
        for other in p.keys() - {one}:
            expected = p[one] * p[other] / (1 - p[one])
            assert pairs[one, other] / steps == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("part", ORDERS)
def test_a_step_meets_no_task_twice_while_others_are_left(part):
    source = opened(part(per_step=4), tasks=10)
    for step in range(3):
        found = [t.id for count in (4, 3, 3) for t in source.next(count, now(step))]
        assert sorted(found) == sorted(str(n) for n in range(10))
        assert len(source.next(5, now(step))) == 5  # then they come again


@pytest.mark.parametrize("part", WEIGHTED)
@pytest.mark.parametrize("corpus", [EndlessPool(), FinitePool(0)])
def test_weights_need_a_finite_set_of_tasks(part, corpus):
    with pytest.raises(UsageError, match="sampling.prompts"):
        part().open(setup(corpus))


def test_equal_ids_are_one_task():
    class Doubled(FinitePool):
        def size(self, split):
            return 2 * self.tasks

    source = Learnability().open(setup(Doubled(3)))
    assert source.chances() == pytest.approx({"0": 1 / 3, "1": 1 / 3, "2": 1 / 3})


def test_faults_leave_the_estimate_as_it_is():
    source = rated(Learnability)
    before = source.chances()
    visit(source, task(0), 0, 0, faults=8)
    assert source.chances() == before


def test_the_histogram_is_of_visited_tasks():
    told = rated(Learnability).step_ended(now(0))
    assert [told[f"success_rate_{i}"].total for i in range(10)] == [0, 1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert {mean.count for mean in told.values()} == {3}


# -- removal


def staged(every=2, tasks=6, **settings):
    return opened(DropSolved(per_step=2, every=every, **settings), tasks=tasks)


def drawn(source, step, count=2):
    return {t.id for t in source.next(count, now(step))}


def test_solved_tasks_are_removed_after_the_stage():
    source = staged()
    visit(source, task(0), 8, 0)  # 1
    visit(source, task(1), 9, 1)  # 0.9 is not above 0.9
    visit(source, task(2), 0, 8)  # few failures prove nothing
    visit(source, task(3), 0, 0, faults=8)
    assert source.step_ended(now(0))["removed"].value == 0
    assert source.step_ended(now(1))["removed"].value == 1
    later = [drawn(source, step) for step in range(2, 12)]
    assert set.union(*later) == {"1", "2", "3", "4", "5"}
    assert "0" not in {t.id for t in source.peek(12)}


def test_the_accuracy_is_of_the_stage():
    source = staged()
    visit(source, task(0), 0, 8)
    visit(source, task(1), 8, 0)
    visit(source, task(1), 7, 1)  # 15/16
    source.step_ended(now(1))
    assert source.removed == {"1"}
    visit(source, task(0), 8, 0)
    source.step_ended(now(3))
    assert source.removed == {"0", "1"}


def test_a_steps_worth_of_tasks_is_left_the_hardest_ones():
    source = staged()
    for number, right in enumerate((100, 99, 98, 97, 96, 95)):
        visit(source, task(number), right, 100 - right)
    source.step_ended(now(1))
    assert source.removed == {"0", "1", "2", "3"}
    for step in range(2, 5):
        assert drawn(source, step) == {"4", "5"}


@pytest.mark.parametrize(
    ("part", "field"),
    [(DropSolved(every=10), "sampling.prompts.every"), (PromptReplay(), "prompts.cooldown")],
)
def test_a_run_that_ends_too_early_is_told_so(part, field):
    spec = RunSpec(samples=8, max_new_tokens=8, steps=10, minibatches=1)
    assert field in part.run_warning(spec)
    assert part.run_warning(RunSpec(samples=8, max_new_tokens=8, steps=11, minibatches=1)) == ""


# -- replay


def replaying(tasks=None, **settings):
    corpus = EndlessPool() if tasks is None else FinitePool(tasks)
    return PromptReplay(**{"per_step": 4, "cooldown": 2} | settings).open(setup(corpus))


def step_of(source, step, rights, count=4):
    """One step with so many right of 8 for each task in turn; the tasks of it."""
    tasks = source.next(count, now(step))
    for one, right in zip(tasks, rights, strict=True):
        visit(source, one, right, 8 - right)
    return [t.id for t in tasks], source.step_ended(now(step))


def test_prompts_of_a_middle_rate_come_again_the_nearest_to_a_half_first():
    source = replaying()
    first, _ = step_of(source, 0, (2, 4, 6, 7))  # 7/8 is outside
    assert set(source.held) == set(first[:3])
    second, told = step_of(source, 1, (0, 0, 0, 8))
    assert not set(first) & set(second) and told["replayed"].total == 0  # they rest
    third, told = step_of(source, 2, (4, 4, 4, 0))
    assert third[0] == first[1] and set(third[1:3]) == {first[0], first[2]}
    assert third[3] not in {*first, *second}
    assert (told["replayed"].value, told["held"].value) == (0.75, 3)


def test_at_most_a_share_of_the_draw_is_replayed():
    source = replaying(share=0.5)
    step_of(source, 0, (4, 4, 4, 4))
    _, told = step_of(source, 2, (4, 4, 4, 4))
    assert (told["replayed"].total, told["replayed"].count) == (2, 4)
    _, told = step_of(source, 3, (4,), count=1)  # a refill of one has no whole share
    assert told["replayed"].total == 0


def test_a_visit_outside_the_band_takes_a_prompt_out():
    source = replaying()
    first, _ = step_of(source, 0, (4, 4, 4, 4))
    again, _ = step_of(source, 2, (8, 0, 4, 8))
    assert set(source.held) == {again[2], *set(first) - set(again)}


def test_a_visit_of_faults_leaves_a_prompt_in_and_it_rests_again():
    source = replaying()
    step_of(source, 0, (4, 8, 8, 8))
    [again, *_] = source.next(4, now(2))
    visit(source, again, 0, 0, faults=8)
    source.step_ended(now(2))
    assert source.held[again.id].rate == 0.5
    assert again.id not in [t.id for t in source.next(4, now(3))]
    source.step_ended(now(3))
    assert again.id in [t.id for t in source.next(4, now(4))]


def test_a_prompt_is_used_up_after_so_many_replays():
    source = replaying(uses=2)
    first, _ = step_of(source, 0, (4, 0, 0, 0))
    seen = [0]
    for step in range(2, 12):
        tasks = source.next(4, now(step))
        for one in tasks:
            right = 4 if one.id == first[0] else 0
            visit(source, one, right, 8 - right)
        source.step_ended(now(step))
        seen += [step] if first[0] in {t.id for t in tasks} else []
    assert seen == [0, 2, 4]
    assert source.held == {}


# -- all of them


def paths(part, tasks):
    draw = rng("rates")
    rates = [draw.random() for _ in range(tasks)]
    source = opened(part(per_step=5), tasks=tasks)
    return source, lambda step, source: played(
        source, step, 5, lambda t: rates[int(t.id)], rollouts=4, rng=rng("play", step)
    )


@pytest.mark.parametrize("part", ORDERS)
def test_a_resumed_run_goes_on_alike(part):
    if part is DropSolved:
        part = lambda per_step: DropSolved(per_step=per_step, every=3, above=0.5)  # noqa: E731
    if part is PromptReplay:
        part = lambda per_step: PromptReplay(per_step=per_step, cooldown=1)  # noqa: E731
    whole, step = paths(part, 20)
    for number in range(7):
        step(number, whole)
    resumed, _ = paths(part, 20)
    resumed.load_state_dict(json.loads(json.dumps(whole.state_dict())))
    for number in range(7, 15):
        assert step(number, whole) == step(number, resumed)
    assert whole.state_dict() == resumed.state_dict()


@pytest.mark.parametrize("part", ORDERS)
def test_seeds_have_orders_of_their_own(part):
    found = [[t.id for t in opened(part(), 40, seed).next(10, now(0))] for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("part", ORDERS)
def test_every_metric_is_in_the_glossary(part):
    source, step = paths(part, 20)
    _, _, told = step(0, source)
    assert told and all(glossary.metric("step", name) in glossary.SAMPLING for name in told)


def test_orders_are_found_by_name():
    known = names("sampling")
    assert {
        *("greso", "learnability", "rate_band", "failure_proportional"),
        *("difficulty_pools", "drop_solved", "prompt_replay"),
    } <= known.keys()
    assert not {"fresh_tasks", "rate_histogram", "weighted_prompts"} & known.keys()


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        *((part, {"per_step": 0}) for part in ORDERS),
        *((part, {"explore": 1.1}) for part in WEIGHTED),
        *((part, {"keep": -0.1}) for part in WEIGHTED),
        (Learnability, {"temperature": 0.0}),
        (Learnability, {"temperature": float("nan")}),
        (RateBand, {"low": -0.1}),
        (RateBand, {"low": 0.5, "high": 0.4}),
        (DifficultyPools, {"hard_to": 2.0}),
        (DifficultyPools, {"normal_to": 0.2}),
        (DifficultyPools, {"easy": -1.0}),
        (DifficultyPools, {"unseen": float("inf")}),
        (Greso, {"target": 1.5}),
        (Greso, {"easy": -0.5}),
        (Greso, {"rate": float("nan")}),
        (Greso, {"start": 0.99}),
        (Greso, {"least": 0.0}),
        (DropSolved, {"above": 1.0}),
        (DropSolved, {"every": 0}),
        (PromptReplay, {"low": 1.5}),
        (PromptReplay, {"high": 0.1}),
        (PromptReplay, {"share": 1.5}),
        (PromptReplay, {"cooldown": 0}),
        (PromptReplay, {"uses": 0}),
    ],
)
def test_impossible_settings_are_refused_by_field(part, fields):
    field = [*fields][-1]
    with pytest.raises(UsageError, match=f"sampling.prompts.{field} is") as told:
        part(**fields)
    assert "\n" not in str(told.value)


def run_of(prompts, corpus=None, algorithm="dapo", steps=6):
    changes = {} if corpus is None else {"corpus": corpus}
    return small(
        sampling=Standard(prompts=prompts),
        objective=algorithms.load(algorithm),
        steps=steps,
        **changes,
    )


def told(run):
    return [said for said in idle_settings(run) if "remembers tasks" in said]


@pytest.mark.parametrize("prompts", [Greso(per_step=4), DropSolved(per_step=4)])
def test_a_memory_is_idle_where_no_task_comes_twice(prompts):
    [said] = told(run_of(prompts))
    assert type(prompts).__name__ in said
    assert len(told(run_of(prompts, FinitePool(24)))) == 1  # 6 steps of 4 are one epoch
    assert told(run_of(prompts, FinitePool(23))) == []


def test_orders_that_draw_tasks_again_leave_no_memory_idle():
    assert len(told(run_of(Greso(per_step=4), algorithm="rlep"))) == 2
    assert told(run_of(PromptReplay(per_step=4), algorithm="rlep")) == []
    assert told(run_of(RateBand(per_step=4), FinitePool(24), algorithm="rlep")) == []
    assert told(run_of(Greso(per_step=4), Pool(corpus=EndlessPool(), tasks=5))) == []
