"""Answers that have no end, stand in the thoughts, or are taken back: none of them is paid."""

from dataclasses import replace

import pytest
from verifiable_tasks import right, rolled

from whet.rewards import load
from whet.rewards.unsupervised.readers import Announced, LastLine, Marked, WholeReply
from whet.rewards.verifiable.extraction import answers
from whet.rewards.verifiable.verdicts import no_answer
from whet.types import Finish, Reason

CUT, DONE = Finish.LENGTH, Finish.STOP
MARKED = ("brackets", "colouring", "countdown", "hanoi", "knights", "maze", "sat", "sudoku", "gym")
WORDED = ("math", "choice", "qa_exact", "qa_f1")
FENCED = {
    "code": "a, b = map(int, input().split())\nprint(a * b)\n",
    "sql": "SELECT b FROM t\n",
    "proof": "1 assume P\n2 ->I 1-1\n",
    "lean": "theorem t : 6 * 7 = 42 := rfl\n",
    "json_fields": '{"a": 42, "b": "x"}\n',
}
CALL = right("tool_calls")


def answer(name):
    """The right answer of a judge's task, without its mark."""
    if name in WORDED or name == "gym":
        return "C" if name == "choice" else "42"
    return right(name).removeprefix("#")


def said(name, reply, finish):
    return load(name).score(replace(rolled(name, reply), finish=finish))


HOSTILE = [
    (r"\boxed{A} no, \boxed{", DONE),
    (r"\boxed{A} no, \boxed{9", DONE),
    (r"so \boxed{A", CUT),
    ("<answer>A", CUT),
    ("<answer>A</answer> no, <answer>9", DONE),
    ("<answer>A</answer> no, <answer>", CUT),
    (r"\boxed{A} no, <answer>9", DONE),
    (r"<think>\boxed{A}</think> I can't tell.", DONE),
    ("<think><answer>A</answer>", DONE),
    ("<think>a guess: MARKA</think>", DONE),
    ("MARKA", CUT),
    ("<answer>A</answer> no, <answer>9</answer>", DONE),
]


@pytest.mark.parametrize("name", [*MARKED, *WORDED])
@pytest.mark.parametrize(("reply", "finish"), HOSTILE)
def test_an_answer_without_an_end_is_not_paid(name, reply, finish):
    reply = reply.replace("MARK", "#" if name in MARKED else "Answer: ").replace("A", answer(name))
    verdict = said(name, reply, finish)
    assert verdict.score == 0 and verdict.correct is False, verdict
    if finish is CUT:
        assert verdict.reason is Reason.TRUNCATED


@pytest.mark.parametrize("name", [*MARKED, *WORDED])
@pytest.mark.parametrize("finish", [CUT, DONE])
def test_an_answer_with_its_end_is_paid_even_in_a_reply_that_was_cut(name, finish):
    for reply in ("<answer>A</answer>", "<answer>A</answer> and so"):
        assert said(name, reply.replace("A", answer(name)), finish).correct, reply
    if name != "gym":
        boxed = said(name, rf"\boxed{{{answer(name)}}} and so", finish)
        assert boxed.correct


BROKEN_FENCES = [
    ("```\nR```\nno:\n```\n9", DONE),
    ("```\nR```\nno:\n```\n9", CUT),
    ("```\nR", CUT),
    ("```\nR", DONE),
    ("<think>\n```\nR```\n</think>\nno", DONE),
    ("<think>\n```\nR```\n", CUT),
    ("```\nR```\nno:\n```\n9\n```\n", DONE),
]


def is_program(name, reply, finish):
    """A program needs no closing fence, at which generation stops; "9" is what it prints, or what a
    query finds.
    """
    fenced = name == "sql" and "```\n9\n```" in reply
    return (name == "code" or fenced) and finish is DONE and "<think>" not in reply


BROKEN = [(name, *broken) for name in FENCED for broken in BROKEN_FENCES]


@pytest.mark.parametrize(("name", "reply", "finish"), [b for b in BROKEN if is_program(*b)])
def test_an_open_block_of_a_reply_that_was_not_cut_is_a_program(name, reply, finish):
    assert said(name, reply.replace("R", FENCED[name]), finish).correct


@pytest.mark.parametrize(("name", "reply", "finish"), [b for b in BROKEN if not is_program(*b)])
def test_a_block_that_is_never_closed_is_no_answer(name, reply, finish):
    verdict = said(name, reply.replace("R", FENCED[name]), finish)
    assert verdict.score == 0 and verdict.correct is False, verdict
    assert not verdict.fault


@pytest.mark.parametrize("name", ["sql", "proof", "json_fields"])
def test_a_closed_block_is_paid_where_the_reply_is_cut_behind_it(name):
    assert said(name, f"```\n{FENCED[name]}```\nIt wo", CUT).correct


@pytest.mark.parametrize(
    ("reply", "finish"),
    [
        (CALL.removesuffix("</tool_call>"), CUT),
        (CALL[:40], CUT),
        (f"{CALL} no: <tool_call>", DONE),
        (f"<think>{CALL}</think> no", DONE),
        (f"<think>{CALL}", CUT),
        (CALL.replace("6", "9"), DONE),
    ],
)
def test_a_call_without_an_end_is_not_paid(reply, finish):
    assert not said("tool_calls", reply, finish).correct


@pytest.mark.parametrize(
    ("reply", "finish", "paid"),
    [
        ("#42", CUT, False),
        ("#42", DONE, True),
        ("#42 or #43", DONE, False),
        ("#### 42", DONE, True),
        ("#", CUT, False),
        ("42", DONE, False),
    ],
)
def test_exact(reply, finish, paid):
    assert said("exact", reply, finish).correct is paid


def test_a_tag_of_exact_is_closed_or_there_is_no_answer(rolled):
    judge = load("exact", before="<answer>", after="</answer>")
    assert judge.score(rolled("<answer>42</answer>", finish=CUT)).correct
    assert not judge.score(rolled("<answer>42</answer> <answer>4")).correct
    assert not judge.score(rolled("<answer>42", finish=CUT)).correct


def test_an_answer_that_contains_its_own_mark_is_the_tasks_fault(rolled):
    """Of `#C#` the answers are `C` and nothing, so no reply could be right."""
    verdict = load("exact").score(rolled("#C#", answer="C#"))
    assert verdict.fault and "exact.before" in verdict.note
    assert load("exact", before="Answer:").score(rolled("Answer: C#", answer="C#")).correct


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("so 12\n#### 12", ("12",)),
        ("so 12\n  #### 12  \n\n", ("12",)),
        ("#### 3. Check\nThe final answer is 12", ("12",)),
        ("The final answer is 12\n#### Check\n3 + 9 = 12", ("12",)),
        ("Answer: the C#### language", ("the C#### language",)),
        ("in C#### 12", ()),
        ("#### 12\nor so", ("12",)),
        ("#### $1,200.50\n\nAsk me more.", ("$1,200.50",)),
        ("#### 11\nNo:\n#### 12\nI am done.", ("12",)),
        ("#### Step 12\nor so", ()),
        ("#### 12. Check\nor so", ()),
        ("#### 12\nThe final answer is 13", ("13",)),
        ("####", ()),
        ("#### Answer: 12", ("12",)),
        ("Answer: 11. No, the final answer is 12.", ("12",)),
    ],
)
def test_four_hashes_announce_in_the_last_line_or_before_a_number_alone(text, found):
    assert answers(text)[1] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Answer: 12", ()),
        ("Answer: 12.", ()),  # perhaps 12.5
        ("Answer: 12. ", ("12",)),
        ("Answer: 12\n", ("12",)),
        ("Answer: $12$", ("12",)),
        ("Answer: $12", ()),
        ("Answer: 11\nAnswer: 1", ()),
        ("#### 12", ()),
        ("#### 12\n", ("12",)),
        (r"\boxed{12}", ("12",)),
        (r"\boxed 12", ()),
        (r"\boxed 12 ", ("12",)),
    ],
)
def test_a_reply_that_was_cut_announces_what_is_complete(text, found):
    assert answers(text, CUT)[1] == found


@pytest.mark.parametrize("reader", [Announced(), Marked(), LastLine(), WholeReply()])
def test_no_reader_votes_for_half_an_answer(rolled, reader):
    for text in ("Answer: #12", r"\boxed{12", "<answer>12", "#12", "12"):
        assert reader(rolled(text, finish=CUT)) is None
    assert Marked()(rolled("#12\nso", finish=CUT)) is not None
    assert Announced()(rolled(r"\boxed{12} so", finish=CUT)) is not None


def test_a_reply_without_an_answer_says_whether_it_was_cut(rolled):
    assert no_answer(rolled("", finish=CUT)).reason is Reason.TRUNCATED
    assert no_answer(rolled("")).reason is Reason.NO_ANSWER
