"""Who proposes tasks, and who says how a text goes on."""

from dataclasses import dataclass

import pytest
from said import Marks, asked, replied, scores, together

from whet.rewards.unsupervised import Edge, Parabola, Rarer, Tent
from whet.rewards.unsupervised.next_token import NextToken
from whet.rewards.unsupervised.proposer import Proposer
from whet.types import Reason, Task


@pytest.mark.parametrize(
    ("worth", "value"), [(Edge(), 0.75), (Tent(), 0.5), (Parabola(), 0.75), (Rarer(), 0.25)]
)
def test_two_of_eight_solved(worth, value):
    assert worth(0.25) == pytest.approx(value)
    assert worth(1.0) == 0 and worth(0.0) == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """`add a b`."""

    def __call__(self, rollout):
        word, *numbers = rollout.reply.split()
        if word != "add":
            return None
        if len(numbers) != 2:
            raise ValueError("two numbers, please")
        return Task(id=rollout.reply, prompt=rollout.reply, answer=str(sum(map(int, numbers))))


async def solve(request):
    """Two of eight know; nobody can judge `add 0 0`."""
    lost = request.task.prompt == "add 0 0"
    words = ["fault" if lost else request.task.answer] * 2 + ["fault" if lost else "?"] * 6
    return together(
        replied(text, task=request.task, seed=play.seed)
        for text, play in zip(words, request.plays, strict=True)
    )


def test_a_proposal_earns_by_how_hard_it_is():
    words = ["add 1 2", "add 1 2", "add 1", "hello", "add 0 0"]
    judge = Proposer(poser=Sums(), solver=Marks())
    found = asked(judge, [replied(w, seed=i) for i, w in enumerate(words)], solve)
    assert scores(found)[:4] == [0.75, -0.5, -0.5, -1.0]
    assert found[0].parts["solved"] == 0.25
    assert found[4].fault
    assert [v.correct for v in found[:4]] == [None] * 4


TEXT = Task(id="x", prompt="The capital of France", answer=" Paris is", info={"boundaries": (6, 9)})


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("hm <answer> Paris</answer>", 1),
        ("<answer> Par</answer>", 0),
        ("<answer>Paris</answer>", 0),
        ("<answer></answer>", 0),
        ("<answer> Rome</answer>", 0),
        ("<answer> Paris is</answer>", 1),
        (" Paris", 0),
    ],
)
def test_a_prediction_ends_where_a_token_does(reply, score):
    assert NextToken().score(replied(reply, task=TEXT)).score == score


def test_a_text_without_boundaries_cannot_be_judged():
    assert NextToken().score(replied("<answer>42</answer>")).fault
    none = NextToken().score(replied(" Paris", task=TEXT))
    assert none.reason is Reason.NO_ANSWER
    inner = Task(id="y", prompt="?", answer=" Paris is", info={"boundaries": (4, 6, 9)})
    assert NextToken().score(replied("<answer> Par</answer>", task=inner)).score == 1
