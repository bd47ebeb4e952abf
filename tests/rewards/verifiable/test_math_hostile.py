"""Hostile texts: each has a verdict in bounded time, and none is paid for an unrelated answer."""

import time

import pytest

from whet.rewards.verifiable.math import Math
from whet.types import Finish

JUDGE = Math(limit_s=2.0, workers=1)
GOLDS = (
    "42",
    r"\frac{17}{23}",
    "x^2+3x",
    "(11, 12)",
    r"\{11, 12\}",
    "(-7, 13]",
    r"11\text{ m/s}",
    "x=3y+1",
    r"\begin{pmatrix}1&2\\3&5\end{pmatrix}",
    r"\text{no solution}",
    r"17 \pmod{23}",
    r"1011_2",
    r"\text{Monday}",
)
LONG = 100_000  # characters; longer texts are tried on one answer
SECONDS = 10.0  # of one judgement
HOSTILE = {
    "a tower of powers": "9^{9^{9^{9}}}",
    "a tower of towers": "^".join(["9"] * 70),
    "a tower in Python": "9**9**9**9",
    "a negative tower": "2^{-9^{9^9}}",
    "a tower in a root": r"\sqrt[9^{9^9}]{2}",
    "a factorial of a factorial": "((9!)!)!",
    "factorials in a row": "9" + "!" * 200,
    "a large factorial": "99999999!",
    "a large binomial": r"\binom{10^{50}}{10^{49}}",
    "a sum of large powers": "+".join(["7^{7000}"] * 20),
    "e to a large power": "e^{10^{100}}",
    "the sine of a large number": r"\sin(10^{5000})",
    "a logarithm of zero": r"\ln 0",
    "a logarithm to base one": r"\log_{1} 5",
    "a division by zero": r"\frac{1}{0}",
    "zero by zero": "0/0",
    "zero to the zero": "0^0",
    "a pole": r"\tan(\pi/2)",
    "nan": "nan",
    "inf": "inf",
    "an infinity": r"\infty",
    "a difference of infinities": r"\infty - \infty",
    "an interval of infinities": r"(\infty, -\infty)",
    "nan in a list": "nan, inf, -inf",
    "a float too large": "1e99999999",
    "a float too small": "1e-99999999",
    "5000 digits": "7" * 5000,
    "5000 digits over 5000": rf"\frac{{{'7' * 5000}}}{{{'9' * 5000}}}",
    "5000 decimals": "0." + "3" * 5000,
    "500 digits in an exponent": "2^{" + "9" * 500 + "}",
    "500 digits in a period": "0.(" + "3" * 480 + ")",
    "500 digits with a unit": "9" * 480 + r"\text{ m}",
    "500 digits in a base": "1" * 480 + "_2",
    "a modulus of 400 digits": "5 " + r"\pmod{" + "9" * 400 + "}",
    "a modulus of zero": r"5 \pmod{0}",
    "a unit to a large power": r"5\text{ m}^9",
    "a million digits": "1" * 1_000_000,
    "a million spaces": "1" + " " * 1_000_000 + "2",
    "a million dollars": "$" * 1_000_000,
    "a million backslashes": "\\" * 1_000_000,
    "a million equals": "=" * 1_000_000,
    "a million stars": "*" * 1_000_000,
    "a million lines": "\n" * 1_000_000,
    "a million words": "so " * 333_333,
    "a million numbers": "1, " * 333_333,
    "brackets 10,000 deep": "(" * 10_000 + "5" + ")" * 10_000,
    "braces 10,000 deep": "{" * 10_000 + "5" + "}" * 10_000,
    "sets 10,000 deep": r"\{" * 10_000 + r"\}" * 10_000,
    "roots 200 deep": r"\sqrt{" * 70 + "5" + "}" * 70,
    "fractions without an end": r"\frac{" * 10_000,
    "fractions without arguments": r"\frac" * 100,
    "fractions in fractions": r"\frac{1}{1+" * 45 + "1" + "}" * 45,
    "minus signs": "-" * 500 + "5",
    "plus-minus signs": r"\pm" * 100 + "5",
    "bars": "|" * 500,
    "bars around bars": "|" * 150 + "5" + "|" * 150,
    "intervals": "(" + ",".join(["1"] * 200) + ")",
    "unions": r"\cup".join(["(1,2)"] * 70),
    "inequalities": "<".join(["1"] * 200),
    "conditions": ", x ≠ 3" * 60,
    "commas": "," * 500,
    "semicolons": ";" * 500,
    "quotes": '"' * 500,
    "text in text": r"\text{" * 80 + "}" * 80,
    "an open text": r"\text{" + "a" * 500,
    "mathrm of mathrm": r"\mathrm{\mathrm{" * 20 + "}}" * 20,
    "a matrix without an end": r"\begin{pmatrix}" * 30,
    "a matrix of matrices": r"\begin{pmatrix}1&2\\" * 20 + r"\end{pmatrix}" * 20,
    "a ragged matrix": r"\begin{pmatrix}1&2\\3\end{pmatrix}",
    "spaces and digits": "1 " * 250,
    "thousands without an end": "1,000" * 100,
    "points": "1." * 250,
    "a period of periods": "0.12121212" * 60 + "...",
    "a's and an exclamation mark": "a" * 490 + "!",
    "clocks": "12:34:" * 80,
    "units": r"5 \text{ " + "kg m " * 90 + "}",
    "units by units": "5 m" + "/s" * 200,
    "a word of one letter": "a " * 250,
    "and": "and " * 120,
    "no": "no " * 170,
    "number words": "hundred " * 60,
    "thousands of thousands": "thousand " * 50,
    "one thousand thousand": "one " + "thousand " * 50,
    "html": "&lt;" * 120,
    "html numbers": "&#1114112;&#xD800;&#99999999999;",
    "null bytes": "4\x002\x00",
    "control characters": "\x1b[2J\x07\x08\x7f",
    "a lone surrogate": "4\ud8002",
    "lone surrogates": "\udfff\ud800" * 200,
    "private characters": "\ue000\ue001\ue010" + "0\ue011\ue100\ue101",
    "a private mark of a formula": "\ue0107\ue011",
    "bidi marks": "\u202e24\u202c\u2066\u2069\u200f",
    "zero-width characters": "1\u200b7\u200c3\u200d\ufeff",
    "combining marks": "5" + "\u0301" * 400,
    "letters that grow": "\ufdfa" * 100,
    "digits of many scripts": "٣३𝟛③",
    "a word joiner": "4\u20602\u2060x",
    "variation selectors": "7\ufe0f\u20e3" * 50,
    "an import": "__import__('os')._exit(1)",
    "an import in words": r"\text{__import__('os').system('kill 1')}",
    "an evaluation": "eval('9**9**9')",
    "a lambda": "lambda: 40 + 2",
    "names of sympy": "S.One + I*zoo + oo + nan + E + pi + Integer(42)",
    "zoo": "zoo",
    "Symbol": "Symbol('x')**2 + 3*Symbol('x')",
    "solve": "solve(x**2-1)",
    "a format": "{0.__class__.__mro__}",
    "a percent format": "%s%n%x%d" * 40,
    "LaTeX that reads a file": r"\input{/etc/passwd}",
    "LaTeX that writes": r"\immediate\write18{ls}",
    "LaTeX that defines": r"\def\x{\x\x}\x",
    "an integral": r"\int_0^\infty e^{-x^2} dx",
    "a sum without an end": r"\sum_{n=1}^{\infty} \frac{1}{n^2}",
    "a product": r"\prod_{k=1}^{10^9} k",
    "a limit": r"\lim_{x \to 0} \frac{\sin x}{x}",
    "a choice of everything": "42, 17/23, x^2+3x, (11, 12), Monday, no solution",
    "everything with or": "42 or 17/23 or x^2+3x or (11,12) or Monday or no solution",
    "everything": r"\text{all answers}",
    "any number": r"x \in \mathbb{R}",
    "a set of itself": r"\{x : x = x\}",
    "x is x": "x=x",
    "zero is zero": "0=0",
    "a box in a box": r"\boxed{\boxed{\boxed{",
    "boxes": r"\boxed{" * 100 + "1" + "}" * 100,
    "empty brackets": "()[]{}",
    "nothing": "",
    "a blank": "~",
}
FRAMES = (r"\boxed{%s}", "<answer>%s</answer>", "The answer is %s.", "#### %s", "**%s**", "%s")


@pytest.fixture(scope="module")
def judged(rolled):
    def judge(reply, gold, finish=Finish.STOP):
        began = time.perf_counter()
        verdict = JUDGE.score(rolled(reply, answer=gold, finish=finish))
        return verdict, time.perf_counter() - began

    judge(r"\boxed{1}", "1")  # the first judgement imports what it needs
    return judge


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_judged_in_time_and_not_paid(judged, name):
    text = HOSTILE[name]
    golds = GOLDS if len(text) < LONG else GOLDS[:1]
    for place, gold in enumerate(golds):
        for frame in FRAMES if place == 0 else (FRAMES[place % len(FRAMES)], FRAMES[0]):
            verdict, seconds = judged(frame.replace("%s", text), gold)
            assert verdict.judged and verdict.correct is False, (gold, frame, verdict)
            assert seconds < SECONDS, (gold, frame, seconds)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_that_was_cut_is_judged_too(judged, name):
    verdict, seconds = judged(rf"so \boxed{{{HOSTILE[name]}", "42", Finish.LENGTH)
    assert verdict.judged and verdict.correct is False
    assert seconds < SECONDS


@pytest.mark.full
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_as_the_tasks_answer_has_a_verdict(judged, name):
    """A task whose answer can't be read is a fault, never an exception."""
    verdict, seconds = judged(r"\boxed{4321}", HOSTILE[name])
    assert verdict.fault or verdict.correct is False
    assert seconds < SECONDS + 2 * JUDGE.limit_s
