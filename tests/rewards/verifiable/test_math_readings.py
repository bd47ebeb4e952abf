r"""What texts mean to `math`: number words, spans, families, parts, subjects; values by hand."""

from fractions import Fraction

import pytest

from whet.rewards.verifiable.math import Math
from whet.rewards.verifiable.math.foreign_numerals import foreign
from whet.rewards.verifiable.math.numerals import numeral
from whet.rewards.verifiable.math.parts import parts


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("thirteen fifty-fifths", Fraction(13, 55)),
        ("one sixtieth", Fraction(1, 60)),
        ("the thirty-first", 31),
        ("fourteenth", 14),
        ("one third", Fraction(1, 3)),
        ("five hundred three", 503),
        ("one hundred eighty-four thousand, seven hundred and fifty-six", 184_756),
        ("negative sixty-nine", -69),
        ("zero", 0),
        ("one two", None),
        ("twenty forty", None),
        ("a", None),
        ("and", None),
    ],
)
def test_number_words(text, value):
    assert numeral(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("trente-six", 36),
        ("soixante et onze", 71),
        ("quatre-vingt-dix-neuf", 99),
        ("quatre-vingts", 80),
        ("einundzwanzig", 21),
        ("achtzig", 80),
        ("sesenta y ocho", 68),
        ("veintiuno", 21),
        ("sessenta e oito", 68),
        ("trentasei", 36),
        ("ventuno", 21),
        ("centodue", 102),
        ("thirty-six", None),
    ],
)
def test_number_words_of_other_languages(text, value):
    assert foreign(text) == value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(a) 3; (b) $x=4$", {"a": "3", "b": "$x=4$"}),
        ("**Part (b):** 4\n\n**Part (a):** 3", {"a": "3", "b": "4"}),
        (r"\text{(i) }5\quad\text{(ii) }7", {"i": "5", "ii": "7"}),
        ("f(a) and g(b)", {}),
        ("(b) 3; (c) 4", {}),
        ("P(a) = 3", {}),
    ],
)
def test_parts(text, found):
    assert {label: said.removesuffix(r"\quad") for label, said in parts(text).items()} == found


SPAN = r"\operatorname{span}\{(3,-1,1)\}"
LINE = r"(x,y,z)=(t+3,t+2,t),\ t\in\mathbb{R}"


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        (SPAN, r"\{t(3,-1,1):t\in\mathbb R\}", True),
        (SPAN, r"\operatorname{span}\left\{\begin{pmatrix}-6\\2\\-2\end{pmatrix}\right\}", True),
        (SPAN, r"\operatorname{span}\{(3,-1,1),(6,-2,2)\}", True),
        (SPAN, r"\operatorname{span}\{(3,-1,1),(0,1,1)\}", False),
        (SPAN, r"\operatorname{span}\{(3,1,1)\}", False),
        (LINE, r"(3,2,0)+t(1,1,1),\ t\in\mathbb R", True),
        (LINE, r"(s+1,s,s-2),\ s\in\mathbb R", True),
        (LINE, r"(3,2,0)+t(1,1,2),\ t\in\mathbb R", False),
        (LINE, r"(2,2,0)+t(1,1,1),\ t\in\mathbb R", False),
        (LINE, r"(t^2+3,t^2+2,t^2),\ t\in\mathbb R", False),
        (r"2,-1+i\sqrt3,-1-i\sqrt3", r"2e^{2\pi ik/3},\ k=0,1,2", True),
        (r"2,-1+i\sqrt3,-1-i\sqrt3", r"2e^{2\pi ik/3},\ k=0,1", False),
        ("(1,4),(4,1)", r"x=1,\ y=4\text{ or }x=4,\ y=1", True),
        ("(1,4),(4,1)", r"x=1,\ y=4\text{ or }x=1,\ y=4", False),
        (r"\begin{pmatrix}1&0\\0&-1\end{pmatrix}", r"\operatorname{diag}(1,-1)", True),
        (r"\begin{pmatrix}1&0\\0&-1\end{pmatrix}", r"\operatorname{diag}(-1,1)", False),
        (r"\left(\frac13,\frac23,\frac23\right)", r"\frac13\langle1,2,2\rangle", True),
        (r"\left(\frac13,\frac23,\frac23\right)", r"(1,2,2)/3", True),
        (r"\left(\frac13,\frac23,\frac23\right)", r"\frac13(2,1,2)", False),
        ("1,3,5,7", r"x\equiv\pm1,\pm3\pmod8", True),
        ("1,3,5,7", r"x\equiv\pm1\pmod8", False),
        (
            r"|x|=\begin{cases}x,&x\ge0\\-x,&x<0\end{cases}",
            r"\begin{cases}-x,&x\le0\\x,&x>0\end{cases}",
            True,
        ),
        (
            r"|x|=\begin{cases}x,&x\ge0\\-x,&x<0\end{cases}",
            r"\begin{cases}x,&x\le0\\-x,&x>0\end{cases}",
            False,
        ),
        (
            r"\text{length }13\text{ m, width }9\text{ m}",
            r"\text{width }9\text{ m, length }13\text{ m}",
            True,
        ),
        (
            r"\text{length }13\text{ m, width }9\text{ m}",
            r"\text{length }9\text{ m, width }13\text{ m}",
            False,
        ),
        ("3x(x-2)(x+2)", "3x(x-4)(x+4)", False),
        (r"10^\circ", "10'", False),
        (r"75\%", "75‰", False),
        (r"20\text{ m/s}", r"20\,\tfrac{\mathrm m}{\mathrm s}", True),
        (r"0.3\text{ kWh}", r"300\text{ Wh}", True),
        (r"0.3\text{ kWh}", r"3\text{ Wh}", False),
        ("9.45", r"\text{nine dollars and forty-five cents}", True),
        (r"2:15\text{ a.m.}", r"\text{a quarter past two in the morning}", True),
        (r"2:15\text{ a.m.}", r"\text{a quarter to two in the morning}", False),
    ],
)
def test_meanings(rolled, gold, answer, right):
    verdict = Math().score(rolled(rf"\boxed{{{answer}}}", answer=gold))
    assert verdict.correct is right, verdict.note


@pytest.mark.parametrize(
    ("question", "gold", "reply", "right"),
    [
        ("How many?", "12", "We count the rows. Dividing by two gives 12.", True),
        ("How many?", "12", "Perhaps it is 12.", False),
        ("How many?", "12", "It is at most 12.", False),
        ("How many?", "12", "All are possible except 12.", False),
        ("How many?", "12", "Is it 12?", False),
        ("How many?", "12", "I get 7. The answer key says 12.", False),
        ("What is the radius?", "12", "The diameter is 12.", False),
        ("What is the radius?", "12", "The radius is 12. Does that make sense?", True),
        ("What is the radius?", "12", "A half of this is 12.", False),
        ("Find the 100th one.", "199", "The 100th is 201 and the 99th is 199.", False),
        ("What is the median?", "7", "The median is the 7th in the list.", False),
        ("Which term is it?", "7", "It is the 7th term.", True),
        ("What is it?", "1/2", "It is 1/2, so the exact value is 13/25.", False),
        ("What is it?", "1/2", "It is 1/2, equivalently 3/5.", False),
        ("What is it?", "1/2", "It is 1/2, or equivalently a half.", True),
        ("Find all roots.", "1,2", "The roots are\n\n- x = 1\n- x = 2", True),
        ("Find all roots.", "1,2", "The roots are\n\n- x = 1\n- x = 3", False),
        ("What is 2 + 2?", "4", r"The sum is $\boxed{3}$. Wait, it is $\boxed{4}$.", True),
        ("What is 2 + 2?", "4", r"It is $\boxed{3}$. It could also be $\boxed{4}$.", False),
        ("What is 2 + 2?", "4", r"$\boxed{4}$, so the sum is one of 4, 5, 6.", False),
    ],
)
def test_sentences(rolled, question, gold, reply, right):
    verdict = Math().score(rolled(reply, prompt=question, answer=gold))
    assert verdict.correct is right, verdict.note
