"""GRESO on pools of known success rates."""

import pytest
from bernoulli_pool import EndlessPool, FinitePool, now, played, rng, setup, visit
from recorded import recorded

from whet.policy.inspection import errors
from whet.sampling.dynamic.greso import Greso
from whet.types import Group, Reason, RunSpec, Task, Verdict


def opened(tasks=4, seed=0, **settings):
    return Greso(**{"per_step": 2} | settings).open(setup(FinitePool(tasks), seed=seed))


def test_each_visit_without_spread_halves_the_chance():
    greso = Greso()
    assert [greso.skip(z, 0.5) for z in (0, 1, 2, 3)] == [0, 0.5, 0.75, 0.875]
    assert greso.skip(-3, 0.5) == 0.875
    assert greso.skip(10, 0.5) == 1 - 0.02  # stale tasks are tried again
    assert Greso(least=0.2).skip(3, 0.5) == 0.8


def test_a_streak_is_of_visits_of_one_type_in_a_row():
    source, task = opened(), Task(id="0", prompt="")
    streaks = []
    for right, wrong in ((8, 0), (2, 0), (0, 8), (0, 8), (1, 7), (8, 0)):
        visit(source, task, right, wrong)
        streaks.append(source.streaks.get("0", 0))
    assert streaks == [1, 2, -1, -2, 0, 1]


def test_a_visit_of_unknown_results_says_nothing():
    source, task = opened(), Task(id="0", prompt="")
    visit(source, task, 8, 0)
    for right, wrong, faults in ((0, 0, 8), (0, 1, 7), (1, 0, 7)):
        visit(source, task, right, wrong, faults)
    assert source.streaks == {"0": 1}
    visit(source, task, 2, 0, 6)  # two known results are equal
    assert source.streaks == {"0": 2}
    assert source.step_ended(now(0))["constant_easy"].count == 2


def test_replies_that_begin_with_a_hint_say_nothing():
    source, task = opened(), Task(id="0", prompt="")
    hinted = [
        recorded(
            task=task,
            seed=i,
            tokens=(1, 2, 3),
            chosen=(False, True, True),
            behaviour_logp=(-1.0, -1.0),
            forced=1,
            verdict=Verdict.binary(correct=True),
        )
        for i in range(4)
    ]
    source.visited(task, [Group.of(hinted)])
    assert source.streaks == {}


def test_a_graded_reward_is_easy_from_a_half_on():
    source = opened()
    for name, score in (("low", 0.3), ("high", 0.7)):
        task = Task(id=name, prompt="")
        same = Verdict(reason=Reason.PARTIAL, score=9.0, correct=False, measured=score)
        rollouts = [
            recorded(
                task=task, seed=i, tokens=(1,), chosen=(True,), behaviour_logp=(-1.0,), verdict=same
            )
            for i in range(2)
        ]
        source.visited(task, [Group.of(rollouts)])
    assert source.streaks == {"low": -1, "high": 1}


def test_p_follows_the_share_of_its_type_from_the_second_epoch_on():
    """Targets: 12 visits · 25% · 1/3 = 1 easy one, and 2 hard ones."""
    source, task = opened(tasks=12), Task(id="0", prompt="")

    def step(number, easy, hard):
        for right, wrong, times in ((8, 0, easy), (0, 8, hard), (1, 7, 12 - easy - hard)):
            for _ in range(times):
                visit(source, task, right, wrong)
        told = source.step_ended(now(number))
        assert told["constant_easy"].value == pytest.approx(easy / 12)
        assert told["constant_hard"].value == pytest.approx(hard / 12)
        return source.base["easy"], source.base["hard"]

    source.next(10, now(0))
    assert step(0, 12, 0) == (0.5, 0.5)  # within the first epoch
    source.next(10, now(1))
    assert step(1, 2, 1) == pytest.approx((0.49, 0.51))
    assert step(2, 0, 3) == pytest.approx((0.5, 0.5))
    assert step(3, 1, 2) == pytest.approx((0.49, 0.49))  # at the target
    for number in range(100):
        step(number, 12, 0)
    assert (source.base["easy"], source.base["hard"]) == (0.05, 0.95)


def test_a_step_without_results_changes_nothing():
    source = opened(tasks=2)
    source.next(2, now(0))
    told = source.step_ended(now(0))
    assert source.base == {"easy": 0.5, "hard": 0.5}
    assert told["constant_easy"].count == 0


def test_skips_are_as_frequent_as_told():
    source = opened(tasks=800, per_step=160)
    for task in range(800):
        for _ in range(2):
            visit(source, Task(id=str(task), prompt=""), 0, 8)
    tasks = source.next(160, now(0))
    assert len({task.id for task in tasks}) == 160
    assert source.step_ended(now(0))["skipped"].value == pytest.approx(0.75, abs=0.05)


def test_a_pool_of_known_success_rates_comes_to_25_percent_without_spread():
    """Half of the tasks p = 0.995, a quarter 0.01, the rest uniform; 1/24 of the pool a step.

    Of 8 results, two tell what GRESO looks at: (1, 1), (0, 0), or (1, 0) where both occur.
    """
    tasks, steps, count = 480, 220, 20
    draw = rng("rates")
    rates = [0.995] * 240 + [0.01] * 120 + [draw.random() for _ in range(120)]
    source, told = opened(tasks=tasks, per_step=count), []
    for step in range(steps):
        chosen, results = source.next(count, now(step)), rng("play", step)
        assert len({task.id for task in chosen}) == count  # the batch is full
        for task in chosen:
            found = [results.random() < rates[int(task.id)] for _ in range(8)]
            visit(source, task, max(found) + min(found), 2 - max(found) - min(found))
        told.append(source.step_ended(now(step)))

    def share(name, found):
        return sum(m[name].total for m in found) / sum(m[name].count for m in found)

    first, last = told[:24], told[-80:]
    # the first epoch: 0.5 · 0.995⁸ + 0.25/9 = 0.51 easy, 0.25 · 0.99⁸ + 0.25/9 = 0.26 hard
    assert share("constant_easy", first) == pytest.approx(0.51, abs=0.05)
    assert share("constant_hard", first) == pytest.approx(0.26, abs=0.05)
    easy, hard = share("constant_easy", last), share("constant_hard", last)
    assert easy == pytest.approx(0.25 / 3, abs=0.03)
    assert hard == pytest.approx(0.5 / 3, abs=0.03)
    assert easy + hard == pytest.approx(0.25, abs=0.03)
    assert source.base["easy"] < 0.35
    assert source.base["hard"] > 0.4
    candidates = sum(m["skipped"].count for m in last) / len(last)
    assert 4 < candidates / count < 6.5  # 84 of 400 candidates are played


def test_nothing_is_skipped_in_a_corpus_without_an_end():
    source = Greso(per_step=4).open(setup(EndlessPool()))
    seen = []
    for step in range(5):
        chosen, _, metrics = played(source, step, 4, lambda _: 0.0, rng=rng(step))
        seen += [task.id for task in chosen]
        assert metrics["skipped"].total == 0
    assert len(set(seen)) == 20
    assert source.base == {"easy": 0.5, "hard": 0.5}


def test_groups_of_one_rollout_are_refused():
    spec = RunSpec(samples=1, max_new_tokens=8, steps=10, minibatches=1)
    [said] = errors(Greso(), spec)
    assert "sampling.size.rollouts" in said
