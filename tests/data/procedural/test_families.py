"""Every family: its worked replies are right, its steps are checked, and the numbers by hand."""

import re
from functools import reduce
from itertools import product
from operator import and_
from random import Random
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import recorded

from whet.data import load
from whet.data.procedural import Procedural
from whet.data.procedural.truth_tables import truth
from whet.registry import names
from whet.rewards.declared import Declared
from whet.rewards.verifiable.knights import is_true
from whet.rewards.verifiable.sat import satisfies
from whet.types import Task, UsageError

NAMES = sorted(names("corpus"))
each_family = pytest.mark.parametrize("name", NAMES)
seeds, shares = st.integers(0, 2**31), st.floats(0, 1)


def judged(task, reply):
    turns = (task.prompt, reply)
    rollout = recorded(task=task, seed=0, turns=turns, tokens=(), chosen=(), behaviour_logp=())
    return Declared().score(rollout)


def drawn(name, seed, share):
    """A task of the family, at a share of the way from its lowest to its highest level."""
    family = load(name)
    low, high = family.levels
    return family, family.draw(Random(seed), low + round(share * (high - low)))


@each_family
@given(seed=seeds, level=shares, keep=shares)
def test_a_worked_reply_is_right_in_every_step(name, seed, level, keep):
    family, task = drawn(name, seed, level)
    reply = family.worked(task, Random(seed), keep)
    assert judged(task, reply).score == 1
    steps = family.steps(task, reply)
    assert steps and all(step.correct for step in steps)
    edges = [edge for step in steps for edge in (step.start, step.end)]
    assert edges == sorted(edges) and edges[-1] == len(reply)


@pytest.mark.full
@each_family
@given(seed=seeds, level=shares, data=st.data())
def test_a_corrupted_digit_is_noticed(name, seed, level, data):
    family, task = drawn(name, seed, level)
    reply = family.worked(task, Random(seed))
    place = data.draw(st.sampled_from([m.start() for m in re.finditer("[0-9]", reply)]))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != reply[place]]))
    steps = family.steps(task, f"{reply[:place]}{digit}{reply[place + 1 :]}")
    assert all(step.correct for step in steps if step.end <= place)
    assert not all(step.correct for step in steps)


@each_family
@given(seed=seeds, level=shares)
def test_full_working_has_every_step_and_none_has_the_answer_alone(name, seed, level):
    family, task = drawn(name, seed, level)
    full, short = (family.worked(task, Random(seed), keep) for keep in (1.0, 0.0))
    assert short == (task.answer if name == "lock" else f"#{task.answer}")
    assert len(family.steps(task, full)) > len(family.steps(task, short)) or task.info["level"] == 1
    assert set(str(task.prompt) + full) <= set(family.alphabet)


@each_family
@given(seed=seeds, level=shares, text=st.text(max_size=60))
def test_random_text_earns_nothing_and_upsets_nobody(name, seed, level, text):
    family, task = drawn(name, seed, level)
    assert judged(task, text).score == 0
    for step in family.steps(task, text):
        assert 0 <= step.start < step.end <= len(text)


def test_all_alphabets_together_are_small():
    alphabets = [load(name).alphabet for name in NAMES]
    assert all(len(set(alphabet)) == len(alphabet) for alphabet in alphabets)
    assert len(set("".join(alphabets))) <= 64


@each_family
def test_a_family_is_a_family_and_names_itself(name):
    family = load(name)
    assert isinstance(family, Procedural)
    low, high = family.levels
    task = family.draw(Random(0), low)
    assert (task.info["family"], task.info["level"]) == (name, low)
    for level in (low - 1, high + 1, -1):
        with pytest.raises(
            UsageError, match=rf"level of {name} is {level}; give one from {low} to"
        ):
            family.draw(Random(0), level)


def checked(name, prompt, reply, **info):
    steps = load(name).steps(Task(id="t", prompt=prompt, info=info), reply)
    return "".join("+" if step.correct else "-" for step in steps)


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("8;16;9;#9", "++++"),
        ("#9", "+"),
        ("16;#9", "++"),
        ("8;9;#9", "+++"),
        ("9;#9", "++"),
        ("8;17;10;#10", "+-++"),
        ("8;17;9;#9", "+--+"),
        ("8;16;9;#8", "+++-"),
        ("8;16;9;9;#9", "+++-+"),
        ("8;16;#9;#9", "+++-"),
        ("08;16;9;#9", "-+++"),
        ("well;#9", "-+"),
        ("", ""),
        (";;", ""),
    ],
)
def test_chain_by_hand(reply, marks):
    assert checked("chain", "3+5*2-7=", reply) == marks


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [("0-28-41-43=", 82), ("96+1=", 0), ("96*96*96=", 96), ("1-2=", 96), ("50*2+0=", 3)],
)
def test_chain_counts_modulo_97_from_left_to_right(prompt, answer):
    assert checked("chain", prompt, f"#{answer}") == "+"


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("3;4;7;2;14;#14", "++++++"),
        ("#14", "+"),
        ("7;#14", "++"),
        ("3;4;8;2;16;#16", "++-+++"),
        ("3;4;8;2;14;#14", "++-+-+"),
        ("4;3;7;2;14;#14", "+----+"),
    ],
)
def test_stack_by_hand(reply, marks):
    assert checked("stack", "push 3 push 4 add push 2 mul =", reply) == marks


@pytest.mark.parametrize(
    ("program", "answer"),
    [("push 3 push 5 sub =", 95), ("push 3 push 5 swap sub =", 2), ("push 50 push 2 mul =", 3)],
)
def test_stack_instructions(program, answer):
    assert checked("stack", program, f"#{answer}") == "+"


@pytest.mark.parametrize(
    ("prompt", "reply", "marks"),
    [
        ("sort 5 3 9 1=", "1;1 3;1 3 5;1 3 5 9;#1 3 5 9", "+++++"),
        ("sort 5 3 9 1=", "1 3 5;#1 3 5 9", "++"),
        ("sort 5 3 9 1=", "1;1 5;1 5 3;1 5 3 9;#1 5 3 9", "+-+++"),
        ("sort 5 3 9 1=", "1;1 3;#1 3 9 5", "++-"),
        ("reverse 5 3 9=", "9;9 3;9 3 5;#9 3 5", "++++"),
        ("dedup 5 3 5 9 3=", "5;5 3;5 3 9;#5 3 9", "++++"),
        ("dedup 5 3 5 9 3=", "5;5 3;5 3 5;#5 3 5 9", "++-+"),
    ],
)
def test_lists_by_hand(prompt, reply, marks):
    assert checked("lists", prompt, reply) == marks


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("3*7=21;21+5=26;#3*7+5", "+++"),
        ("#3*7+5", "+"),
        ("21+5=26;#5+3*7", "++"),
        ("3*7=22;22+5=27;#3*7+5", "-++"),
        ("3*7=21;7+5=12;#3*7+5", "+-+"),
        ("3*5=15;15+7=22;#3*7+5", "+++"),
        ("3*7=21;21+5=26;#3*7+6", "++-"),
        ("3*7=21;21+5=26;#26", "++-"),
        ("3*7=21;21+5=26;#(3*7)+5+0", "++-"),
        ("4+4=8;#3*7+5", "-+"),
        ("12+14=26;#3*7+5", "-+"),
        ("3*7=21;well;#3*7+5", "+-+"),
        ("3/0=1;#3*7+5", "-+"),
    ],
)
def test_countdown_by_hand(reply, marks):
    assert checked("countdown", "3,5,7>26:", reply, numbers=[3, 5, 7], target=26) == marks


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("c5d9e7f9g4h2i3j5k5l8m4n8", "++++++++++++"),
        ("f9j5n8", "+++"),
        ("d9f9h2j5n8", "+++++"),
        ("c5d1e3f5", "+-++"),
        ("c5d1e7f9", "+--+"),
        ("c5d1f5", "+-+"),
        ("d9c5e7", "+-+"),
        ("c5c5", "+-"),
        ("z1c5", "-+"),
        ("c5z1c5", "+--"),
        ("c5, d9", "++"),
        ("", ""),
    ],
)
def test_lock_by_hand(reply, marks):
    assert checked("lock", "c5d+4e*3f+2|g4h*3i+1j+2|k5l+3m*3n+4=", reply) == marks


def test_lock_is_the_same_lock_under_other_labels():
    lock = load("lock")
    one, two = (Task(id="t", prompt=f"{a}5{b}+5|{c}4|{d}5=") for a, b, c, d in ("abcd", "mnop"))
    assert lock.canonical(one) == lock.canonical(two) == "5+5|4|5="


@given(seeds, st.integers(1, 5))
def test_lock_has_wheels_of_n_and_one_less_lines(seed, level):
    prompt = str(load("lock").draw(Random(seed), level).prompt)
    wheel = r"[a-p]\d(?:[a-p](?:\+[1-4]|\*3))*"
    assert re.fullmatch(rf"{wheel}(?:\|{wheel}){{2}}=", prompt)
    lengths = [wheel.count("+") + wheel.count("*") + 1 for wheel in prompt.split("|")]
    assert max(lengths) == level and min(lengths) >= max(1, level - 1)
    labels = re.findall("[a-p]", prompt)
    assert "".join(labels) in "abcdefghijklmnop"


@given(seeds, st.integers(3, 12))
def test_no_list_is_its_own_answer(seed, level):
    task = load("lists").draw(Random(seed), level)
    assert str(task.prompt).partition(" ")[2] != f"{task.answer}="


@given(seeds, st.integers(3, 4))
def test_countdown_targets_can_be_made_and_are_small(seed, level):
    family = load("countdown")
    task = family.draw(Random(seed), level)
    assert len(task.info["numbers"]) == level
    assert 1 <= task.info["target"] <= 99
    assert family.canonical(task).endswith(f">{task.info['target']}")


SUDOKU = {"grid": "1034 0012 2100 0021"}


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("1234;1234 3412;1234 3412 2143;1234 3412 2143 4321;#1234 3412 2143 4321", "+++++"),
        ("1234 3412;#1234 3412 2143 4321", "++"),
        ("#1234 3412 2143 4321", "+"),
        ("#1234 3412 2143 4312", "-"),
        ("1234;1234 3421;1234 3412;#1234 3412 2143 4321", "+-++"),
        ("1234;1234;#1234 3412 2143 4321", "+-+"),
        ("1243;#1234 3412 2143 4321", "-+"),
        ("#1234 3412 2143 4321;1234", "+-"),
        ("well; ;#", "--"),  # a blank is no step
        ("", ""),
    ],
)
def test_sudoku_by_hand(reply, marks):
    assert checked("sudoku", "1034 0012 2100 0021=", reply, **SUDOKU) == marks


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("0;0 1;0 1 1;#0 1 1", "++++"),
        ("0 1;#0 1 1", "++"),
        ("1;#0 1 1", "-+"),
        ("0;0 0;#0 1 0", "+--"),
    ],
)
def test_knights_by_hand(reply, marks):
    """If a were a knight, b would be a knave and c a knight; but then b would tell the truth."""
    assert checked("knights", "a:-b*c|b:c+a|c:-a+b=", reply) == marks


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("1;1 0;1 0 1;#1 0 1", "++++"),
        ("0;0 1;#0 1 0", "+++"),
        ("1;1 0 0;#0 1 0", "+--"),
        ("0 0;#1 1 1", "-+"),
        ("#0 0 1", "-"),
        ("#1 0 1 1", "-"),
    ],
)
def test_sat_by_hand(reply, marks):
    formula = {"variables": 3, "clauses": "a+b|-a+c"}
    assert checked("sat", "a+b|-a+c=", reply, **formula) == marks


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("1;1 2;1 2 3;#1 2 3", "++++"),
        ("3;3 1;#3 1 2", "+++"),
        ("1;1 1;#1 2 3", "+-+"),
        ("1 2;#2 1 3", "+-"),
        ("1 4;#1 2 3", "-+"),
        ("1 2 3 1;#1 2 1", "--"),
    ],
)
def test_colouring_by_hand(reply, marks):
    graph = {"nodes": 3, "colours": 3, "edges": "ab ac bc"}
    assert checked("colouring", "ab ac bc=", reply, **graph) == marks


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("12;12 13;12 13 23;#12 13 23", "++++"),
        ("13;#12 13 23", "-+"),  # legal, but three moves won't do any more
        ("12;12 12;#12 13 23", "+-+"),
        ("12;12 13;#12 13", "++-"),
        ("#11", "-"),
    ],
)
def test_hanoi_by_hand(reply, marks):
    tower = {"start": "11", "goal": "33", "most": 3}
    assert checked("hanoi", "11>33:", reply, **tower) == marks


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("00;00 01;00 01 11;#00 01 11", "++++"),
        ("00 01;#00 01 11", "++"),
        ("00;00 10;#00 10 11", "+--"),
        ("01;#00 01", "--"),
        ("00 01 00;#00 01 11", "-+"),
    ],
)
def test_maze_by_hand(reply, marks):
    walls = {"walls": "00|10", "start": "00", "goal": "11", "most": 3}
    assert checked("maze", "00|10 00>11:", reply, **walls) == marks


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("1;2;3;2;3;)]);#)])", "+++++++"),
        ("3;#)])", "++"),
        ("#)])", "+"),
        ("#])", "-"),
        ("1;3;3;#)])", "++++"),
        ("1;2;3;2;4;)]);#)])", "++++-++"),
    ],
)
def test_brackets_by_hand(reply, marks):
    assert checked("brackets", "([{}(=", reply, begun="([{}(") == marks


@pytest.mark.parametrize("name", ["colouring", "hanoi", "knights", "maze", "sat", "sudoku"])
@given(seed=seeds, level=shares, data=st.data())
def test_a_beginning_is_right_if_some_answer_begins_so(name, seed, level, data):
    """What the steps accept as a whole, and only that, the judge does."""
    family, task = drawn(name, seed, level)
    moves = task.answer.split(" ")
    place = data.draw(st.integers(0, len(moves) - 1))
    options = {"hanoi": ("12", "13", "21", "23", "31", "32"), "maze": ("00", "11", "22")}
    other = data.draw(st.sampled_from(options.get(name, ("0", "1", "2", "3", "1234", "4321"))))
    answer = " ".join([*moves[:place], other, *moves[place + 1 :]])
    (step,) = family.steps(task, f"#{answer}")
    assert step.correct == judged(task, f"#{answer}").correct


@given(seeds, st.integers(4, 7))
def test_no_way_through_a_maze_is_shorter(seed, level):
    task = load("maze").draw(Random(seed), level)
    rows, (start, goal) = task.info["walls"].split("|"), (task.info["start"], task.info["goal"])
    free = {(y, x) for y in range(level) for x in range(level) if rows[y][x] == "0"}
    reached, steps = {(int(start[0]), int(start[1]))}, 1
    while (int(goal[0]), int(goal[1])) not in reached:
        near = {(y + d, x + e) for y, x in reached for d, e in ((0, 1), (1, 0), (0, -1), (-1, 0))}
        reached, steps = reached | (near & free), steps + 1
    assert steps == task.info["most"] == len(task.answer.split(" "))


@given(seeds, st.integers(3, 4))
def test_hanoi_can_be_done_in_the_moves_that_there_are(seed, level):
    task = load("hanoi").draw(Random(seed), level)
    assert len(task.answer.split(" ")) <= task.info["most"] == 2**level - 1


@given(seeds, st.integers(6, 9))
def test_truth_tables_and_the_reward_read_formulas_alike(seed, level):
    task = load("sat").draw(Random(seed), level)
    clauses = str(task.info["clauses"])
    table = reduce(and_, (truth(clause, level) for clause in clauses.split("|")))
    for place, bits in enumerate(product("01", repeat=level)):
        true = {name for name, bit in zip(ascii_lowercase, bits, strict=False) if bit == "1"}
        assert bool(table >> place & 1) == satisfies(clauses, true)


@given(seeds, st.integers(6, 8))
def test_truth_tables_and_the_reward_read_statements_alike(seed, level):
    task = load("knights").draw(Random(seed), level)
    said = dict(entry.split(":") for entry in str(task.info["said"]).split("|"))
    tables = {name: truth(statement, level) for name, statement in said.items()}
    for place, bits in enumerate(product("01", repeat=level)):
        honest = {name: bit == "1" for name, bit in zip(said, bits, strict=True)}
        for name, statement in said.items():
            assert bool(tables[name] >> place & 1) == is_true(statement, honest)


@pytest.mark.parametrize("reply", ["#3*7+5", "#3 * 7 + 5", "#3*7+5=26", "#(3)*(7)+5", "#5+-3*-7"])
def test_countdown_steps_and_the_reward_agree_on_results(reply):
    info = {"numbers": [3, 5, 7], "target": 26}
    assert checked("countdown", "3,5,7>26:", reply, **info) == "+"
