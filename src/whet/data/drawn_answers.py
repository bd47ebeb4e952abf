"""Answers of every kind: a question, its answer, spellings of it, and near misses.

All spellings have the value of the answer, and all near misses have another one.  So the labels are
right by construction.
"""

from dataclasses import dataclass
from fractions import Fraction
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnAnswer:
    """A question with its answer, right spellings of it, and wrong ones."""

    prompt: str
    gold: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]


def integer(rng: Random) -> DrawnAnswer:
    """A whole number, sometimes with a thousands separator."""
    b = rng.randint(2, 5000)
    value = rng.choice((1, 1, 1, -1)) * rng.randint(1, 90_000)
    a = value - b
    digits = str(value)
    right = [digits, f" {digits} ", rf"{digits}.", f"x = {digits}", f"{digits}.0", rf"{{{digits}}}"]
    right += [f"{value:,}", f"{value:,}".replace(",", r"\,"), f"${digits}$"]
    wrong = [str(value + 1), str(value - 1), str(-value), digits + "0", str(value + 10)]
    wrong += [rf"\frac{{{value}}}{{2}}", f"{value}.5", rf"{digits}\%"]
    return DrawnAnswer(
        prompt=f"What is {a} + {b}?", gold=digits, right=tuple(right), wrong=tuple(wrong)
    )


def decimal(rng: Random) -> DrawnAnswer:
    """A number with two or three places."""
    places = rng.choice((2, 3))
    units = rng.randint(1, 10**places * 40) * 10 + rng.randint(1, 9)
    text = f"{units / 10 ** (places + 1):.{places + 1}f}"
    exact = Fraction(units, 10 ** (places + 1))
    right = [text, f"{text}0", rf"\frac{{{exact.numerator}}}{{{exact.denominator}}}", f"x={text}"]
    right += [text.removeprefix("0") if text.startswith("0.") else text, f"+{text}"]
    wrong = [text[:-1], f"{units + 1}", f"-{text}", f"{text}1", f"{text[:-1]}{(units + 1) % 10}"]
    return DrawnAnswer(
        prompt=f"Divide {units} by {10 ** (places + 1)}.",
        gold=text,
        right=tuple(right),
        wrong=tuple(wrong),
    )


def fraction(rng: Random) -> DrawnAnswer:
    """A fraction in lowest terms that is no whole number."""
    under = rng.randint(2, 30)
    over = rng.choice([n for n in range(1, 4 * under) if Fraction(n, under).denominator == under])
    times = rng.randint(2, 9)
    gold = rf"\frac{{{over}}}{{{under}}}"
    right = [
        gold,
        rf"\dfrac{{{over}}}{{{under}}}",
        f"{over}/{under}",
        rf"\tfrac{{{over}}}{{{under}}}",
    ]
    right += [
        rf"\frac{{{over * times}}}{{{under * times}}}",
        rf"\left(\frac{{{over}}}{{{under}}}\right)",
    ]
    if over > under:
        right.append(rf"{over // under}\frac{{{over % under}}}{{{under}}}")
    wrong = [rf"\frac{{{under}}}{{{over}}}" if over != 1 else "2.25", f"{over + 1}/{under}"]
    wrong += [
        rf"-\frac{{{over}}}{{{under}}}",
        rf"\frac{{{over}}}{{{under + 1}}}",
        str(over),
        f"{over},{under}",
    ]
    return DrawnAnswer(
        prompt=f"Which number, multiplied by {under * times}, is {over * times}?",
        gold=gold,
        right=tuple(right),
        wrong=tuple(wrong),
    )


def percent(rng: Random) -> DrawnAnswer:
    """A percentage: 5% equals 0.05, and does not equal 5."""
    share = rng.randint(1, 99)
    gold = rf"{share}\%"
    part = Fraction(share, 100)
    right = [
        gold,
        f"{share}%",
        f"{share / 100:g}",
        rf"\frac{{{part.numerator}}}{{{part.denominator}}}",
    ]
    right += [f"{share} percent", rf"{share}.0\%"]
    wrong = [str(share), rf"{share + 1}\%", rf"0.{share:03}\%", rf"-{share}\%", f"{share / 10:g}"]
    return DrawnAnswer(
        prompt=f"Of 100 people, {share} more came. By what share did the number grow?",
        gold=gold,
        right=tuple(right),
        wrong=tuple(wrong),
    )


def unit(rng: Random) -> DrawnAnswer:
    """A length, mass or time; a missing unit is right, another unit is wrong."""
    name, other = rng.choice((("cm", "m"), ("kg", "g"), ("km", "mm"), ("ml", "l"), ("mph", "km")))
    a, b = rng.randint(2, 60), rng.randint(2, 60)
    value = a * b
    right = [
        rf"{value}\text{{ {name}}}",
        f"{value} {name}",
        str(value),
        rf"{value}\,\mathrm{{{name}}}",
    ]
    right += [rf"{value}~\text{{{name}}}", f"{value}.0"]
    wrong = [rf"{value}\text{{ {other}}}", rf"{value + 1}\text{{ {name}}}", f"{value}0 {name}"]
    wrong += [rf"{value}\text{{ million }}", rf"-{value}\text{{ {name}}}", str(value - 1)]
    return DrawnAnswer(
        prompt=f"{a} sticks of {b} {name} each: how much in all?",
        gold=rf"{value}\text{{ {name}}}",
        right=tuple(right),
        wrong=tuple(wrong),
    )


def expression(rng: Random) -> DrawnAnswer:
    """A product of linear factors, or a root, a power, a multiple of π."""
    return rng.choice((_product, _root, _multiple))(rng)


def _product(rng: Random) -> DrawnAnswer:
    a, b = rng.sample([n for n in range(-9, 10) if n], 2)
    sum_, product = a + b, a * b
    middle = {0: "", 1: "+x", -1: "-x"}.get(sum_, f"{sum_:+}x")
    gold = f"x^2{middle}{product:+}"
    right = [gold, f"(x{a:+})(x{b:+})", f"(x{b:+})(x{a:+})", f"{product}{middle or '+0x'}+x^2"]
    right += [rf"\left(x{a:+}\right)\left(x{b:+}\right)", f"x^{{2}}{middle}{product:+}"]
    wrong = [f"x^2{middle}{product + 1:+}", f"(x{a:+})(x{b + 1:+})", f"x^3{middle}{product:+}"]
    wrong += [f"-({gold})", gold.replace("x", "y"), f"x^2{product:+}x{sum_ + product + 1:+}"]
    return DrawnAnswer(
        prompt=f"Which polynomial x^2 + px + q has the zeros {-a} and {-b}?",
        gold=gold,
        right=tuple(right),
        wrong=tuple(wrong),
    )


def _root(rng: Random) -> DrawnAnswer:
    free, times = rng.choice((2, 3, 5, 6, 7, 10)), rng.randint(2, 12)
    gold = rf"{times}\sqrt{{{free}}}"
    right = [gold, rf"\sqrt{{{times * times * free}}}", rf"{times} \sqrt{{{free}}}"]
    right += [rf"\frac{{{times * free}}}{{\sqrt{{{free}}}}}", rf"\sqrt{{{free}}}\cdot {times}"]
    wrong = [rf"{times}\sqrt{{{free + 1}}}", rf"\sqrt{{{times * free}}}", rf"-{gold}", str(times)]
    wrong += [rf"{times + 1}\sqrt{{{free}}}", rf"{times * free}"]
    return DrawnAnswer(
        prompt=rf"Which positive number has the square {times * times * free}?",
        gold=gold,
        right=tuple(right),
        wrong=tuple(wrong),
    )


def _multiple(rng: Random) -> DrawnAnswer:
    radius = rng.randint(2, 40)
    square = radius * radius
    right = [
        rf"{square}\pi",
        f"{square}π",
        rf"{square} \pi",
        rf"\pi \cdot {square}",
        rf"\pi {radius}^2",
    ]
    wrong = [
        rf"{square + 1}\pi",
        str(square),
        rf"{2 * radius + 1}\pi",
        rf"{square}\pi^2",
        rf"-{square}\pi",
    ]
    return DrawnAnswer(
        prompt=f"The area of a disc of radius {radius}?",
        gold=rf"{square}\pi",
        right=tuple(right),
        wrong=tuple(wrong),
    )


def set_of(rng: Random) -> DrawnAnswer:
    """A set of whole numbers, in any order."""
    held = sorted(rng.sample(range(-20, 60), rng.randint(2, 4)))
    mixed = rng.sample(held, len(held))
    line, shuffled = ", ".join(map(str, held)), ", ".join(map(str, mixed))
    other = ", ".join(map(str, [*held[:-1], held[-1] + 1]))
    right = [rf"\{{{line}\}}", rf"\{{{shuffled}\}}", line, shuffled, rf"\left\{{{line}\right\}}"]
    wrong = [rf"\{{{other}\}}", ", ".join(map(str, held[:-1])), f"({line})", rf"\{{{line}, 99\}}"]
    wrong += [other]
    return DrawnAnswer(
        prompt=f"Which numbers solve the equation? ({len(held)} of them)",
        gold=rf"\{{{line}\}}",
        right=tuple(right),
        wrong=tuple(wrong),
    )


def interval(rng: Random) -> DrawnAnswer:
    """An interval with open or closed ends."""
    low = rng.randint(-20, 20)
    high = low + rng.randint(1, 30)
    left, right_ = rng.choice("(["), rng.choice(")]")
    gold = f"{left}{low}, {high}{right_}"
    flipped = {"(": "[", "[": "(", ")": "]", "]": ")"}
    right = [gold, f"{left}{low},{high}{right_}", rf"\left{left}{low},{high}\right{right_}"]
    right += [rf"{left} {low} , {high} {right_}"]
    wrong = [f"{flipped[left]}{low},{high}{right_}", f"{left}{low},{high}{flipped[right_]}"]
    wrong += [
        f"{left}{low},{high + 1}{right_}",
        rf"\{{{low},{high}\}}",
        f"{left}{low - 1},{high}{right_}",
    ]
    return DrawnAnswer(
        prompt="For which x is it defined? Give an interval.",
        gold=gold,
        right=tuple(right),
        wrong=tuple(wrong),
    )


def tuple_of(rng: Random) -> DrawnAnswer:
    """A point; the order of its coordinates matters."""
    held = rng.sample(range(-30, 30), rng.choice((2, 3)))
    held.sort(reverse=True)  # an increasing pair would be read as an interval
    line, back = ",".join(map(str, held)), ",".join(map(str, reversed(held)))
    right = [f"({line})", f"({', '.join(map(str, held))})", rf"\left({line}\right)"]
    wrong = [f"({back})", f"({line},0)", f"({','.join(map(str, [held[0] + 1, *held[1:]]))})"]
    wrong += [rf"\{{{line}\}}", ",".join(map(str, [*held[:-1], held[-1] - 1]))]
    return DrawnAnswer(
        prompt="Where do they meet? Give the point.",
        gold=f"({line})",
        right=tuple(right),
        wrong=tuple(wrong),
    )


def choice(rng: Random) -> DrawnAnswer:
    """The letter of one of four choices."""
    letters = "ABCD"
    gold = rng.choice(letters)
    others = [letter for letter in letters if letter != gold]
    right = [gold, rf"\text{{{gold}}}", rf"\mathrm{{{gold}}}", f" {gold} ", rf"\textbf{{{gold}}}"]
    wrong = [*others, rf"\text{{{others[0]}}}", f"{gold}, {others[1]}", f"{gold}{others[2]}"]
    return DrawnAnswer(
        prompt="Which of A, B, C and D is true?", gold=gold, right=tuple(right), wrong=tuple(wrong)
    )
