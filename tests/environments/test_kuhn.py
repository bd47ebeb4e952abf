"""Kuhn poker: payoffs of all ends, exploitability against pure strategies one by one."""

from fractions import Fraction
from itertools import product
from random import Random

import pytest
from environments.playing import played, saying, tasks

from whet.environments.game.kuhn import (
    SETS,
    Kuhn,
    average,
    equilibrium,
    exploitability,
    payoff,
    value,
)
from whet.environments.game.kuhn.world import deal_of
from whet.types import UsageError

RANK = {"J": 0, "Q": 1, "K": 2}
DEALS = ["JQ", "JK", "QJ", "QK", "KJ", "KQ"]
ENDS = {"pp": 1, "bb": 2, "pbb": 2}  # showdowns, and the stake of each
FOLDS = {"bp": 1, "pbp": -1}  # what the first seat has
FIRST = ["J", "Q", "K", "Jpb", "Qpb", "Kpb"]
SECOND = ["Jp", "Qp", "Kp", "Jb", "Qb", "Kb"]
UNIFORM = dict.fromkeys(SETS, 0.5)


def chips(deal, said):
    if said in FOLDS:
        return FOLDS[said]
    return ENDS[said] if RANK[deal[0]] > RANK[deal[1]] else -ENDS[said]


def mean(first, second):
    """The first seat's mean, as a sum over all deals and ends with their probabilities."""
    total = 0
    for deal in DEALS:
        for said in (*ENDS, *FOLDS):
            p = 1
            for n, word in enumerate(said):
                bets = (second if n % 2 else first)[deal[n % 2] + said[:n]]
                p *= bets if word == "b" else 1 - bets
            total += p * chips(deal, said)
    return total / 6


def by_brute_force(strategy):
    """The best of all 64 pure strategies of each seat."""
    pure = [dict(zip(FIRST, bets, strict=True)) for bets in product((0, 1), repeat=6)]
    b0 = max(mean(one, strategy) for one in pure)
    pure = [dict(zip(SECOND, bets, strict=True)) for bets in product((0, 1), repeat=6)]
    b1 = max(-mean(strategy, one) for one in pure)
    return (b0 + b1) / 2


@pytest.mark.parametrize("deal", DEALS)
@pytest.mark.parametrize("said", [*ENDS, *FOLDS])
def test_payoffs_of_every_end(deal, said):
    assert payoff(deal, said) == chips(deal, said)
    task = next(task for task in tasks("kuhn", 1, 60, rules="") if deal_of(task) == deal)
    seats = [said[::2] or "p", said[1::2] or "p"]
    play = played(Kuhn(rules=""), task, *(saying(*words) for words in seats))
    assert [ask[3] for ask in play.asks] == list(said)
    assert play.scores == (chips(deal, said) / 2, -chips(deal, said) / 2)
    assert play.verdicts["first"].correct is (chips(deal, said) > 0)


def test_a_seat_sees_its_card_and_what_was_said():
    task = next(task for task in tasks("kuhn", 1, 60) if deal_of(task) == "QK")
    play = played(Kuhn(), task, saying("p", "b"), saying("B"))
    assert play.observations("first") == [f"{Kuhn().rules}Q\n", "\n:b\n"]
    assert play.observations("second") == [f"{Kuhn().rules}K:p\n"]


def test_every_deal_is_as_likely():
    deals = [deal_of(task) for task in tasks("kuhn", 1, 600)]
    assert {deal: deals.count(deal) for deal in DEALS} == {
        deal: pytest.approx(100, abs=35) for deal in DEALS
    }
    assert len({task.prompt for task in tasks("kuhn", 1, 20)}) == 1


@pytest.mark.parametrize("alpha", [0, Fraction(1, 9), Fraction(1, 5), Fraction(1, 3)])
def test_equilibria(alpha):
    strategy = equilibrium(float(alpha))
    assert exploitability(strategy) == pytest.approx(0, abs=1e-12)
    assert by_brute_force(strategy) == pytest.approx(0, abs=1e-12)
    assert value(strategy, strategy) == pytest.approx(-1 / 18)
    assert mean(strategy, equilibrium(0.2)) == pytest.approx(-1 / 18)


def test_beyond_a_third_it_is_no_equilibrium():
    strategy = {**equilibrium(1 / 3), "J": 0.5, "K": 1.0}
    assert exploitability(strategy) > 0.001


@pytest.mark.parametrize(
    ("bets", "exploited", "worth"), [(0.5, 11 / 24, 1 / 8), (1.0, 1 / 3, 0), (0.0, 1, 0)]
)
def test_hand_numbers(bets, exploited, worth):
    strategy = dict.fromkeys(SETS, bets)
    assert exploitability(strategy) == pytest.approx(exploited, abs=1e-12)
    assert by_brute_force(strategy) == pytest.approx(exploited, abs=1e-12)
    assert value(strategy, strategy) == pytest.approx(worth, abs=1e-12)
    assert mean(strategy, strategy) == pytest.approx(worth, abs=1e-12)


def test_exploitability_is_that_of_the_best_pure_replies():
    rng = Random(0)
    for n in range(16):
        strategy = {
            name: rng.choice((0.0, 1.0)) if n % 2 else rng.random() for name in (*FIRST, *SECOND)
        }
        assert exploitability(strategy) == pytest.approx(by_brute_force(strategy), abs=1e-12)
        other = {name: rng.random() for name in SETS}
        assert value(strategy, other) == pytest.approx(mean(strategy, other))


def test_the_average_is_worth_the_mean_of_the_games_at_either_seat():
    rng = Random(1)
    for _ in range(20):
        mixed = [{name: rng.random() for name in SETS} for _ in range(3)]
        mixed.append({name: rng.choice((0.0, 1.0)) for name in SETS})
        one, other = average(mixed), {name: rng.random() for name in SETS}
        first = sum(mean(each, other) for each in mixed) / len(mixed)
        second = sum(mean(other, each) for each in mixed) / len(mixed)
        assert mean(one, other) == pytest.approx(first, abs=1e-12)
        assert mean(other, one) == pytest.approx(second, abs=1e-12)


def test_the_average_where_a_set_is_never_reached_is_still_a_strategy():
    always = [dict.fromkeys(SETS, 1.0), dict.fromkeys(SETS, 1.0) | {"Jpb": 0.0}]
    assert average(always)["Jpb"] == 1 / 2


def test_there_are_twelve_sets():
    assert sorted(SETS) == sorted([*FIRST, *SECOND])


@pytest.mark.parametrize("wrong", [{"Jpb": 1.5}, {"K": -0.1}])
def test_what_is_no_strategy_is_refused(wrong):
    with pytest.raises(UsageError, match=r"strategy\['.*'\] is .*; give the probability of b"):
        exploitability(UNIFORM | wrong)
    lacking = {name: p for name, p in UNIFORM.items() if name not in wrong}
    with pytest.raises(UsageError, match="is None"):
        exploitability(lacking)


def test_the_expert_plays_an_equilibrium():
    """Its words, counted at every set, are those of α = 1/3."""
    world, counts = Kuhn(rules=""), {name: [0, 0] for name in SETS}
    wanted = equilibrium(1 / 3)
    for n, task in enumerate(tasks("kuhn", 1, 600, rules="")):
        bots = [world.expert(task, Random(f"{n}/{seat}")) for seat in world.seats]
        play = played(world, task, *bots)
        deal, said = deal_of(task), ""
        for n_asked, (_, _, _, word) in enumerate(play.asks):
            counts[deal[n_asked % 2] + said][word == "b"] += 1
            said += word
    for name, (passed, bets) in counts.items():
        if passed + bets:
            tolerance = 4 * (0.25 / (passed + bets)) ** 0.5
            assert bets / (passed + bets) == pytest.approx(wanted[name], abs=tolerance)
    assert counts["J"][1] > 0 < counts["Kb"][1]
