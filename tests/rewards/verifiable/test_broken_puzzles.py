"""Puzzle tasks that can't be read or solved, and other spellings of tasks and answers."""

import pytest

from whet.rewards import load
from whet.types import Reason, Rollout, Task


def verdict(name, info, reply):
    task = Task(id="t", prompt="?", info=info)
    return load(name).score(Rollout.from_text(task, reply))


BROKEN = [
    ("sat", {"variables": 0, "clauses": "a"}),
    ("sat", {"variables": "x", "clauses": "a"}),
    ("sat", {"variables": 27, "clauses": "a"}),
    ("sat", {"variables": 2, "clauses": "a+c"}),
    ("sat", {"variables": 2, "clauses": ""}),
    ("sat", {"variables": 2, "clauses": "a|-a"}),
    ("sat", {"variables": 2, "clauses": None}),
    ("sat", {"variables": True, "clauses": "a"}),
    ("maze", {"walls": "00|00", "start": "00", "goal": "11", "most": 2}),
    ("maze", {"walls": "01|10", "start": "00", "goal": "11", "most": 9}),
    ("maze", {"walls": "10|00", "start": "00", "goal": "11", "most": 9}),
    ("maze", {"walls": "0a|00", "start": "00", "goal": "11", "most": 9}),
    ("maze", {"walls": "|".join(["0" * 12] * 12), "start": "00", "goal": "11", "most": 9}),
    ("maze", {"walls": "00|00", "start": "0", "goal": "11", "most": 9}),
    ("maze", {"walls": ["00", "00"], "start": "00", "goal": "11", "most": 9}),
    ("hanoi", {"start": "111", "goal": "333", "most": 6}),
    ("hanoi", {"start": "111", "goal": "33", "most": 9}),
    ("hanoi", {"start": "114", "goal": "333", "most": 9}),
    ("hanoi", {"start": "", "goal": "", "most": 9}),
    ("hanoi", {"start": "11", "goal": "33", "most": None}),
    ("knights", {"said": "a:-a"}),
    ("knights", {"said": "a:b"}),
    ("knights", {"said": "a:a*b+a|b:a"}),
    ("knights", {"said": "a"}),
    ("knights", {"said": ""}),
    ("knights", {"said": "a:b|a:b|b:a"}),
    ("colouring", {"nodes": 3, "colours": 2, "edges": "ab bc ac"}),
    ("colouring", {"nodes": 3, "colours": 2, "edges": "aa"}),
    ("colouring", {"nodes": 3, "colours": 2, "edges": "ad"}),
    ("colouring", {"nodes": 3, "colours": 0, "edges": "ab"}),
    ("colouring", {"nodes": 3, "colours": 12, "edges": "ab"}),
    ("colouring", {"nodes": 3, "colours": 3, "edges": "a-b"}),
    ("sudoku", {"grid": "1100 0000 0000 0000"}),
    ("sudoku", {"grid": "1500 0000 0000 0000"}),
    ("sudoku", {"grid": "123"}),
    ("sudoku", {"grid": ""}),
    ("brackets", {"begun": "(]"}),
    ("brackets", {"begun": "()"}),
    ("brackets", {"begun": ""}),
    ("brackets", {"begun": "(a"}),
]


@pytest.mark.parametrize(("name", "info"), BROKEN)
def test_a_broken_puzzle_is_a_fault_whatever_the_reply_is(name, info):
    for reply in ("", "#1 0", "no idea", "<think>", "#11"):
        found = verdict(name, info, reply)
        assert found.reason is Reason.VERIFIER_ERROR and "'t'" in found.note, found


@pytest.mark.parametrize(
    ("name", "info", "reply"),
    [
        ("sat", {"variables": "3", "clauses": "a + b | -a + c"}, "#[1, 0, 1]"),
        ("sat", {"variables": 3.0, "clauses": "a+b|-a+c"}, "#1\n0\n1"),
        ("maze", {"walls": "00|10", "start": [0, 0], "goal": (1, 1), "most": 3}, "#[00, 01, 11]"),
        ("hanoi", {"start": [1, 1], "goal": "33", "most": "3"}, "#12\n13\n23."),
        ("knights", {"said": "a: -b | b: -a"}, "#(1, 0)"),
        ("sudoku", {"grid": "1.34 __12 21__ __21"}, "#[[1,2,3,4],[3,4,1,2],[2,1,4,3],[4,3,2,1]]"),
    ],
)
def test_other_spellings_of_right_answers(name, info, reply):
    assert verdict(name, info, reply).correct
