"""Right answers in the forms in which models give them: strict reading must not refuse them."""

from dataclasses import replace

import pytest

from whet.rewards import load
from whet.rewards.verifiable.extraction import without_end_marks
from whet.rewards.verifiable.fences import is_open, last_block
from whet.types import Finish, Rollout, Task

BOXES = {
    r"So \boxed{42}. This means that there are 42 of them.": "42",
    r"So \boxed{42}. Look at {this": "42",
    r"$$\boxed{\dfrac{\sqrt{3}}{2}}$$": r"\frac{\sqrt{3}}{2}",
    r"答案是 \boxed{42}。": "42",
    r"\boxed{\begin{pmatrix} 1 \\{2} \end{pmatrix}}": r"\begin{pmatrix} 1 \\{2} \end{pmatrix}",
    r"\boxed{\left\{1, 2\right\}}": r"\{1,2\}",
    r"\boxed{42}, or again \boxed{42}": "42",
    r"\boxed{\frac{1}{2}}, which is \boxed{0.5}": r"\frac12",
    r"\boxed{x=42}, so \boxed{42}": "42",
    "\\boxed{42}\n\nTherefore the final answer is 42.": "42",
    "\\boxed{42}\n```python\nprint({1: 2\n```": "42",
    r"Use <answer> tags. <answer>The result is \boxed{42}.</answer>": "42",
}
LINES = {
    "#### 42": "42",
    "#### 42\n\nLet me know if you need more.": "42",
    "#### $18": "18",
    r"Answer: \[ 42 \]": "42",
    "**Answer:** 42": "42",
    "Answer: 42. It is what 6 times 7 makes.": "42",
    "最终答案：42": "42",  # noqa: RUF001
    "答案为 42。因为 6 × 7 = 42": "42",  # noqa: RUF001
    "Answer：42": "42",  # noqa: RUF001
}
MARKS = (
    "<|im_end|>",
    "</s>",
    "<|endoftext|>",
    "<|eot_id|>\n",
    "<end_of_turn>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",  # DeepSeek's
)


def judged(name, reply, answer, finish=Finish.STOP, **info):
    task = Task(id="a:1", prompt="6 × 7?", answer=answer, info=info)
    return load(name).score(replace(Rollout.from_text(task, reply), finish=finish))


@pytest.mark.parametrize("reply", [*BOXES, *LINES])
def test_math(reply):
    assert judged("math", reply, (BOXES | LINES)[reply]).correct
    assert not judged("math", reply, "41").correct


@pytest.mark.parametrize("reply", BOXES)
def test_a_box_is_paid_where_the_reply_is_cut_behind_it(reply):
    if not reply.endswith("</answer>"):
        assert judged("math", f"{reply} and th", BOXES[reply], Finish.LENGTH).correct


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("math", "Answer: 42"),
        ("math", "#### 42"),
        ("math", r"\boxed{42}"),
        ("exact", "#42"),
        ("choice", "<answer>B</answer>"),
        ("qa_exact", "Answer: 42"),
        ("json_fields", '```json\n{"a": 1}\n```'),
    ],
)
def test_marks_of_an_end_are_no_part_of_an_answer(name, reply, mark):
    """They stay in a reply where they are not the model's own end token."""
    answer = {"json_fields": '{"a": 1}', "choice": "B"}.get(name, "42")
    for end in (mark, mark * 2):
        assert judged(name, f"{reply}{end}", answer).correct
    assert without_end_marks(f"{mark}{reply}{mark}") == f"{mark}{reply}"


def test_a_form_is_kept_before_the_mark_of_its_end():
    said = judged("format", "<think>a</think><answer>b</answer><|im_end|>", "b")
    assert said.score == 1


@pytest.mark.parametrize("text", ["a <|tool_call_end|>", "a <|x|>", "a </s", "s>", "", "a\n "])
def test_other_ends_are_kept(text):
    assert without_end_marks(text) == text


@pytest.mark.parametrize(
    "reply",
    [
        r"\boxed{42} or \boxed{43}",
        r"\boxed{43} or \boxed{42}",
        r"\boxed{42} \boxed{42.0} \boxed{7} \boxed{42}",
        r"\boxed{42} \boxed{ 42.0} \boxed{42.00} \boxed{x=42} \boxed{x = 42.0}",
    ],
)
def test_boxes_that_bet_are_still_wrong(reply):
    """The last has more than four texts."""
    assert judged("math", reply, "42").correct is False


CLOSED = {
    'The set {A,...,Z} has letters. ```json\n{"a": 1}\n```': '{"a": 1}\n',
    '```json\n{"a": 1}\n```\nDone.': '{"a": 1}\n',
    '```python\nx\n```\n```json\n{"a": 1}\n```': '{"a": 1}\n',
    '```JSON\n{"a": 1}```': '{"a": 1}',
    '```x``` is a word\n```json\n{"a": 1}\n```\n': '{"a": 1}\n',
    '~~~\n{"a": 1}\n~~~': '{"a": 1}\n',
    '````\n{"a": 1}\n````': '{"a": 1}\n',
}


@pytest.mark.parametrize("text", CLOSED)
def test_blocks(text):
    assert last_block(text) == CLOSED[text] and not is_open(text)
    assert judged("json_fields", text, '{"a": 1}').correct


@pytest.mark.parametrize(
    "text", ["```\na", "````\na\n```", "```\na\n~~~", "```\na ``` b", "~~~\na```"]
)
def test_open_blocks(text):
    assert last_block(text) is None and is_open(text)


NAMES = {
    "Answer: J. K. Rowling": ["J. K. Rowling"],
    "Answer: St. Louis": ["St. Louis"],
    "Answer: Paris. It is in France.": ["Paris"],
    "Answer: Paris": "Paris",
    "<answer>paris</answer>": {"text": ["Paris", "Lutetia"], "answer_start": [3, 7]},
    r"\boxed{Paris}, that is \boxed{paris.}": ["Paris"],
}


@pytest.mark.parametrize("name", ["qa_exact", "qa_f1"])
@pytest.mark.parametrize("reply", NAMES)
def test_names(name, reply):
    assert judged(name, reply, "x", answers=NAMES[reply]).correct


@pytest.mark.parametrize(
    "reply", ["Answer: P", "Answer: text", "Answer: answer_start", "Answer: x"]
)
@pytest.mark.parametrize("answers", ["Paris", {"text": ["Paris"], "answer_start": [3]}])
def test_keys_and_letters_of_answers_are_no_answers(reply, answers):
    assert judged("qa_exact", reply, "x", answers=answers).correct is False


def test_half_a_name_is_no_name():
    said = judged("qa_exact", "Answer: St. Louis Bl", "x", Finish.LENGTH, answers=["St. Louis Bl"])
    assert said.correct is False


def test_a_block_in_a_list_loses_the_indent_of_its_fence():
    text = "1. Do:\n   ```python\n   if 1:\n       x()\n\n  y()\n   ```\n"
    assert last_block(text) == "if 1:\n    x()\n\ny()\n"
