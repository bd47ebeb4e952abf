"""Short answers: as they are, and word by word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.rewards.verifiable.qa_exact import QaExact
from whet.rewards.verifiable.qa_f1 import QaF1
from whet.rewards.verifiable.words import squad
from whet.types import Reason, UsageError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Eiffel Tower!", ["eiffel", "tower"]),
        ("a cat, an owl and the dog", ["cat", "owl", "and", "dog"]),
        ("U.S.A.", ["usa"]),
        ("anthem", ["anthem"]),
        ("the", []),
        ("", []),
    ],
)
def test_words_as_squad_compares_them(text, words):
    assert squad(text) == words


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Answer: the Eiffel tower!", Reason.OK),
        (r"\boxed{Eiffel Tower}", Reason.OK),
        ("<answer>Tour Eiffel</answer>", Reason.OK),
        ("<think>Louvre</think>Answer: Eiffel Tower", Reason.OK),
        ("Answer: Eiffel", Reason.WRONG),
        ("Answer: the Eiffel Tower in Paris", Reason.WRONG),
        ("Answer: Tower Eiffel", Reason.WRONG),
        (r"\boxed{Louvre} \boxed{Eiffel Tower}", Reason.WRONG),
        ("Answer: the", Reason.WRONG),
        ("Eiffel Tower", Reason.OK),
        ("<think>Eiffel Tower", Reason.TRUNCATED),
        ("<answer>" + "Eiffel Tower " * 100 + "</answer>", Reason.WRONG),
    ],
)
def test_exact_match(rolled, reply, reason):
    rollout = rolled(reply, "", answers=["Eiffel Tower", "Tour Eiffel"])
    verdict = QaExact().score(rollout)
    assert verdict.reason is reason
    assert verdict.score == float(reason is Reason.OK)


@pytest.mark.parametrize(
    ("answer", "f1", "precision", "recall", "overlap"),
    [
        ("the Eiffel tower", 1, 1, 1, 1),
        ("Eiffel Tower in Paris", 2 / 3, 1 / 2, 1, 1 / 2),
        ("Eiffel", 2 / 3, 1, 1 / 2, 1 / 2),
        ("tower tower", 1 / 2, 1 / 2, 1 / 2, 1 / 3),
        ("Louvre", 0, 0, 0, 0),
    ],
)
def test_f1_by_hand(rolled, answer, f1, precision, recall, overlap):
    verdict = QaF1(floor=0).score(rolled(f"Answer: {answer}", "Eiffel Tower"))
    hand = {"f1": f1, "precision": precision, "recall": recall, "overlap": overlap}
    assert verdict.parts == pytest.approx(hand)
    assert verdict.score == pytest.approx(f1)
    assert verdict.correct is (f1 == 1)


def test_lists_of_candidates_are_under_the_floor(rolled):
    listed = rolled("Answer: Louvre, Pantheon, Eiffel Tower, Odeon, Opera", "Eiffel Tower")
    assert QaF1(floor=0).score(listed).score == pytest.approx(4 / 8)
    longer = rolled("Answer: Louvre, Pantheon, Eiffel Tower, Odeon, Opera, Arc", "Eiffel Tower")
    verdict = QaF1().score(longer)
    assert verdict.parts["f1"] == pytest.approx(4 / 9)
    assert (verdict.score, verdict.reason) == (0, Reason.WRONG)


def test_the_best_of_several_answers_counts(rolled):
    rollout = rolled("Answer: Tour Eiffel", "x", answers=["Eiffel Tower in Paris", "Tour Eiffel"])
    assert QaF1().score(rollout).score == 1


def test_nothing_to_compare_with_is_a_fault(rolled):
    for judge in (QaExact(), QaF1()):
        assert judge.score(rolled("Answer: x", "")).fault
        assert judge.score(rolled("Answer: x", "the")).fault


def test_a_floor_is_a_score():
    with pytest.raises(UsageError, match="qa_f1.floor is 2; give a score"):
        QaF1(floor=2)


@given(st.text(max_size=60), st.text(max_size=60))
def test_f1_is_a_share_and_one_only_for_the_same_words(rolled, answer, gold):
    verdict = QaF1().score(rolled(f"<answer>{answer}</answer>", gold))
    assert verdict.fault or 0 <= verdict.score <= 1
    if verdict.correct:
        assert sorted(squad(gold)) == sorted(squad(verdict.note)) or len(answer) > 80
