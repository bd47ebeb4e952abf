"""Orders of prompts by level: E2H, AdaRFT, and bandits over categories."""

import json
from collections import Counter
from dataclasses import dataclass
from math import exp
from random import Random

import pytest
from recorded import recorded

from whet.data.pool import Pool
from whet.protocols import Corpus, Now, SamplingSetup
from whet.sampling.schedules.adarft import Adarft
from whet.sampling.schedules.bandit import Bandit
from whet.sampling.schedules.bandit_rules import (
    Arm,
    BoltzmannArmRule,
    DiscountedUcbArmRule,
    Exp3ArmRule,
)
from whet.sampling.schedules.easy_to_hard import EasyToHard
from whet.sampling.schedules.gains_of_arms import AccuracyArmGain, AdvantageArmGain
from whet.sampling.schedules.weights_of_levels import (
    BalancedLevelWeights,
    ClassicLevelWeights,
    CosineLevelWeights,
    GaussianLevelWeights,
)
from whet.types import Group, Task, UsageError, Verdict


@dataclass(frozen=True)
class Levelled(Corpus):
    """Task i of an endless corpus has level 1 + i mod `levels`, in a scrambled order."""

    levels: int = 4
    name: str = ""  # put before the level

    def task(self, split, index):
        level = 1 + Random(index).randrange(self.levels)
        info = {"level": f"{self.name}{level}" if self.name else level, "share": level / 10}
        return Task(id=f"{split}/{index}", prompt="?", info=info)

    def held_out(self, split, count):
        return [self.task(split, i) for i in range(count)]


TASK = Task(id="t", prompt="?")


def setup(corpus=None, seed=0):
    return SamplingSetup(corpus=corpus or Levelled(), seed=seed, steps=100)


def at(step, steps=100):
    return Now(step=step, steps=steps, version=step, metrics={})


def levels_of(tasks):
    return [task.info["level"] for task in tasks]


def group(task, *metrics, hinted=0):
    """Rollouts of a task that are right or wrong; the first `hinted` of them began with a hint."""
    return Group.of(
        [
            recorded(
                task=task,
                seed=i,
                tokens=(1, 2, 3),
                chosen=(False, True, True),
                behaviour_logp=(-0.1, -0.1),
                forced=int(i < hinted),
                verdict=Verdict.binary(correct=bool(x)),
            )
            for i, x in enumerate(metrics)
        ]
    )


def shares(weights, at, levels=4):
    found = weights.at(at, levels)
    return [w / sum(found) for w in found]


GAUSSIAN = {
    0: [0.881, 0.119, 0, 0],
    0.25: [0.009, 0.491, 0.491, 0.009],
    0.5: [0, 0.064, 0.767, 0.169],
    1: [0, 0, 0.119, 0.881],
}


@pytest.mark.parametrize(("progress", "wanted"), GAUSSIAN.items())
def test_the_gaussian_moves_from_the_easiest_level_to_the_hardest(progress, wanted):
    assert shares(GaussianLevelWeights(), progress) == pytest.approx(wanted, abs=6e-4)


def test_the_cosine_fades_the_easy_levels_out():
    found = [shares(CosineLevelWeights(), u) for u in (0, 0.5, 1)]
    assert found[0] == pytest.approx([1 / 2, 1 / 3, 1 / 6, 0])
    assert found[1] == pytest.approx([1 / 4] * 4)
    assert found[2] == pytest.approx([0, 1 / 6, 1 / 3, 1 / 2])


def test_the_controls_are_blocks_and_equal_shares():
    blocks = [ClassicLevelWeights().at(step / 12, 3).index(1.0) for step in range(12)]
    assert blocks == [0] * 4 + [1] * 4 + [2] * 4
    assert ClassicLevelWeights().at(1.0, 3) == [0, 0, 1]
    assert shares(BalancedLevelWeights(), 0.3) == [0.25] * 4


def test_a_far_gaussian_has_a_sum():
    assert sum(GaussianLevelWeights(sigma=0.01).at(0.37, 9)) >= 1  # all e^-x would round to 0


def test_easy_to_hard_draws_the_levels_of_its_weights():
    live = EasyToHard(per_step=400).open(setup())
    early, late = (
        Counter(levels_of(live.next(400, at(0)))),
        Counter(levels_of(live.next(400, at(50)))),
    )
    assert set(early) == {1, 2} and early[1] / 400 == pytest.approx(0.881, abs=0.05)
    assert late[3] / 400 == pytest.approx(0.767, abs=0.06) and late[1] == 0
    told = live.step_ended(at(50))["drawn_level"]
    both = early + late
    assert told.value == pytest.approx(sum(level * n for level, n in both.items()) / 800)


def test_each_level_goes_through_its_own_tasks_in_turn():
    corpus = Pool(corpus=Levelled(), tasks=40)
    easy = {f"train/{i}" for i in range(40) if corpus.task("train", i).info["level"] == 1}
    live = EasyToHard(per_step=4, by=ClassicLevelWeights()).open(setup(corpus))
    epochs = [[task.id for task in live.next(len(easy), at(0))] for _ in range(3)]
    assert all(set(epoch) == easy and len(epoch) == len(easy) for epoch in epochs)


@pytest.mark.parametrize(
    "order",
    [
        EasyToHard(per_step=8),
        Bandit(per_step=8, rule=Exp3ArmRule()),
        Bandit(per_step=8, rule=DiscountedUcbArmRule(), gain=AccuracyArmGain()),
        Adarft(per_step=8, window=32, eta=0.2),
    ],
    ids=lambda order: type(order).__name__,
)
@pytest.mark.parametrize("corpus", [Levelled(), Pool(corpus=Levelled(), tasks=48)])
def test_a_resumed_order_goes_on_as_the_first_one(order, corpus):
    def step(live, number):
        tasks = [*live.next(5, at(number)), *live.next(3, at(number))]
        for task in tasks:
            live.visited(task, [group(task, 1, Random(task.id).random() < 0.5)])
        return [task.id for task in tasks], live.step_ended(at(number))

    first = order.open(setup(corpus, seed=3))
    for number in range(4):
        step(first, number)
    second = order.open(setup(corpus, seed=3))
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert [step(first, n) for n in range(4, 9)] == [step(second, n) for n in range(4, 9)]
    assert first.state_dict() == second.state_dict()


def test_a_level_that_never_comes_is_refused_by_its_name():
    for corpus in (Levelled(levels=2), Pool(corpus=Levelled(levels=2), tasks=20)):
        live = EasyToHard(per_step=1, levels=("7", "1"), by=ClassicLevelWeights()).open(
            setup(corpus)
        )
        with pytest.raises(UsageError, match="level 7.*sampling.prompts.levels"):
            live.next(1, at(0))


@pytest.mark.parametrize(
    ("part", "fields", "told"),
    [
        (EasyToHard, {"per_step": 0}, "sampling.prompts.per_step"),
        (GaussianLevelWeights, {"sigma": 0.0}, "sampling.prompts.by.sigma"),
        (GaussianLevelWeights, {"beta": -1.0}, "sampling.prompts.by.beta"),
        (Adarft, {"per_step": 0}, "sampling.prompts.per_step"),
        (Adarft, {"start": 1.5}, "sampling.prompts.start"),
        (Adarft, {"eta": 0.0}, "sampling.prompts.eta"),
        (Adarft, {"alpha": 0.0}, "sampling.prompts.alpha"),
        (Adarft, {"window": 0}, "sampling.prompts.window"),
        (Bandit, {"per_step": 0}, "sampling.prompts.per_step"),
        (Exp3ArmRule, {"gamma": 0.0}, "sampling.prompts.rule.gamma"),
        (BoltzmannArmRule, {"temperature": float("inf")}, "sampling.prompts.rule.temperature"),
        (DiscountedUcbArmRule, {"keep": 1.1}, "sampling.prompts.rule.keep"),
    ],
)
def test_impossible_settings_are_refused_by_field(part, fields, told):
    with pytest.raises(UsageError, match=told):
        part(**fields)


@pytest.mark.parametrize(
    ("order", "corpus", "told"),
    [
        (EasyToHard(key="topic"), Levelled(), "sampling.prompts.key is 'topic'.*level, share"),
        (Bandit(), Levelled(name="x"), "sampling.prompts.levels is none.*x1, x2"),
        (Bandit(), Levelled(levels=1), "all tasks have 1"),
        (Adarft(), Levelled(levels=1), "sampling.prompts.hardest is 1"),
        (Adarft(easiest=2, hardest=1), Levelled(), "sampling.prompts.hardest is 1"),
        (Adarft(), Levelled(name="x"), "sampling.prompts.key.*number"),
    ],
)
def test_a_corpus_that_does_not_fit_is_refused(order, corpus, told):
    with pytest.raises(UsageError, match=told):
        order.open(setup(corpus))


def test_categories_need_no_order_of_their_own():
    live = Bandit(levels=("x1", "x2"), per_step=50).open(setup(Levelled(levels=2, name="x")))
    assert set(levels_of(live.next(50, at(0)))) == {"x1", "x2"}


def test_adarft_moves_its_target_as_the_paper_says():
    assert Adarft().moved(0.3, 0.8) == pytest.approx(0.3269, abs=5e-5)
    assert Adarft().moved(0.3, 0.5) == 0.3  # the fixed point
    assert Adarft().moved(0.99, 1.0) == 1.0 and Adarft().moved(0.01, 0.0) == 0.0


def test_adarft_settles_where_the_policy_earns_beta():
    """A policy that solves a task of difficulty d with probability 1 − d settles at d = 1/2."""
    order = Adarft(per_step=16, key="share", easiest=0.1, hardest=1.0, window=64)
    live, rng = order.open(setup(Levelled(levels=10))), Random(1)
    groups = [group(TASK, *([1] * right + [0] * (8 - right))) for right in range(9)]
    for number in range(60):
        for task in live.next(16, at(number)):
            right = sum(rng.random() < 1 - task.info["share"] for _ in range(8))
            live.visited(task, [groups[right]])
        live.step_ended(at(number))
    assert 0.1 + 0.9 * live.target == pytest.approx(0.5, abs=0.12)


def test_adarft_takes_the_nearest_of_its_window_and_hints_count_for_nothing():
    live = Adarft(per_step=4, start=0.34, window=64).open(setup(Levelled(levels=4)))
    tasks = live.next(4, at(0))
    assert levels_of(tasks) == [2] * 4  # (2 − 1) / (4 − 1) is the nearest to 0.34
    for task in tasks:
        live.visited(task, [group(task, 1, 1, hinted=2)])
    live.step_ended(at(0))
    assert live.target == 0.34


def test_adarft_meets_each_task_of_a_small_corpus_once_an_epoch():
    """Of all tasks the nearest are drawn, whatever window is asked for: no task twice at once."""
    live = Adarft(per_step=4, window=1000).open(setup(Pool(corpus=Levelled(), tasks=20)))
    assert len({task.id for task in live.next(20, at(0))}) == 20


def test_the_advantage_gain_of_binary_metrics_is_twice_their_deviation():
    gains = AdvantageArmGain().of([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1], [0]], None)
    assert gains == pytest.approx([2 * (0.25 * 0.75) ** 0.5, 1, 0, 0])


def test_the_accuracy_gain_is_the_change_in_either_direction():
    assert AccuracyArmGain().of([[1, 1], [0, 1]], None) == [0, 0]
    assert AccuracyArmGain().of([[1, 1], [0, 1]], 0.5) == [0.25, 0.25]
    assert AccuracyArmGain().of([[0, 0]], 0.5) == [0.5]


def test_exp3_by_hand():
    rule, arms = Exp3ArmRule(gamma=0.1), [Arm(), Arm()]
    assert rule.shares(arms) == [0.5, 0.5]
    arms = rule.learned(arms, [[1.0], []])
    weight = exp(0.1 * (1 / 0.5) / 2)  # γ ĝ / K
    assert rule.shares(arms)[0] == pytest.approx(0.9 * weight / (weight + 1) + 0.05)


def test_boltzmann_by_hand():
    rule, arms = BoltzmannArmRule(rate=0.5, temperature=0.2), [Arm(), Arm()]
    arms = rule.learned(arms, [[0.2, 0.6], []])
    assert [arm.value for arm in arms] == [0.2, 0.0]
    assert rule.shares(arms)[0] == pytest.approx(exp(1) / (exp(1) + 1))


def test_discounted_ucb_by_hand():
    rule = DiscountedUcbArmRule(keep=0.5, width=1e-9)
    arms = rule.learned([Arm(value=2.0, pulls=4.0), Arm(value=1.0, pulls=1.0)], [[1.0], []])
    assert arms == [Arm(value=2.0, pulls=3.0), Arm(value=0.5, pulls=0.5)]
    assert rule.chosen(arms, 3, Random(0)) == [1, 1, 1]  # means 2/3 and 1
    assert sorted(DiscountedUcbArmRule().chosen([Arm()] * 3, 3, Random(0))) == [0, 1, 2]
    spread = DiscountedUcbArmRule(width=2.0).chosen([Arm(value=5, pulls=10)] * 2, 10, Random(0))
    assert Counter(spread) == {0: 5, 1: 5}  # each choice is a pull


def pulled(rule, rates, arms, steps=40):
    """The pulls of the last 20 steps, where arm k solves its tasks with probability rates[k]."""
    rng, pulls = Random(2), Counter()
    for step in range(steps):
        chosen = rule.chosen(arms, 30, rng)
        pulls.update(chosen if step >= steps - 20 else ())
        visits = [[] for _ in arms]
        for arm in chosen:
            visits[arm].append([rng.random() < rates[arm] for _ in range(8)])
        arms = rule.learned(arms, [AdvantageArmGain().of(own, None) for own in visits])
    return pulls, arms


RULES = [BoltzmannArmRule(), Exp3ArmRule(gamma=0.3), DiscountedUcbArmRule()]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_a_bandit_finds_the_category_that_can_be_learned(rule):
    pulls, arms = pulled(rule, (1.0, 0.5, 0.0), [Arm()] * 3)
    assert pulls[1] > 0.5 * pulls.total()
    if not isinstance(rule, Exp3ArmRule):  # which never forgets
        pulls, _ = pulled(rule, (1.0, 1.0, 0.5), arms, steps=80)
        assert pulls[2] > 0.5 * pulls.total()


def test_a_bandit_tells_what_it_drew():
    live = Bandit(per_step=4, levels=("1", "2")).open(setup(Levelled(levels=2)))
    tasks = live.next(4, at(0))
    for task in tasks:
        live.visited(task, [group(task, 1, 0)])
    told = live.step_ended(at(0))
    assert told["bandit_gain"].value == 1
    assert told["arm_1"].value == levels_of(tasks).count(1) / 4
