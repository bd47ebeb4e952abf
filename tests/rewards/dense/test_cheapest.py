"""What earns most without an answer: no such reply may earn more than a right one.

A reply earns its score and the sum of its credit.
"""

from dataclasses import dataclass
from math import fsum

import pytest
from said import Marks, asked, replied, together

from whet.data.procedural.brackets import Brackets as Family
from whet.data.procedural.chain import Chain
from whet.rewards.dense import Each, Separated
from whet.rewards.dense.grpo_s import GrpoS
from whet.rewards.dense.gtpo import Gtpo
from whet.rewards.dense.process import Process
from whet.rewards.dense.process_model import ProcessModel
from whet.rewards.dense.progress import Progress
from whet.rewards.dense.shepherd import Shepherd
from whet.rewards.dense.vine import Vine
from whet.rewards.verifiable.brackets import Brackets
from whet.rewards.verifiable.exact import Exact
from whet.types import Task

CHAIN = Task(id="c", prompt="3+5*2-7+1+1+1+1+1=", answer="14", info={"family": "chain"})
BEGUN = "([{<([{<([{<([{<([{<"
OPEN = Task(id="b", prompt=BEGUN + "=", info={"begun": BEGUN})
CLOSED = ">}])" * 5
CHEAP = {
    "nothing": "",
    "blank steps": ";;;;;;" + " ;" * 30,
    "blank lines": "\n" * 40,
    "right steps, no answer": "8;16;9;10;11;12;13;14",
    "one right step, again and again": "8;8;8;8;8;8;8;8;8;8",
    "the last step, again and again": "8;16;9;10;11;12;13" + ";14" * 30,
    "right steps, wrong answer": "8;16;9;10;11;12;13;#15",
    "results, again and again": "#14;" * 20 + "#3",
}


def earned(verdict):
    return verdict.score + fsum(verdict.credit)


@pytest.mark.parametrize("kind", CHEAP)
def test_process(kind):
    judge = Process(family=Chain(), inner=Exact())
    cheap, short, long, lucky = asked(
        judge,
        [replied(r, task=CHAIN) for r in (CHEAP[kind], "#14", "8;16;9;#14"[:7] + ";#14", "3;#14")],
    )
    assert earned(cheap) <= 0.2 + 1e-9 < min(map(earned, (short, long, lucky)))


def test_process_of_many_steps():
    """Twenty numbers that are right, and no answer."""
    steps = ";".join(str(n) for n in range(1, 21))
    replies = [replied(steps, task=OPEN), replied(f"#{CLOSED}", task=OPEN)]
    cheap, right = asked(Process(family=Family(), inner=Brackets()), replies)
    assert earned(cheap) == pytest.approx(0.2) and earned(right) == pytest.approx(1.2)
    cheap, right = asked(Process(family=Family(), form=Each(), inner=Brackets()), replies)
    assert earned(cheap) == pytest.approx(4.0)
    assert earned(cheap) > earned(right)  # as its docstring says


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A step model that is sure of this."""

    p: float

    def scores(self, rollouts):
        return [[self.p] * r.length for r in rollouts]


@pytest.mark.parametrize("kind", CHEAP)
def test_process_model(kind):
    """The best marks for a wrong chain, the worst for a right one."""
    cuts = Separated(mark=";")
    [cheap] = asked(
        ProcessModel(model=Told(p=1.0), cuts=cuts, inner=Marks()), [replied(CHEAP[kind])]
    )
    worst = ProcessModel(model=Told(p=0.0), cuts=cuts, inner=Marks())
    for reply in ("42", "a;b;42", "a;" * 30 + "42"):
        assert earned(cheap) < earned(asked(worst, [replied(reply)])[0])


@pytest.mark.parametrize("low", [0.0, 1e-4, 3.0, 12.0])
def test_entropies(low):
    """One wrong reply of extreme entropy among others, and right ones of extreme entropy."""
    entropies = (low, 0.0, 1e-3, 1.0, 12.0)
    group = [replied(text, entropy=(h,) * len(text)) for text in ("42", "7") for h in entropies]
    for judge in (Gtpo(inner=Marks()), GrpoS(inner=Marks())):
        found = asked(judge, group)
        totals = [v.score + (v.credit[0] if v.credit else 0.0) for v in found]
        assert min(totals[:5]) >= 0.5 - 1e-9 and max(totals[5:]) <= 0.5 + 1e-9


class World:
    """Continuations are right in half of the cases, wherever they begin."""

    async def __call__(self, request):
        words = ["42", "7"] * (len(request.plays) // 2)
        return together(replied(w, task=request.task) for w in words)


@pytest.mark.parametrize("reward", [Vine, Progress])
def test_steps_that_change_nothing_earn_nothing(reward):
    """Rewards that telescope: thirty empty promises add up to what one does."""
    judge = reward(count=8, cuts=Separated(mark=";"), inner=Marks())
    few, many, right = asked(
        judge, [replied("so;7"), replied("so;" * 30 + "7"), replied("42")], World()
    )
    ends = [sum(c for c in v.credit if c) for v in (few, many)]
    assert ends[0] == pytest.approx(ends[1]) and earned(right) > max(map(earned, (few, many)))


def test_labels_add_up():
    """Shepherd's labels are no rewards: its docstring says so."""
    judge = Shepherd(count=8, cuts=Separated(mark=";"), inner=Marks())
    [many] = asked(judge, [replied("so;" * 30 + "7")], World())
    assert fsum(many.credit) == pytest.approx(15)
    [blank] = asked(judge, [replied("so" + ";" * 30 + "7")], World())
    assert fsum(blank.credit) == pytest.approx(0.5)
