"""`process` against its equation, with a step checker of its own for chains of operations."""

import math
from random import Random

import pytest
from said import Marks, asked, replied

from whet.data.procedural.chain import Chain
from whet.rewards.dense import AtEnd, Each, MinForm, Spread
from whet.rewards.dense.process import Process
from whet.types import Task

OPERATIONS = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}


def values(start, operations):
    """The results of all operations, one after another, modulo 97."""
    found = []
    for sign, number in operations:
        start = OPERATIONS[sign](start, number) % 97
        found.append(start)
    return found


def checked(start, operations, lines):
    """Whether each line follows; of a state (value, operations done) all meanings are kept."""
    states, marks = {(start, 0)}, []
    for line in lines:
        after = {
            (value, done + k + 1): value
            for own, done in states
            for k, value in enumerate(values(own, operations[done:]))
        }
        if line.startswith("#"):
            ends = {(values(v, operations[n:]) or [v])[-1] for v, n in states}
            marks.append(line[1:] in {str(end) for end in ends})
            states = set()
            continue
        meant = {state for state in after if str(state[0]) == line}
        marks.append(bool(meant))
        states = meant or _believed(states, operations, line)
    return marks


def _believed(states, operations, line):
    """The states after one more operation, with the value that was written, if it is a number."""
    after = [(values(v, operations[n : n + 1]) or [v], n) for v, n in states]
    known = int(line) if line.isdecimal() else None
    return {
        (value if known is None else known, min(n + 1, len(operations))) for (value, *_), n in after
    }


def drawn(rng):
    """A task, and lines that mostly follow, with blanks, repeats, and a result or none."""
    start = rng.randrange(97)
    operations = [(rng.choice("+-*"), rng.randrange(97)) for _ in range(rng.randint(1, 6))]
    right = [str(v) for v in values(start, operations)]
    lines = [line for line in right if rng.random() < 0.8]
    if lines and rng.random() < 0.5:
        lines.insert(rng.randrange(len(lines) + 1), rng.choice([*lines, "5", "x", "500"]))
    if rng.random() < 0.7:
        lines.append("#" + rng.choice([right[-1], "5", ""]))
    prompt = f"{start}{''.join(s + str(n) for s, n in operations)}="
    task = Task(id="c", prompt=prompt, answer=right[-1], info={"family": "chain"})
    return task, start, operations, lines


@pytest.mark.parametrize("form", ["each", "least"])
@pytest.mark.parametrize("place", ["end", "spread"])
def test_process(form, place):
    """A step k that follows has w · right at its last token, another w · wrong.

    The least form: w · r_k exp(−r_k / T) / Σ_j exp(−r_j / T), T = 0.1 (arXiv:2504.15275).  A blank
    line is no step.
    """
    judge = Process(
        family=Chain(),
        inner=Marks(),
        form=Each() if form == "each" else MinForm(),
        place=AtEnd() if place == "end" else Spread(),
    )
    for seed in range(150):
        task, start, operations, lines = drawn(Random(seed))
        blanks = [Random(seed + k).choice([";", ";", ";;", "; ;"]) for k, _ in enumerate(lines)]
        reply = "".join(line + blank for line, blank in zip(lines, blanks, strict=True))
        marks = checked(start, operations, lines)
        rewards = [1.0 if mark else -1.0 for mark in marks]
        if form == "least" and rewards:
            weights = [math.exp(-r / 0.1) for r in rewards]
            rewards = [r * w / math.fsum(weights) for r, w in zip(rewards, weights, strict=True)]
        wanted, at = [0.0] * len(reply), 0
        for line, blank, reward in zip(lines, blanks, rewards, strict=True):
            for n in range(at if place == "spread" else at + len(line) - 1, at + len(line)):
                wanted[n] = 0.2 * reward
            at += len(line) + len(blank)
        [found] = asked(judge, [replied(reply, task=task)])
        assert found.credit == pytest.approx(wanted, abs=1e-9), (task.prompt, reply, marks)
