"""Group sizes by hand, by enumeration, and by simulation through the real buffer."""

import json
from itertools import product
from math import comb

import pytest
from recorded import recorded
from simulated import Rates, Simulated, opened, simulated, taken

from whet.protocols import Now
from whet.sampling.dynamic.accuracy_band import AccuracyBand
from whet.sampling.dynamic.adaptive import Adaptive
from whet.sampling.dynamic.exit_rules import ExitOnBalance, ExitOnPositive
from whet.sampling.dynamic.knapsack import Knapsack, allocated, value
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.dynamic.pilots import DropPilots
from whet.sampling.dynamic.reinforce_ada import ReinforceAda
from whet.sampling.dynamic.two_phase import TwoPhase
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import Group, Reason, RunSpec, Task, UsageError, Verdict

TASK = Task(id="t", prompt="?", info={"p": 0.5})
NOW = Now(step=0, steps=9, version=0, metrics={})
FAULT = Verdict.unjudged("away")


def group(results, start=0, **more):
    """A group of right (1), wrong (0) and faulty (None) rollouts."""
    return Group.of([one(result, start + i, **more) for i, result in enumerate(results)])


def one(result, seed, **more):
    verdict = FAULT if result is None else Verdict.binary(correct=bool(result))
    return recorded(
        task=TASK,
        seed=seed,
        tokens=(1, 2),
        chosen=(False, True),
        behaviour_logp=(-1.0,),
        verdict=verdict,
        **more,
    )


def sizer(size, **kwargs):
    return opened(Standard(prompts=Uniform(per_step=4), size=size), **kwargs).slots.size


# --- two phases


@pytest.mark.parametrize(
    ("results", "bounds", "qualifies"),
    [
        ([1, 0, 0, 0], {}, True),
        ([1, 1, 1, 1], {}, False),
        ([0, 0, 0, 0], {}, False),
        ([1, None, 0, None], {}, True),  # faults are left out
        ([1, None, None, None], {}, False),
        ([None] * 4, {}, False),
        ([1, 0, 0, 0], {"low": 0.25}, True),  # bounds are inclusive
        ([1, 0, 0, 0], {"low": 0.3}, False),
        ([1, 1, 1, 0], {"high": 0.75}, True),
        ([1, 1, 1, 0], {"high": 0.7}, False),
    ],
)
def test_mixed_pilots_within_the_bounds_qualify(results, bounds, qualifies):
    decision = sizer(TwoPhase(pilots=4, further=6, **bounds)).after(group(results))
    assert (decision.more, decision.drop) == ((6, False) if qualifies else (0, True))


def test_a_demonstration_is_no_success_of_the_policy():
    shown = one(1, 9, forced=1)
    held = group([0, 0, 0, 0]).joined([shown])
    assert sizer(TwoPhase(pilots=4)).after(held).drop
    assert sizer(TwoPhase(pilots=4)).after(held.having((*held, one(1, 10)))).more


def test_pilots_that_differ_in_a_graded_metric_qualify_and_equal_ones_do_not():
    def graded(*scores):
        verdicts = [
            Verdict(reason=Reason.PARTIAL, score=s, measured=s, correct=False) for s in scores
        ]
        members = [recorded(task=TASK, seed=i, verdict=v) for i, v in enumerate(verdicts)]
        return Group.of(members)

    assert sizer(TwoPhase()).after(graded(0.5, 0.4)).more
    assert sizer(TwoPhase()).after(graded(0.5, 0.5)).drop


@pytest.mark.parametrize("part", [TwoPhase(), ReinforceAda()], ids=["two_phase", "reinforce_ada"])
def test_a_reward_that_does_not_say_what_is_right_is_refused_by_name(part):
    scores = [Verdict(reason=Reason.PARTIAL, score=s) for s in (0.1, 0.9)]
    held = Group.of([recorded(task=TASK, seed=i, verdict=v) for i, v in enumerate(scores)])
    with pytest.raises(UsageError, match=r"sampling\.size .* task 't'"):
        sizer(part).after(held)
    with pytest.raises(UsageError, match=r"sampling\.gate .* task 't'"):
        AccuracyBand()(held)


def pilot_means(part, p, n):
    """E[mean of the complete group] of qualified tasks, and P(qualified), by all outcomes.

    The further rollouts have the mean p exactly: one right of 1 / p.
    """
    after = [1] + [0] * (round(1 / p) - 1)
    total = share = 0.0
    for right in range(n + 1):
        own, chance = sizer(part), comb(n, right) * p**right * (1 - p) ** (n - right)
        first = group([1] * right + [0] * (n - right))
        if own.after(first).drop:
            continue
        whole = first.having((*first, *group(after, start=n)))
        keep = own.after(whole).keep or [True] * len(whole)
        kept = [r.verdict.correct for r, good in zip(whole, keep, strict=True) if good]
        share += chance
        total += chance * sum(kept) / len(kept)
    return total / share, share


def test_qualified_pilots_are_biased_and_dropping_them_removes_the_bias():
    """With n = 8 at p = 0.05: P(qualified) = 0.337, and the mean of pilots is 0.148."""
    biased, share = pilot_means(TwoPhase(pilots=8, further=20), 0.05, 8)
    assert share == pytest.approx(0.337, abs=5e-4)
    # 8 pilots of mean 0.1485 and 20 further ones of mean 0.05
    assert biased == pytest.approx((8 * 0.1485 + 20 * 0.05) / 28, abs=2e-4)
    fair, _ = pilot_means(TwoPhase(pilots=8, further=20, pilot_use=DropPilots()), 0.05, 8)
    assert fair == pytest.approx(0.05)


def test_dropped_pilots_leave_the_group_and_demonstrations_stay():
    own = sizer(TwoPhase(pilots=2, further=2, pilot_use=DropPilots()))
    first = group([1, 0]).joined([one(1, 5, forced=1)])
    assert own.after(first).more == 2
    assert own.after(first.having((*first, *group([0, 0], start=7)))).keep == (
        False,
        False,
        True,
        True,
        True,
    )


def effective(part, gate, count=60):
    """Rollouts per effective group, by simulation; both filters leave only mixed groups."""
    made = Standard(prompts=Uniform(per_step=count), size=part, gate=gate)
    player = Simulated()
    step = taken(made, player)
    assert not step.missing
    return player.rollouts / count


def test_two_phases_cost_fewer_rollouts_per_group_than_filtering_afterwards():
    """With p in {0.01, 0.5, 0.99}: q = 0.318 of 4 pilots, 4 / q + 12 = 24.6; 16 / q₁₆ = 37.0.

    Standard errors of 60 groups are about 1.3 and 3.
    """
    q4, q16 = (sum(1 - p**n - (1 - p) ** n for p in (0.01, 0.5, 0.99)) / 3 for n in (4, 16))
    assert (4 / q4 + 12, 16 / q16) == pytest.approx((24.6, 37.0), abs=0.06)
    refill = {"max_rounds": 60}
    assert effective(TwoPhase(pilots=4, further=12), AccuracyBand(low=0, high=1, **refill)) == (
        pytest.approx(24.6, abs=3.0)
    )
    assert effective(Fixed(rollouts=16), NonZeroSpread(**refill)) == pytest.approx(37.0, abs=6.0)


def test_the_share_of_qualified_tasks_is_logged():
    made = Standard(
        prompts=Uniform(per_step=100),
        size=TwoPhase(pilots=4, further=2),
        gate=NonZeroSpread(max_rounds=60),
    )
    qualified = taken(made).metrics["qualified"]
    assert qualified.value == pytest.approx(0.318, abs=0.06) and qualified.total == 100


# --- Reinforce-Ada


def drawn(part, results):
    """Draws from a list of results until the size is content; the group and the decision."""
    own, held = sizer(part), group(results[: part.draws])
    while (decision := own.after(held)).more:
        more = results[len(held) : len(held) + decision.more]
        held = held.having((*held, *group(more, start=len(held))))
    return held, decision, own.step_ended(NOW)


def learned(held, decision):
    return [r.verdict.correct for r, good in zip(held, decision.learn, strict=True) if good]


def test_two_right_of_sixteen_draws_are_kept_with_two_wrong_ones():
    results = [0] * 6 + [1] + [0] * 6 + [1] + [0] * 18
    held, decision, metrics = drawn(ReinforceAda(draws=4, keep=4), results)
    assert len(held) == 16
    assert learned(held, decision) == [False, False, True, True]
    assert sum(r.verdict.correct for r in held) / len(held) == 0.125
    assert (metrics["draws"].value, metrics["exited"].value) == (16, 1)


@pytest.mark.parametrize(
    ("rule", "results", "draws", "kept"),
    [
        (ExitOnPositive(), [0, 0, 0, 0, 0, 1, 0, 0], 8, (1, 3)),
        (ExitOnPositive(), [1, 1, 1, 1], 4, (4, 0)),  # an easy task is done at once
        (ExitOnBalance(), [1, 1, 1, 1] * 4, 16, (4, 0)),  # … or drawn up to the cap
        (ExitOnBalance(), [0, 0, 0, 0] * 4, 16, (0, 4)),
        (ExitOnBalance(), [1, 1, 1, 0] * 2 + [1] * 8, 8, (2, 2)),
        (ExitOnBalance(), [1, 1, 1, 0] + [1] * 12, 16, (3, 1)),  # as equal as possible
        (ExitOnBalance(), [None, None, 1, 1] + [0, 0, None, 1], 8, (2, 2)),  # faults count as draws
        (ExitOnBalance(), [None] * 16, 16, (0, 0)),
    ],
)
def test_tasks_exit_by_their_rule_or_at_the_cap(rule, results, draws, kept):
    held, decision, _ = drawn(ReinforceAda(draws=4, keep=4, cap=16, exit_rule=rule), results)
    found = learned(held, decision)
    assert len(held) == draws
    assert (found.count(True), found.count(False)) == kept


def test_the_last_round_stops_at_the_cap():
    held, _, metrics = drawn(ReinforceAda(draws=4, keep=2, cap=10), [0] * 10)
    assert len(held) == 10 and ReinforceAda(draws=4, cap=10).rounds == 2
    assert metrics["exited"].value == 0


def test_demonstrations_are_learned_from_and_are_no_draws():
    held = group([0, 0, 0, 0]).joined([one(1, 9, forced=1)])
    own = sizer(ReinforceAda(draws=4, keep=2, cap=8, exit_rule=ExitOnPositive()))
    assert own.after(held).more == 4
    held = held.having((*held, *group([0, 0, 0, 0], start=20)))
    assert own.after(held).learn == (True, True, False, False, True, *[False] * 4)


def test_draws_follow_the_negative_binomial_distribution():
    """With the pos exit, draws of one, p = 0.25 and a cap of 8: E = (1 − 0.75^8) / 0.25 = 3.6."""
    part = ReinforceAda(draws=1, keep=2, cap=8, exit_rule=ExitOnPositive())
    made = Standard(prompts=Uniform(per_step=200), size=part)
    player, strategy = Simulated(), opened(made, Rates(rates=(0.25,)))
    step = taken(made, player, strategy)
    assert player.rollouts / 200 == pytest.approx((1 - 0.75**8) / 0.25, abs=0.5)
    assert step.metrics["exited"].value == pytest.approx(1 - 0.75**8, abs=0.06)
    assert step.rounds == 8 and step.metrics["unfinished"].total == 0


# --- knapsack


@pytest.mark.parametrize(
    ("p", "worth"),
    [
        (0.05, (0.0043, 0.0152, 0.0364)),
        (0.5, (0.0625, 0.1240, 0.1250)),
        (0.9, (0.0016, 0.0051, 0.0087)),
    ],
)
def test_the_value_of_rollouts(p, worth):
    assert [value(n, p) for n in (2, 8, 32)] == pytest.approx(worth, abs=5e-5)


def mixed_value(n, p):
    """The value by binomial probabilities of 1 … n − 1 right ones."""
    return p * (1 - p) ** 2 * sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(1, n))


CHANCES = [
    (0.05, 0.5, 0.9, 0.3),
    (0.5, 0.5, 0.5),
    (0.99, 0.01),
    (0.2, 0.2, 0.8, 0.8),
    (0.4,),
    (0.02, 0.97, 0.66, 0.33),
]


@pytest.mark.parametrize("chances", CHANCES)
@pytest.mark.parametrize("bounds", [(1, 12), (2, 5), (1, 4)])
def test_the_greedy_allocation_is_the_best_of_all(chances, bounds):
    least, largest = bounds
    for budget in range(least * len(chances), min(12, largest * len(chances)) + 1):
        found = allocated(chances, budget, least, largest)
        assert sum(found) == budget and all(least <= n <= largest for n in found)
        every = product(range(least, largest + 1), repeat=len(chances))
        best = max(sum(map(mixed_value, sizes, chances)) for sizes in every if sum(sizes) == budget)
        assert sum(map(mixed_value, found, chances)) == pytest.approx(best, abs=1e-12)


def told(own, task, results):
    """A visit of a task with these results."""
    members = [one(result, i) for i, result in enumerate(results)]
    own.visited(task, [Group(task=task, rollouts=tuple(members))])


HARD, EASY, NEW = (Task(id=name, prompt="?") for name in ("hard", "easy", "new"))


def test_rollouts_go_to_hard_tasks_and_the_budget_is_kept():
    own = sizer(Knapsack(rollouts=16, least=2, largest=40))
    assert own.first([HARD, EASY, NEW], NOW) == [16, 16, 16]
    own.step_ended(NOW)
    for _ in range(3):
        told(own, HARD, [1] + [0] * 15)
        told(own, EASY, [0] + [1] * 15)
    hard, easy, new = own.first([HARD, EASY, NEW], NOW)
    assert hard + easy + new == 48
    assert hard > new > easy >= 2
    metrics = own.step_ended(NOW)
    assert (metrics["size_min"].value, metrics["size_max"].value) == (easy, hard)


def test_replacements_have_the_mean_size_too():
    own = sizer(Knapsack(rollouts=6))
    told(own, HARD, [0] * 8)
    assert own.first([HARD], NOW) == [6]
    assert own.first([], NOW) == []


@pytest.mark.parametrize(
    "part", [Knapsack(rollouts=8, largest=20), Adaptive()], ids=["knapsack", "adaptive"]
)
def test_success_rates_survive_a_resume(part):
    whole = sizer(part)
    told(whole, HARD, [1] + [0] * 9)
    told(whole, EASY, [1] * 8 + [None])
    other = sizer(part)
    other.load_state_dict(json.loads(json.dumps(whole.state_dict())))
    sizes: list[int] = []
    for _ in range(3):
        sizes = list(whole.first([HARD, EASY, NEW], NOW))
        assert list(other.first([HARD, EASY, NEW], NOW)) == sizes
        for own in (whole, other):
            told(own, NEW, [1, 0, 0])
    assert whole.state_dict() == other.state_dict()
    assert sizes[0] != sizes[1]


# --- adaptive


@pytest.mark.parametrize(("p", "size"), [(0.5, 4), (0.1, 22), (0.9, 22), (0.05, 45), (0.0, 64)])
def test_groups_are_large_enough_to_miss_the_rarer_result_with_chance_delta(p, size):
    part = Adaptive(delta=0.1, least=2, largest=64)
    assert part.size(p) == size
    if 0 < p < 1:
        rare = min(p, 1 - p)
        assert (1 - rare) ** size <= 0.1 < (1 - rare) ** (size - 1)


def test_a_size_is_clipped_and_a_quotient_that_is_whole_is_not_rounded_up():
    assert [Adaptive(least=8, largest=20).size(p) for p in (0.5, 0.1)] == [8, 20]
    assert Adaptive(delta=0.125, least=1).size(0.5) == 3
    assert Adaptive(delta=0.001, least=1, largest=99).size(0.9) == 66  # ⌈log 0.001 / log 0.9⌉


def test_an_unknown_task_is_as_one_of_even_chances():
    own = sizer(Adaptive())
    assert own.first([NEW], NOW) == [4]
    told(own, NEW, [1] * 10)  # p̂ = 11 / 12: ⌈log 0.1 / log (11 / 12)⌉
    assert own.first([NEW], NOW) == [27]


def test_a_hinted_success_is_not_counted():
    own = sizer(Adaptive())
    hinted = [
        recorded(
            task=NEW,
            seed=i,
            tokens=(1, 2, 3),
            chosen=(False, True, True),
            behaviour_logp=(0.0, -1.0),
            forced=1,
            verdict=Verdict.binary(correct=True),
        )
        for i in range(9)
    ]
    own.visited(NEW, [Group.of(hinted)])
    assert own.first([NEW], NOW) == [4]


# --- accuracy band


def test_the_band_of_four_keeps_one_two_and_three_right_ones():
    kept = [AccuracyBand()(group([1] * k + [0] * (4 - k))) for k in range(5)]
    assert kept == [False, True, True, True, False]


def test_bounds_are_inclusive_and_faults_are_left_out():
    gate = AccuracyBand(low=0.2, high=0.8)
    assert gate(group([1, 0, 0, 0, 0])) and gate(group([1, 1, 1, 1, 0]))
    assert not gate(group([1, 0, 0, 0, 0, 0]))
    assert gate(group([1, 0, 0, 0, 0, None])) and not gate(group([None, None]))
    assert AccuracyBand(low=0.3, high=0.3)(group([1] * 3 + [0] * 7))  # 0.1 + 0.2 is not 0.3


def test_a_band_without_any_accuracy_is_warned_of():
    spec = RunSpec(samples=1, max_new_tokens=9, steps=9, minibatches=1)
    assert "sampling.gate" in AccuracyBand().run_warning(spec)
    assert not AccuracyBand(low=0).run_warning(spec)
    other = RunSpec(samples=0, max_new_tokens=9, steps=9, minibatches=1)
    assert not AccuracyBand().run_warning(other)


@pytest.mark.parametrize(
    ("part", "fields", "field"),
    [
        (TwoPhase, {"pilots": 1}, "sampling.size.pilots is 1"),
        (TwoPhase, {"further": 0}, "sampling.size.further is 0"),
        (TwoPhase, {"low": 0.8, "high": 0.2}, "sampling.size.high is 0.2"),
        (TwoPhase, {"high": 1.5}, "sampling.size.high is 1.5"),
        (ReinforceAda, {"draws": 0}, "sampling.size.draws is 0"),
        (ReinforceAda, {"keep": 1}, "sampling.size.keep is 1"),
        (ReinforceAda, {"keep": 40}, "sampling.size.keep is 40"),
        (ReinforceAda, {"cap": 4}, "sampling.size.cap is 4"),
        (ReinforceAda, {"threshold": 1.0}, "sampling.size.threshold is 1.0"),
        (Knapsack, {"least": 0}, "sampling.size.least is 0"),
        (Knapsack, {"rollouts": 1}, "sampling.size.rollouts is 1"),
        (Knapsack, {"largest": 8}, "sampling.size.rollouts is 16"),
        (Knapsack, {"remember": 1.1}, "sampling.size.remember is 1.1"),
        (Adaptive, {"delta": 0.0}, "sampling.size.delta is 0.0"),
        (Adaptive, {"least": 9, "largest": 8}, "sampling.size.largest is 8"),
        (Adaptive, {"remember": float("nan")}, "sampling.size.remember is nan"),
        (AccuracyBand, {"low": -0.1}, "sampling.gate.low is -0.1"),
        (AccuracyBand, {"max_rounds": -1}, "sampling.gate.max_rounds is -1"),
        (AccuracyBand, {"oversample": 0.5}, "sampling.gate.oversample is 0.5"),
    ],
)
def test_impossible_settings_are_refused_by_field(part, fields, field):
    with pytest.raises(UsageError, match=field):
        part(**fields)


def test_equal_seeds_of_a_simulated_task_have_equal_results():
    task = Rates(rates=(0.5,)).task("train", 3)
    assert simulated(task, 4).verdict == simulated(task, 4).verdict
