"""Mathematical equivalence: the acceptance table, where answers stand, and what must not pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.rewards.verifiable.extraction import after_think, answers, boxed
from whet.rewards.verifiable.math import Math
from whet.rewards.verifiable.math.normal import brackets, tidy
from whet.rewards.verifiable.math.number import number
from whet.types import Finish, Reason

JUDGE = Math()
COLUMN = r"\begin{pmatrix}1\\2\end{pmatrix}"


@pytest.fixture(scope="module")
def judged(rolled):
    def judge(reply, gold, **info):
        return JUDGE.score(rolled(reply, answer=gold, **info))

    return judge


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        (r"$\frac{1}{2}$", "0.5", True),
        (r"\frac{1}{3}", "0.333333", True),
        (r"\frac13", "$0.33$", False),
        (r"50\%", "0.5", True),  # the value of the percent sign is 1/100, and that is all it is
        ("50", r"50\%", False),
        (r"50\%", "50", False),
        ("x=3", "3", True),
        ("3", "$x=3$", True),
        ("$x<3$", r"$(-\infty,3)$", True),
        (r"$(-\infty,3)$", "$x<3$", True),
        ("$(1,2)$", r"$\{1,2\}$", False),
        ("$(1,2)$", "$(2,1)$", False),
        (r"$\{1,2\}$", "1,2", True),
        ("1,000", "1000", True),
        ("(x+1)^2", "x^2+2x+1", True),
        ("5", "2+3", False),  # a number must be evaluated
        ("1024", "2^{10}", True),
        ("2^{10}", "1024", True),
        (r"1\text{ cm}", "1", True),
        (r"90^\circ", "90", True),
        (COLUMN, "$(1,2)$", True),
        (COLUMN, r"\begin{pmatrix}1&2\end{pmatrix}", False),
        (r"\$5", "5", True),
        ("A", "A", True),
    ],
)
def test_the_acceptance_table(judged, gold, answer, equal):
    verdict = judged(rf"so \boxed{{{answer}}}", gold)
    assert verdict.correct is equal
    assert verdict.score == float(equal)
    assert verdict.note == f"box: {answer}"
    assert verdict.cost_ms > 0


@pytest.mark.parametrize(
    ("gold", "reply", "reason"),
    [
        ("4", r"\boxed{1} \boxed{4}", Reason.WRONG),
        ("4", "<answer>4</answer>", Reason.OK),
        ("4", r"\boxed{4", Reason.NO_ANSWER),
        ("A", "The answer is A", Reason.OK),
        ("0.5", r"<think>..</think> \boxed{\frac{4}{8}}", Reason.OK),
        ("3", "I get 3 then 7", Reason.NO_ANSWER),
    ],
)
def test_the_rest_of_the_table(judged, gold, reply, reason):
    assert judged(reply, gold).reason is reason


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        ("5", r"\sqrt{25}", True),
        ("6", "3!", True),
        ("55", r"\sum_{i=1}^{10} i", False),
        ("5", "(5)(1)", True),
        ("5", "5 + 0", False),
        ("4", r"4 \text{ or } 5", False),
        ("4", "4, 5", False),
        ("5", "x=4, y=5", False),
        ("4", r"\text{see above}", False),
        ("4", r"\{4\}", False),
        ("12", "1 2", False),
        ("1.5", r"1\frac{1}{2}", True),
        ("-0.75", r"\frac{-3}{4}", True),
        ("300000", r"3 \times 10^5", True),
        ("1000000", "1000000.9", False),
        ("1", "1.0000001", False),
        ("0.000001", "0", False),
        ("1", "0.9999999", False),
        ("12", r"12\text{ apples}", True),
        (r"1\text{ cm}", r"1\text{ m}", False),
        ("5", r"5\text{ million}", False),
        ("5", "5x", False),
        (r"90^\circ", "90°", True),
        ("-2", "−2", True),
        ("42", "４２", True),
        ("42", "𝟜𝟚", False),
        ("42", "④②", False),
        ("42", "𝟒𝟐", False),
        (r"\text{IV}", "Ⅳ", True),
        ("42", "NaN", False),
        ("42", r"\infty", False),
        ("42", "1e999", False),
        ("x=1", "y=1", False),
        (r"\text{Monday}", "monday", True),
        ("listen", "silent", False),
        (r"\text{east}", r"\text{seat}", False),
        ("(1,2)", "[1,2]", False),
        ("(1,2)", "1,2", False),
        ("(3,4)", "x=3, y=4", True),
        ("1,2", r"\{2, 1\}", True),
        (COLUMN, r"\begin{bmatrix}1\\2\end{bmatrix}", True),
        (r"2\pi", "2π", True),
        (r"\frac{\pi}{4}", r"\pi/4", True),
        (r"\sqrt{2}", r"\frac{2}{\sqrt{2}}", True),
        (r"\left( 1, 2 \right]", "(1,2]", True),
        (r"\dfrac{x}{2}", r"\frac x2", True),
        ("2x+1", "y=2x+1", True),
        (r"\frac{x^2}{2}", r"\int x \, dx", False),
        ("2x", r"\frac{d}{dx} x^2", False),
        (r"\int x \, dx", r"\int x dx", True),
    ],
)
def test_equivalence(judged, gold, answer, equal):
    verdict = judged(rf"\boxed{{{answer}}}", gold)
    assert verdict.correct is equal, verdict


def test_a_task_may_widen_the_tolerance(judged):
    assert not judged(r"\boxed{3.14}", "3.14159").correct
    assert judged(r"\boxed{3.14}", "3.14159", rel_tol=0.01).correct
    assert not judged(r"\boxed{3.2}", "3.14159", rel_tol=0.01).correct


@pytest.mark.parametrize(
    ("text", "where", "found"),
    [
        (r"\boxed{1} <answer>2</answer>", "answer tag", ("2",)),
        (r"<answer>1</answer> <answer>it is \boxed{2}</answer>", "answer tag", ("2",)),
        ("<answer></answer> Answer: 3", "answer tag", ()),
        ("<answer>2", "announcement", ()),
        (r"\boxed{\frac{1}{2}} then \fbox{3}", "box", (r"\frac{1}{2}", "3")),
        (r"\boxed{\boxed{3}}", "box", ("3",)),
        (r"\boxed{\{1,2\}}", "box", (r"\{1,2\}",)),
        (r"\boxed{\left\{ 1 \right.}", "box", (r"\left\{ 1 \right.",)),
        (r"\boxed{4 or \boxed{5}", "box", ("5",)),
        (r"\boxed 5 is it", "box", ("5",)),
        ("#### 42", "announcement", ("42",)),
        ("The final answer is $\\frac12$. I hope it is correct.", "announcement", (r"\frac12",)),
        ("**Answer:** 3.5 metres. Or not.", "announcement", ("3.5 metres",)),
        ("Answer: 3\nAnswer: 4", "announcement", ("4",)),
        (r"Answer: \(x+1\)", "announcement", ("x+1",)),
        ("it must be 42", "announcement", ()),
        ("the answer is correct", "announcement", ()),
    ],
)
def test_where_answers_stand(text, where, found):
    assert answers(text) == (where, found)


def test_nested_boxes_are_one_answer(judged):
    assert judged(r"\boxed{\boxed{42}}", "42").correct
    assert judged(r"\boxed{42} that is \boxed{ 42 }", "42").correct


@pytest.mark.parametrize(
    ("reply", "rest"),
    [
        ("<think>a</think>b", "b"),
        ("a</think>b", "b"),
        ("<think>a</think><think>b</think>c", "c"),
        ("b", "b"),
        ("<think>a", None),
        ("<think>a</think><think>b", None),
    ],
)
def test_thoughts_are_cut_off(reply, rest):
    assert after_think(reply) == rest


def test_thoughts_do_not_count(rolled, judged):
    assert judged(r"<think>\boxed{42}</think> \boxed{41}", "42").reason is Reason.WRONG
    assert judged(r"<think>\boxed{42}", "42").reason is Reason.TRUNCATED
    inside = rolled(r"\boxed{42}", prompt="6 × 7?\n<think>")
    assert JUDGE.score(inside).reason is Reason.TRUNCATED


def test_who_is_cut_off_is_told_so(rolled):
    assert JUDGE.score(rolled("well", finish=Finish.LENGTH)).reason is Reason.TRUNCATED
    assert JUDGE.score(rolled(r"\boxed{42}", finish=Finish.LENGTH)).reason is Reason.OK


@pytest.mark.parametrize(
    "answer",
    ["9" * 600, "{" * 300 + "}" * 300, "9" * 100_000, "x" * 513],
    ids=["digits", "braces", "many digits", "one too many"],
)
def test_long_answers_are_wrong(judged, answer):
    verdict = judged(rf"\boxed{{{answer}}}", "x^2")
    assert verdict.reason is Reason.WRONG
    assert "characters, more than 512" in verdict.note


def test_towers_of_powers_are_wrong_at_once(rolled):
    quick = Math(limit_s=1.0, workers=1)
    rollout = rolled(r"\boxed{9^{9^{9^9}}}", answer="x^2+1")
    assert quick.score(rollout).reason is Reason.WRONG
    assert JUDGE.score(rolled(r"\boxed{1+x^2}", answer="x^2+1")).correct


def test_a_gold_answer_that_hangs_or_says_nothing_is_a_fault(rolled):
    quick = Math(limit_s=1.0, workers=1)
    for gold in ("x+9^{9^{9^9}}", r"\frac{1}{"):
        verdict = quick.score(rolled(r"\boxed{x}", answer=gold))
        assert verdict.fault
        assert "can't be read" in verdict.note
    assert quick.score(rolled(r"\boxed{x}", answer="")).fault


def test_factorials_of_large_numbers_do_no_harm(judged):
    assert judged(r"\boxed{100000!}", "120").reason is Reason.WRONG
    assert judged(r"\boxed{100000!}", "x").score == 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("(1,2)", "()"),
        ("[1,2)", "[)"),
        (r"\{1,2\}", "⟨⟩"),
        ("1,2", "⟨⟩"),
        ("(1,2),(3,4)", "⟨⟩"),
        (r"(1,2)\cup(3,4)", ""),
        ("(1,2", ""),
        ("f(x,y)", ""),
        ("(x+1)(x+2)", ""),
        ("7", ""),
    ],
)
def test_brackets(text, kind):
    assert brackets(tidy(text)) == kind


@given(st.fractions(max_denominator=10**6))
def test_a_fraction_is_read_as_itself(value):
    for text in (f"{value}", rf"\frac{{{value.numerator}}}{{{value.denominator}}}"):
        read = number(text)
        assert read is not None and read.value == value and not read.decimal


@given(st.integers(-(10**9), 10**9))
def test_thousands_are_read_as_one_number(value):
    read = number(f"{value:,}")
    assert read is not None and read.value == value


@given(st.decimals(-1000, 1000, places=3))
def test_decimals_agree_with_themselves_and_not_with_their_neighbours(value):
    read, near = number(f"{value:f}"), number(f"{value:f}1")
    assert read is not None and near is not None
    assert read.agrees(read)
    assert not read.agrees(near)


@given(st.text(max_size=200))
def test_no_text_upsets_the_reader(text):
    number(text)
    boxed(text)
    answers(text)


@pytest.mark.parametrize(
    "hostile",
    [
        r"\(" * 20_000,
        "Answer:" + r"\(" * 20_000,
        "\\frac{" * 20_000,
        r"\boxed" + " " * 50_000,
        "{" * 50_000,
        r"\boxed{5\text{" + "a" * 400,
        r"\boxed{5 " + "mm " * 150 + "x}",
        "<think>" * 10_000,
        "a" + " " * 50_000 + "b",
    ],
    ids=range(9),
)
@pytest.mark.timeout(30)
def test_no_text_keeps_the_reader_busy(rolled, hostile):
    assert JUDGE.score(rolled(hostile, answer="x")).score == 0


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        ("42", "{42}", True),  # \boxed{{42}}
        ("42", "{{42}}", True),
        (r"\frac{1}{2}", r"\left(\frac{1}{2}\right)", True),
        ("7", "((7))", True),
        ("3", "x=(3)", True),
        ("6", "(2)(3)", True),
        ("5", "(2+3)", False),
        (r"728\text{ million}", r"728\text{ km}", False),
        (r"728\text{ million}", "728,000,000", True),
        (r"728\text{ million}", "728 million", True),
        ("5000", "5 thousand", True),
        ("24", r"2\text{ dozen}", True),
        (r"728\text{ million}", "728", False),
    ],
)
def test_brackets_around_a_number_and_magnitudes(judged, gold, answer, equal):
    assert judged(rf"so \boxed{{{answer}}}", gold).correct is equal


@pytest.mark.parametrize("gap", ["  ", "\n", " \n", "\t "])
def test_digits_apart_are_no_number_whatever_is_between_them(gap):
    assert number(f"1{gap}2") is None and tidy(f"1{gap}2") == "1 2"
