"""Puzzle judges against the solvers of puzzle_oracles.

An instance is drawn as data, written down in the judge's notation, and each answer is checked on
the data.  Answers are right ones, random ones, right ones with one change, and malformed ones.
"""

from random import Random

import pytest
from puzzle_oracles import FIXED, MAKERS, answers, written

from whet.rewards import load
from whet.types import Rollout, Task

ROUNDS = 60


def verdict(name, info, reply):
    task = Task(id="t", prompt="?", info=info)
    return load(name).score(Rollout.from_text(task, reply))


@pytest.mark.parametrize("name", MAKERS)
def test_every_answer_is_judged_by_the_rules(name):
    for seed in range(ROUNDS):
        rng = Random(f"{name} {seed}")
        made = MAKERS[name](rng)
        if made is None:
            continue
        info, every, legal, signs = made
        if not every:
            for reply in ("", "#1 0 1", "<think>", "#12 13", "#)"):
                assert verdict(name, info, reply).fault, (info, reply)
            continue
        size = len(every[0]) if name in FIXED else None
        for moves in answers(rng, every, legal, signs, size):
            reply = written(rng, moves)
            if name == "sudoku":
                reply = reply.replace(".", "").replace("(", "").replace(")", "")
            found = verdict(name, info, reply)
            assert not found.fault, (info, reply, found)
            assert found.correct is legal(moves), (info, reply, found)
            assert found.score == float(found.correct)


@pytest.mark.parametrize("name", MAKERS)
def test_malformed_answers_are_wrong_and_never_a_fault(name):
    """A right answer with something in it that no answer has, or too short or too long."""
    for seed in range(ROUNDS):
        rng = Random(f"bad {name} {seed}")
        made = MAKERS[name](rng)
        if made is None or not made[1]:
            continue
        info, every, _, _ = made
        right = " ".join(every[0])
        bad = [f"#{right} x", f"#x {right}", f"#{right} -", "#", "#" + right.replace("1", "١"),
               f"{right}", f"<answer>{right}", rf"\boxed{{{right}", f"#{right}\n#", "#\x00" + right,
               f"<think>#{right}", f"#{right} # 7", "#" + "9" * 5000]  # fmt: skip
        if name in FIXED:
            bad += [f"#{right} {right}", f"#{right[1:]}"]
        for reply in bad:
            if reply == f"#{right}" or (name == "sudoku" and reply.endswith(" -")):
                continue  # no 1 to replace; a sign that draws a line
            found = verdict(name, info, reply)
            assert not found.fault and found.score == 0, (info, reply, found)
