"""Puzzles by their rules: every solution is right, and only those."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from verifiable_tasks import right, rolled, task

from whet.rewards import load
from whet.types import Reason

NAMES = ("brackets", "colouring", "hanoi", "knights", "maze", "sat", "sudoku")
NINE = (
    "534678912", "672195348", "198342567", "859761423", "426853791",
    "713924856", "961537284", "287419635", "345286179",
)  # fmt: skip


def judged(name, reply, **info):
    rollout = rolled(name, reply)
    if info:
        rollout.task.info.clear()
        rollout.task.info.update(info)
    return load(name).score(rollout)


@pytest.mark.parametrize(
    ("name", "reply", "reason"),
    [
        ("sudoku", "#1234 3412 2143 4321", Reason.OK),
        ("sudoku", "#1234341221434321", Reason.OK),
        ("sudoku", "<answer>1 2 3 4\n3 4 1 2\n2 1 4 3\n4 3 2 1</answer>", Reason.OK),
        ("sudoku", r"\boxed{1234|3412|2143|4321}", Reason.OK),
        ("sudoku", "#1234 3412 2143 4312", Reason.WRONG),
        ("sudoku", "#2143 4321 1234 3412", Reason.WRONG),  # a grid, but another's
        ("sudoku", "#1234 3412 2143", Reason.BAD_FORMAT),
        ("sudoku", "#1034 0012 2100 0021", Reason.BAD_FORMAT),
        ("sudoku", "#１234 3412 2143 4321", Reason.BAD_FORMAT),
        ("knights", "#1 0 0", Reason.OK),
        ("knights", "#010", Reason.OK),
        ("knights", "#1, 0, 0", Reason.OK),
        ("knights", "#1 1 0", Reason.WRONG),
        ("knights", "#1 0 1", Reason.WRONG),
        ("knights", "#1 0", Reason.BAD_FORMAT),
        ("knights", "#1 0 2", Reason.BAD_FORMAT),
        ("sat", "#1 0 1", Reason.OK),
        ("sat", "#0 1 0", Reason.OK),
        ("sat", "#1 1 0", Reason.WRONG),
        ("sat", "#0 0 1", Reason.WRONG),
        ("sat", "#0 0 1 1", Reason.BAD_FORMAT),
        ("colouring", "#1 2 3", Reason.OK),
        ("colouring", "#321", Reason.OK),
        ("colouring", "#1 2 1", Reason.WRONG),
        ("colouring", "#1 2 4", Reason.WRONG),
        ("colouring", "#0 1 2", Reason.WRONG),
        ("colouring", "#1 2", Reason.BAD_FORMAT),
        ("hanoi", "#12 13 23", Reason.OK),
        ("hanoi", "#12, 13, 23", Reason.OK),
        ("hanoi", "#13 23", Reason.WRONG),
        ("hanoi", "#13 13", Reason.WRONG),  # the larger onto the smaller
        ("hanoi", "#12 13", Reason.WRONG),
        ("hanoi", "#11 12 13 23", Reason.WRONG),
        ("hanoi", "#12 21 12 13 23", Reason.WRONG),  # too many
        ("hanoi", "#14", Reason.BAD_FORMAT),
        ("hanoi", "#121323", Reason.BAD_FORMAT),
        ("maze", "#00 01 11", Reason.OK),
        ("maze", "#00 10 11", Reason.WRONG),  # through a wall
        ("maze", "#00 11", Reason.WRONG),
        ("maze", "#01 11", Reason.WRONG),
        ("maze", "#00 01", Reason.WRONG),
        ("maze", "#00 01 00 01 11", Reason.WRONG),  # too long
        ("maze", "#00 01 02 12 11", Reason.WRONG),
        ("maze", "#0 0", Reason.BAD_FORMAT),
        ("brackets", "#])", Reason.OK),
        ("brackets", "<answer>] )</answer>", Reason.OK),
        ("brackets", "#)]", Reason.WRONG),
        ("brackets", "#]", Reason.WRONG),
        ("brackets", "#]))", Reason.WRONG),
        ("brackets", "#()])", Reason.WRONG),
        ("brackets", "#close", Reason.BAD_FORMAT),
    ],
)
def test_replies(name, reply, reason):
    verdict = judged(name, reply)
    assert verdict.reason is reason, verdict
    assert verdict.score == float(reason is Reason.OK)


@pytest.mark.parametrize("name", NAMES)
def test_what_all_puzzles_share(name):
    answer = right(name).removeprefix("#")
    for said in (f"<answer>{answer}</answer>", f"<think>#1</think>#{answer}", f"#1 #{answer}"):
        assert judged(name, said).correct, said
    assert judged(name, answer).reason in (Reason.NO_ANSWER, Reason.BAD_FORMAT)
    assert judged(name, f"<think>#{answer}").reason is Reason.TRUNCATED
    assert judged(name, f"<think>#{answer}</think>#9").score == 0
    assert judged(name, rf"\boxed{{9}} \boxed{{{answer}}}").reason is Reason.WRONG
    assert judged(name, "#" + "1 " * 5000).reason is Reason.WRONG
    for key in set(task(name).info) - {"verifier"}:
        short = {k: v for k, v in task(name).info.items() if k != key}
        verdict = judged(name, f"#{answer}", **short)
        assert verdict.fault and repr(key) in verdict.note


def test_a_grid_of_nine():
    given_grid = "".join(NINE[0]) + "0" * 72
    assert judged("sudoku", f"#{' '.join(NINE)}", grid=given_grid).correct
    swapped = [*NINE[:3], NINE[4], NINE[3], *NINE[5:]]
    assert judged("sudoku", f"#{' '.join(swapped)}", grid=given_grid).correct
    broken = [*NINE[:2], NINE[3], NINE[2], *NINE[4:]]
    assert not judged("sudoku", f"#{' '.join(broken)}", grid=given_grid).correct
    broken = judged("sudoku", "#123", grid="123")
    assert broken.fault and "a grid of 3 cells" in broken.note


@given(st.sampled_from(NAMES), st.text(alphabet="0123456789 ,#[](){}<>|-+ab", max_size=40))
def test_no_text_upsets_a_puzzle(name, text):
    verdict = judged(name, f"#{text}")
    assert not verdict.fault and verdict.score in (0, 1)


@given(st.integers(0, 2**31))
def test_random_walks_solve_nothing_that_the_rules_do_not(seed):
    """Legal moves of two discs, until they arrive; the judge agrees with the walk."""
    rng, pegs, moves = Random(seed), ["1", "1"], []
    while len(moves) < 12 and pegs != ["3", "3"]:
        disc, peg = rng.randrange(2), rng.choice("123")
        if pegs[disc] != peg and (disc == 0 or pegs[0] not in (peg, pegs[1])):
            moves.append(pegs[disc] + peg)
            pegs[disc] = peg
    info = {"start": "11", "goal": "33", "most": 12}
    arrived = pegs == ["3", "3"]
    assert judged("hanoi", f"#{' '.join(moves)}", **info).correct is arrived
