"""Equal answers are one vote, by the judge of the task, and at a bounded cost."""

from dataclasses import dataclass, field

import pytest
from said import TASK, Marks, asked, replied, scores, together

from whet.protocols import GroupReward, Reward
from whet.rewards.unsupervised import Marked
from whet.rewards.unsupervised.co_reward import CoReward
from whet.rewards.unsupervised.incorrect_majority import IncorrectMajority
from whet.rewards.unsupervised.majority import Majority
from whet.rewards.unsupervised.proposer import Proposer
from whet.rewards.unsupervised.semantic_entropy import SemanticEntropy
from whet.types import Finish, Task, UsageError, Verdict

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wary(Close):
    """`Close` that can't judge who says `fault`, unless the answer is hidden."""

    def score(self, rollout):
        if "fault" in rollout.reply:
            return Verdict.unjudged("asked for")
        return super(Wary, self).score(rollout)


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
class Passing(Reward):
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


@pytest.mark.parametrize("judge", [Passing(), Comparing()])
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


def broken(reply, seed):
    return replied(reply, seed=seed, finish=Finish.FAULT)


@pytest.mark.parametrize(
    "judge",
    [
        Majority(reader=READER, truth=None),
        SemanticEntropy(reader=READER, low=0.0, high=1.0, truth=None),
        IncorrectMajority(reader=READER, truth=Marks()),
    ],
)
def test_a_broken_rollout_is_a_fault_and_counts_nowhere(judge):
    """Two broken 7s would turn the vote, and their number would change every share."""
    sound = [replied(f"#{a}", seed=i) for i, a in enumerate("8879")]
    group = [broken("#7", 7), *sound[:2], broken("#7", 8), *sound[2:]]
    found = asked(judge, group)
    assert [v.fault for v in found] == [True, False, False, True, False, False]
    kept = [v for v in found if v.judged]
    alone = asked(judge, sound)
    assert scores(kept) == scores(alone) != [0] * 4
    assert [v.parts for v in kept] == [v.parts for v in alone]
    assert all(v.fault for v in asked(judge, [broken("#7", 1)]))


def test_what_the_checker_could_not_judge_does_not_name_a_cluster():
    """5 is close to 4 and 6: two unjudged 5s would join them."""
    unjudged = [replied("fault #5", seed=i) for i in range(2)]
    group = [*unjudged, *(replied(f"#{v}", seed=9 + v) for v in (4, 6, 6))]
    found = asked(IncorrectMajority(reader=READER, truth=Wary()), group)
    assert [v.score for v in found if v.judged] == [0, 1, 1]


def test_broken_plays_of_a_paraphrase_do_not_vote():
    async def play(request):
        return together([broken("#7", 1), broken("#7", 2), replied("#8", seed=3)])

    async def none(request):
        return together([broken("#7", 1)])

    judge = CoReward(reader=READER, truth=None)
    group = [replied(f"#{a}", seed=i) for i, a in enumerate("78")]
    found = asked(judge, group, play)
    assert scores(found) == [0, 1] and found[0].parts["majority_ratio"] == 1
    assert all(v.fault for v in asked(judge, group, none))


def test_broken_plays_of_a_proposal_do_not_count():
    async def play(request):
        return together([broken("", 1), broken("", 2), replied("#42", seed=3), replied("#7")])

    [found] = asked(Proposer(poser=lambda rollout: TASK, solver=Marks()), [replied("!")], play)
    assert found.parts["solved"] == 0.5


def test_equal_spellings_are_not_asked_about():
    judge = Close()
    asked(Majority(reader=READER, truth=judge), numbers(*[42] * 64))
    assert judge.golds == ["42"] * 64  # once for each reply, for the record


@pytest.mark.parametrize(
    "answer",
    ["7" * 5000, "0." + "1" * 5000, "1/" + "7" * 5000, "7" * 4295 + " trillion"],
    ids=lambda answer: answer[:2] + answer[-2:],
)
def test_a_vast_number_is_an_answer_like_others_and_no_fault(answer):
    """Integers of more than 4300 digits can't be written by Python."""
    group = [replied(f"#{a}", seed=i) for i, a in enumerate([answer, "8", answer])]
    assert scores(asked(Majority(reader=READER, truth=None), group)) == [1, 0, 1]
