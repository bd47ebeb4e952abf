"""Equal answers are one vote, by the judge of the task, and at a bounded cost."""

from dataclasses import dataclass, field

import pytest
from said import Marks, asked, replied, scores, together

from whet.protocols import GroupReward, Reward
from whet.rewards.unsupervised import Marked
from whet.rewards.unsupervised.co_reward import CoReward
from whet.rewards.unsupervised.incorrect_majority import IncorrectMajority
from whet.rewards.unsupervised.majority import Majority
from whet.rewards.unsupervised.semantic_entropy import SemanticEntropy
from whet.types import Task, UsageError, Verdict

READER = Marked()


def task(verifier, **info):
    return Task(id="t", prompt="?", answer="", info={"verifier": verifier, **info})


MATH = [
    ("x+1", "1+x", "x+2"),
    (r"2\sqrt3", r"2\sqrt{3}", r"3\sqrt{2}"),
    ("0.5", r"\frac{1}{2}", r"\frac{1}{3}"),
    ("(x-1)(x+1)", "x^2-1", "x^2+1"),
    (r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt2}", r"\sqrt2"),
    (r"\sin^2 x", r"1-\cos^2 x", r"\cos^2 x"),
    (r"\{1,2\}", r"\{2,1\}", r"\{1,3\}"),
    ("1024", "2^{10}", "2^{11}"),
]


@pytest.mark.parametrize(("one", "equal", "other"), MATH)
def test_equal_formulas_are_one_vote(one, equal, other):
    group = [
        replied(rf"\boxed{{{a}}}", task=task("math"), seed=i)
        for i, a in enumerate([other, one, equal, other, one])
    ]
    assert scores(asked(Majority(truth=None), group)) == [0, 1, 1, 0, 1]
    found = asked(SemanticEntropy(low=0.0, truth=None), group)
    assert scores(found) == pytest.approx([0.4, 0.6, 0.6, 0.4, 0.6])


def test_a_letter_and_a_letter_in_brackets_are_one_vote():
    options = task("choice", choices=("red", "green", "blue"))
    said = ["Answer: B", "Answer: A", "Answer: (A)", "Answer: B", "Answer: red"]
    group = [replied(text, task=options, seed=i) for i, text in enumerate(said)]
    assert scores(asked(Majority(truth=None), group)) == [0, 1, 1, 0, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Reward):
    """Right is what is at most 1 away; counts its calls and remembers the golds."""

    golds: list = field(default_factory=list)

    def score(self, rollout):
        gold = rollout.task.answer
        self.golds.append(gold)
        if not gold.isdecimal():
            return Verdict.unjudged("no number")
        apart = abs(int(rollout.reply.removeprefix("#")) - int(gold))
        return Verdict.binary(correct=apart <= 1)


def numbers(*values):
    return [replied(f"#{v}", seed=i) for i, v in enumerate(values)]


def test_a_cluster_is_what_equals_its_commonest_answer():
    """1 = 2 and 2 = 3, but not 1 = 3: the commonest, 2, takes both; from 1 only 2 is taken."""
    assert scores(asked(Majority(reader=READER, truth=Close()), numbers(1, 2, 2, 3, 9))) == [
        1,
        1,
        1,
        1,
        0,
    ]
    assert scores(asked(Majority(reader=READER, truth=Close()), numbers(1, 1, 2, 3))) == [
        1,
        1,
        1,
        0,
    ]


def test_the_cost_is_bounded_and_the_tasks_answer_is_hidden():
    judge = Close()
    asked(Majority(reader=READER, truth=judge), numbers(*range(0, 40, 2)))
    assert len(judge.golds) <= 17 * 20 + 20
    hidden = Close()
    asked(CoReward(reader=READER, truth=hidden), [], None)
    asked(SemanticEntropy(reader=READER, truth=hidden), numbers(1, 2, 5))
    assert hidden.golds.count("42") == 3  # once for each reply, for the record


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests(Reward):
    """Right is what passes, whatever the task's answer is."""

    def score(self, rollout):
        return Verdict.binary(correct=rollout.reply in ("#p", "#q"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusing(Reward):
    """No answer can be compared."""

    def score(self, rollout):
        raise UsageError("this task has no options")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing(GroupReward):
    """A judge of whole groups is not asked about pairs."""

    async def score_group(self, group, context):
        return [Verdict.binary(correct=True)] * len(group)


@pytest.mark.parametrize("judge", [Tests(), Comparing()])
def test_a_judge_that_does_not_read_the_answer_joins_nothing(judge):
    assert scores(asked(Majority(reader=READER, truth=judge), numbers("p", "q", "r", "r"))) == [
        0,
        0,
        1,
        1,
    ]


def test_without_a_judge_spelling_decides():
    nowhere = Task(id="n", prompt="?")
    group = [replied(f"#{a}", task=nowhere, seed=i) for i, a in enumerate("abb")]
    assert scores(asked(Majority(reader=READER, truth=None), group)) == [0, 1, 1]
    with pytest.raises(UsageError, match="no options"):  # for the record it is asked in earnest
        asked(Majority(reader=READER, truth=Refusing()), group)


def test_both_wordings_and_wrong_answers_are_joined():
    asks = task("math")
    group = [replied(rf"\boxed{{{a}}}", task=asks, seed=i) for i, a in enumerate(("1+x", "x"))]

    async def play(request):
        said = ("x+1", "x")
        return together(
            replied(rf"\boxed{{{a}}}", task=request.task, seed=p.seed)
            for a, p in zip(said, request.plays, strict=True)
        )

    assert scores(asked(CoReward(truth=None), group, play)) == [1, 0]
    wrong = [replied(f"#{v}", seed=i) for i, v in enumerate(("42", "7", "8", "20"))]
    found = asked(IncorrectMajority(reader=READER, truth=Close()), wrong)
    assert scores(found) == [0, 1, 1, 0]


def test_a_fault_of_the_checker_joins_nothing():
    group = [replied(text, seed=i) for i, text in enumerate(("fault #1", "#2", "#2"))]
    assert scores(asked(Majority(reader=READER, truth=Marks()), group)) == [0, 1, 1]


@pytest.mark.parametrize("reply", ["<think>#42", "<think>so #42\n", "<think>a</think> none"])
def test_thoughts_do_not_vote(reply):
    assert READER(replied(reply)) is None
