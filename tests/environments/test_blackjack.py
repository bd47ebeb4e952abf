"""Blackjack: exact values by an independent sum over the endless deck, and plays by hand."""

from fractions import Fraction
from functools import cache
from random import Random

import pytest
from environments.playing import chance, played, saying, tasks

from whet.environments.game import blackjack
from whet.environments.game.blackjack import Blackjack, Hand, hitting, standing
from whet.types import Finish, Reason

DECK = {card: Fraction(4 if card == 10 else 1, 13) for card in range(1, 11)}


def best_total(cards):
    """The highest sum up to 21 with each ace as 1 or 11, or the lowest above."""
    sums = {0}
    for card in cards:
        sums = {one + worth for one in sums for worth in ((1, 11) if card == 1 else (card,))}
    return max((one for one in sums if one <= 21), default=min(sums))


@cache
def dealer(cards):
    """Probabilities of the dealer's totals, in exact fractions, by whole hands."""
    total = best_total(cards)
    if total >= 17:
        return {total: Fraction(1)}
    ends = {}
    for card, chance_of in DECK.items():
        for end, p in dealer(tuple(sorted((*cards, card)))).items():
            ends[end] = ends.get(end, 0) + chance_of * p
    return ends


def stand(total, up):
    """Won less lost."""
    ends = dealer((up,))
    return sum(
        p if end > 21 or end < total else -p if end > total else 0 for end, p in ends.items()
    )


def test_standing_on_20_against_a_10():
    assert standing(20, 10) == pytest.approx(float(stand(20, 10)), abs=1e-12)
    assert standing(20, 10) == pytest.approx(0.434958, abs=1e-6)
    natural = 1 / 13  # published tables leave these hands of the dealer out: 0.554538
    assert (standing(20, 10) + natural) / (1 - natural) == pytest.approx(0.554538, abs=1e-6)


@pytest.mark.parametrize("up", range(1, 11))
def test_standing_is_exact(up):
    for total in (4, 12, 16, 17, 18, 19, 20, 21):
        assert standing(total, up) == pytest.approx(float(stand(total, up)), abs=1e-12)


def test_hitting_on_a_hard_20_loses_to_all_but_an_ace():
    lone_ace = Fraction(1, 13) * stand(21, 6)
    assert hitting(Hand(hard=20), 6) == pytest.approx(float(lone_ace - Fraction(12, 13)))


@cache
def best_hit(low, aces, up):
    """The mean of a card more and the best play after it, in fractions; aces count 1 in `low`."""
    worth = Fraction(0)
    for card, chance_of in DECK.items():
        more, has = low + card, aces or card == 1
        if more > 21:
            worth -= chance_of
            continue
        total = more + 10 if has and more <= 11 else more
        worth += chance_of * max(stand(total, up), best_hit(more, has, up))
    return worth


@pytest.mark.parametrize(("low", "ace", "up"), [(4, False, 10), (12, False, 2), (2, True, 6)])
def test_hitting_is_exact(low, ace, up):
    assert hitting(Hand(low, ace), up) == pytest.approx(float(best_hit(low, ace, up)), abs=1e-12)


@pytest.mark.parametrize(
    ("cards", "up", "hits"),
    [
        ((10, 6), 10, True), ((10, 6), 6, False), ((10, 2), 4, False), ((10, 2), 2, True),
        ((10, 7), 1, False), ((1, 6), 6, True), ((1, 7), 9, True), ((1, 7), 8, False),
        ((1, 8), 10, False), ((5, 6), 10, True),
    ],
)  # fmt: skip
def test_the_best_play_is_that_of_the_published_tables(cards, up, hits):
    hand = Hand().plus(cards[0]).plus(cards[1])
    assert (hitting(hand, up) > standing(hand.total, up)) is hits


@pytest.mark.parametrize(
    ("cards", "total"), [((1, 1), 12), ((1, 10), 21), ((1, 10, 5), 16), ((1,) * 21, 21), ((9,), 9)]
)
def test_hands_count_as_defined(cards, total):
    hand = Hand()
    for card in cards:
        hand = hand.plus(card)
    assert hand.total == total == best_total(cards)


@pytest.fixture
def dealt(monkeypatch):
    """Sets the cards of the player and of the dealer."""

    def set_(player, dealers):
        monkeypatch.setattr(
            blackjack, "cards_of", lambda _, owner: iter(player if owner == "player" else dealers)
        )
        return Blackjack(rules="").draw(Random(0), 1)

    return set_


@pytest.mark.parametrize(
    ("player", "dealers", "said", "score"),
    [
        ((10, 9), (10, 8), "s", 1), ((10, 8), (10, 9), "s", -1), ((10, 8), (10, 8), "s", 0),
        ((10, 6, 5), (10, 2, 10), "hs", 1), ((10, 6, 10), (10, 10), "h", -1),
        ((10, 2), (6, 10, 9), "s", 1), ((10, 8), (1, 6), "s", 1), ((10, 10), (1, 10), "s", -1),
        ((10, 7), (10, 2, 4, 1), "s", 0),
    ],
)  # fmt: skip
def test_plays_by_hand(dealt, player, dealers, said, score):
    verdict = played(Blackjack(rules=""), dealt(player, dealers), saying(*said)).verdict
    assert verdict.score == score
    assert verdict.correct is (score > 0)


def test_what_a_player_sees(dealt):
    task = dealt((1, 6, 10, 4), (10, 7))
    said = played(Blackjack(rules=""), task, saying("h", "H", "S"))
    assert said.observations() == ["17a v T\n", "\n17 v T\n", "\n21 v T\n"]
    second = Blackjack(rules="").draw(Random(0), 2)
    said = played(Blackjack(rules=""), second, saying("h", "h", "s"))
    assert said.observations() == ["A6 v T\n", "\nT\n", "\n4\n"]
    assert said.verdict.score == 1


def test_aces_alone_are_overtaken_in_twenty_hits(dealt):
    task = dealt((1,) * 30, (10, 7))
    assert task.info["turns"] == 20
    said = played(Blackjack(rules=""), task, saying("h"))
    assert len(said.asks) == 20
    assert said.verdict.score == -1


@pytest.mark.parametrize("reply", ["ſ", "hit", "", "hs"])
def test_another_reply_is_worth_no_more_than_a_lost_game(reply):
    verdict = played(Blackjack(rules=""), tasks("blackjack", 1, 1)[0], saying(reply)).verdict
    assert (verdict.score, verdict.reason, verdict.finish) == (
        -1,
        Reason.BAD_FORMAT,
        Finish.ILLEGAL,
    )


def test_the_dealer_has_cards_of_its_own():
    """Two hands agree in their first card with probability 9/169 + 16/169."""
    pairs = [[next(blackjack.cards_of(n, who)) for who in ("player", "dealer")] for n in range(900)]
    assert sum(one == other for one, other in pairs) / 900 == pytest.approx(25 / 169, abs=0.05)


def test_hits_do_not_move_the_dealers_cards():
    world = Blackjack(rules="")
    for task in tasks("blackjack", 1, 20):
        totals = {blackjack.dealer_total(task.info["luck"]) for _ in range(2)}
        stood = played(world, task, saying("s")).verdict.score
        mine = int(str(task.prompt).split("\n")[-2].split(" ")[0].rstrip("a"))
        end = totals.pop()
        assert stood == (1 if end > 21 or mine > end else -1 if mine < end else 0)


@pytest.mark.full
def test_means_of_players():
    """Random .28 won and .68 lost; always standing .38 and .57; the best about −.05."""
    world = Blackjack(rules="")
    drawn = tasks("blackjack", 1, 6000)
    players = {
        "random": lambda task, n: chance(task, Random(n)),
        "stand": lambda task, n: saying("s"),
        "best": lambda task, n: world.expert(task, Random(n)),
    }
    scores = {
        name: [played(world, task, player(task, n)).verdict.score for n, task in enumerate(drawn)]
        for name, player in players.items()
    }
    shares = {name: (s.count(1) / len(s), s.count(-1) / len(s)) for name, s in scores.items()}
    assert shares["random"] == pytest.approx((0.28, 0.68), abs=0.02)
    assert shares["stand"] == pytest.approx((0.38, 0.57), abs=0.02)
    assert shares["best"] == pytest.approx((0.43, 0.48), abs=0.02)
