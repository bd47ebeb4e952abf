"""Votes: hand numbers of the published rules."""

from dataclasses import replace
from math import log

import pytest
from said import TASK, Marks, asked, replied, scores, together

from whet.rewards.unsupervised import Announced, Labels, LastLine, Marked, Template, WholeReply
from whet.rewards.unsupervised.co_reward import CoReward
from whet.rewards.unsupervised.incorrect_majority import IncorrectMajority
from whet.rewards.unsupervised.majority import Majority
from whet.rewards.unsupervised.semantic_entropy import SemanticEntropy
from whet.rewards.unsupervised.truth import correlation
from whet.rewards.unsupervised.votes import disagreement, meanings, winner
from whet.types import Decoding, Finish, Reason, Request, Rollout, Task, UsageError

READER = Marked()


def votes(*answers):
    return [replied(f"so #{a}" if a else "well", seed=i) for i, a in enumerate(answers)]


def test_the_majority_earns_and_those_without_an_answer_stay_in_the_ratio():
    found = asked(Majority(reader=READER, truth=None), votes("a", "a", "b", "a", "", "b"))
    assert scores(found) == [1, 1, 0, 1, 0, 0]
    assert all(v.parts["majority_ratio"] == 0.5 for v in found)
    assert found[4].reason is Reason.NO_ANSWER


def test_of_equals_the_first_seen_wins_and_nobody_where_nobody_votes():
    assert winner(["b", "a", "a", "b"]) == "b"
    assert winner([None, None]) is None
    assert scores(asked(Majority(reader=READER, truth=None), votes("", ""))) == [0, 0]
    assert asked(Majority(reader=READER, truth=None), ()) == ()


def test_the_truth_is_written_down_and_never_learned_from():
    group = votes("7", "7", "42")
    found = asked(Majority(reader=READER, truth=Marks()), group)
    assert scores(found) == [1, 1, 0]
    assert [v.correct for v in found] == [False, False, True]
    assert [v.parts["reward_accuracy"] for v in found] == [0, 0, 0]
    assert found[0].parts["label_accuracy"] == 0
    assert found[0].parts["proxy_truth_correlation"] == pytest.approx(-1)
    right = asked(Majority(reader=READER, truth=Marks()), votes("42", "42", "7"))
    assert right[2].parts["label_accuracy"] == 1 and right[2].correct is False


def test_a_checker_that_fails_leaves_the_proxy_alone():
    group = [replied("fault #7"), replied("#7"), replied("#9")]
    found = asked(Majority(reader=READER, truth=Marks()), group)
    assert scores(found) == [1, 1, 0]
    assert [v.correct for v in found] == [None, False, False]


def test_point_biserial():
    assert correlation([(1, 1), (0, 0), (1, 1), (0, 0)]) == pytest.approx(1)
    assert correlation([(0.2, 1), (0.2, 0)]) is None
    assert correlation([]) is None


@pytest.mark.parametrize(
    ("reader", "reply", "answer"),
    [
        (Announced(), r"<think>\boxed{1}</think> \boxed{4/8}", "1/2"),
        (Announced(), "I get 3", None),
        (Announced(), "<think>never ends", None),
        (Marked(), "8;16;#9", "9"),
        (Marked(), "8;16", None),
        (Marked(), "8;#", None),
        (LastLine(), "so\n0.5\n\n", "1/2"),
        (LastLine(), " \n", None),
        (WholeReply(), " yes ", "yes"),
        (WholeReply(), "", None),
    ],
)
def test_readers(reader, reply, answer):
    assert reader(replied(reply)) == answer


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("c5d9g4g2", "d9g2"),  # other labels are steps, and the last value counts
        ("g2d9", "d9g2"),  # in the order of the task's answer
        ("d9", None),
        ("d9g2;", None),
        ("d9g", None),
        ("", None),
    ],
)
def test_labels_are_those_of_the_tasks_answer(reply, answer):
    task = Task(id="lock", prompt="", answer="d0g0")
    assert Labels()(Rollout.from_text(task, reply)) == answer
    cut = replace(Rollout.from_text(task, reply), finish=Finish.LENGTH)
    assert Labels()(cut) is None


def test_semantic_entropy_by_hand():
    answers = ["a"] * 5 + ["b"] * 2 + ["c"]
    found = asked(SemanticEntropy(reader=READER, truth=None), votes(*answers))
    assert scores(found) == [0.625] * 5 + [0.25] * 2 + [0.125]
    assert found[0].parts["semantic_entropy"] == pytest.approx(0.900, abs=5e-4)


def test_semantic_entropy_teaches_nothing_outside_its_bounds():
    assert scores(asked(SemanticEntropy(reader=READER, truth=None), votes(*"aaaa"))) == [0] * 4
    assert scores(asked(SemanticEntropy(reader=READER, truth=None), votes(*"abcd"))) == [0] * 4
    assert meanings(["a", None, None]) == [1 / 3] * 3
    assert disagreement(["a", None, None]) == pytest.approx(log(3))
    with pytest.raises(UsageError, match="semantic_entropy.low"):
        SemanticEntropy(low=0.9, high=0.2)


def test_two_wordings_judge_each_other():
    asked_for = []

    async def play(request: Request):
        asked_for.append(request)
        return together(replied("#9", seed=p.seed) for p in request.plays)

    group = votes("7", "9", "7")
    found = asked(CoReward(reader=READER, truth=None), group, play)
    assert scores(found) == [0, 1, 0]
    assert asked_for[0].task.prompt == "Answer this question. 6*7="
    assert [p.seed for p in asked_for[0].plays] == [0, 1, 2]
    assert {p.decoding for p in asked_for[0].plays} == {Decoding()}


def test_a_template_keeps_answer_and_role():
    chat = Task(id="c", prompt=({"role": "user", "content": "6*7="},), answer="42")
    told = Template(words="Q: {}!")(chat)
    assert told.prompt == ({"role": "user", "content": "Q: 6*7=!"},) and told.answer == "42"
    with pytest.raises(UsageError, match="template.words"):
        Template(words="no question")


def test_the_incorrect_majority_is_the_commonest_wrong_answer():
    group = votes("42", "42", "42", "7", "7", "9")
    found = asked(IncorrectMajority(reader=READER, truth=Marks()), group)
    assert scores(found) == [0, 0, 0, 1, 1, 0]
    assert [v.correct for v in found] == [True] * 3 + [False] * 3
    assert TASK.answer == "42"
