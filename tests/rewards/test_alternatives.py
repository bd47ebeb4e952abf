"""Several right answers: the best verdict counts, and a fault is never a zero."""

import asyncio
from dataclasses import dataclass, replace

import pytest
from said import replied

from whet.protocols import Reward
from whet.rewards import find
from whet.rewards.declared import Declared
from whet.rewards.judging import best_of, context_of, verdict, verdicts
from whet.rewards.shaping.overlong import Overlong
from whet.rewards.verifiable.exact import Exact
from whet.rewards.verifiable.math import Math
from whet.types import Group, Reason, Task, Verdict

TASK = Task(id="t", prompt="x² = 16?", answer="4", alternatives=("-4",), info={"verifier": "math"})
RIGHT, WRONG = Verdict.binary(correct=True), Verdict.binary(correct=False)
FAULT, NONE = Verdict.unjudged("down"), Verdict.not_applicable("no opinion")


def half(score, *, correct=None):
    return Verdict(reason=Reason.PARTIAL, score=score, correct=correct)


def judged(judge, reply, task=TASK):
    return asyncio.run(verdict(replied(reply, task=task), judge))


@pytest.mark.parametrize(
    ("found", "best"),
    [
        ([WRONG, RIGHT], RIGHT),
        ([RIGHT, WRONG], RIGHT),
        ([WRONG, WRONG], WRONG),
        ([FAULT, RIGHT], RIGHT),
        ([WRONG, FAULT], FAULT),
        ([half(0.9), FAULT], FAULT),
        ([FAULT, FAULT], FAULT),
        ([NONE, WRONG], WRONG),
        ([NONE, FAULT], FAULT),
        ([NONE, NONE], NONE),
        ([half(0.2), half(0.7)], half(0.7)),
        ([half(2.0, correct=False), half(1.0, correct=True)], half(1.0, correct=True)),
        ([half(-3.0), half(-2.0)], half(-2.0)),
    ],
)
def test_the_best_verdict_counts(found, best):
    assert best_of(found) == best


def test_the_cost_is_that_of_all():
    found = [replace(WRONG, cost_ms=3.0), replace(RIGHT, cost_ms=4.0)]
    assert best_of(found).cost_ms == 7.0


@pytest.mark.parametrize("judge", [Math(), Declared()], ids=["math", "declared"])
@pytest.mark.parametrize(
    ("reply", "right"), [(r"\boxed{4}", 1), (r"\boxed{-4}", 1), (r"\boxed{16}", 0), ("", 0)]
)
def test_any_of_the_answers_is_right(judge, reply, right):
    assert judged(judge, reply).score == right


def test_a_wrapper_asks_with_every_answer():
    group = Group(task=TASK, rollouts=tuple(replied(f"#{n}", task=TASK) for n in (4, -4, 5)))
    found = asyncio.run(
        verdicts(group, Overlong(inner=Exact(), longest=99, cushion=9), context_of())
    )
    assert [v.correct for v in found] == [True, True, False]


@pytest.mark.parametrize("gold", ["$$", "$ $", r"\text{}", r"\,", ".", "~", r"\left\right", " "])
def test_an_answer_that_says_nothing_pays_no_reply(gold):
    task = replace(TASK, answer=gold, alternatives=())
    for said in (r"\boxed{.}", r"\boxed{\,}", r"\boxed{x}", "", gold):
        found = judged(Math(), said, task)
        assert found.fault and "no answer" in found.note


def test_a_reply_that_names_all_answers_is_still_a_bet():
    assert judged(Exact(), "#4 #-4").score == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Once(Reward):
    """Looks at all answers itself."""

    reads_alternatives: bool = True

    def score(self, rollout):
        golds = (rollout.task.answer, *rollout.task.alternatives)
        return Verdict.binary(correct=rollout.reply in golds, note=f"{len(golds)} answers")


def test_a_reward_may_look_at_all_answers_itself():
    assert judged(Once(), "-4").note == "2 answers"
    assert judged(Once(reads_alternatives=False), "-4").note == "1 answers"


ROW = replace(TASK, info={"answer": ["4", "-4"], "data_source": "m"})
SCRIPTS = {
    "whet": ("def score(reply, answer):\n    return float(reply == answer)\n", 1.0),
    "trl": (
        "def score(completions, answer, solution, **columns):\n"
        "    assert answer == solution == [['4', '-4']]\n    return [0.25]\n",
        0.25,
    ),
    "verl": (
        "def compute_score(data_source, solution_str, ground_truth, extra_info):\n"
        "    assert ground_truth == extra_info['answer'] == ['4', '-4']\n    return 0.25\n",
        0.25,
    ),
    "openrlhf": (
        "def reward_func(queries, prompts, labels):\n"
        "    assert labels == [['4', '-4']]\n    return [0.25]\n",
        0.25,
    ),
    "verifiers": (
        "def score(completion, answer, state):\n"
        "    assert answer == state['answer'] == ['4', '-4']\n    return 0.25\n",
        0.25,
    ),
}


@pytest.mark.parametrize("form", SCRIPTS)
def test_scripts_have_answers_as_their_trainers_pass_them(form, tmp_path):
    text, score = SCRIPTS[form]
    path = tmp_path / "judge.py"
    path.write_text(text)
    group = Group(task=ROW, rollouts=(replied("-4", task=ROW),))
    [found] = asyncio.run(verdicts(group, find(str(path)), context_of()))
    assert found.score == score, found.note


def test_one_answer_is_passed_as_before(tmp_path):
    path = tmp_path / "judge.py"
    path.write_text(
        "def score(completions, answer, solution, **columns):\n"
        "    return [float(answer == ['so 4'] and solution == ['4'])]\n"
    )
    task = replace(TASK, alternatives=(), info={"answer": "so 4"})
    group = Group(task=task, rollouts=(replied("4", task=task),))
    assert asyncio.run(verdicts(group, find(str(path)), context_of()))[0].score == 1
