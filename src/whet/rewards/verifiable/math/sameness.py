"""Whether an answer says what the task's answer says."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from whet.rewards.verifiable.math.amounts import Amount, agree, formulas_agree
from whet.rewards.verifiable.math.evaluation import Value, inexact, same, value_or_none
from whet.rewards.verifiable.math.kinds import (
    Alternatives,
    Based,
    Clock,
    Date,
    Equation,
    Family,
    Meaning,
    Piecewise,
    Ratio,
    Residue,
    Several,
)
from whet.rewards.verifiable.math.regions import Region
from whet.rewards.verifiable.math.syntax import names

_INTEGERS = frozenset("kmnjtKMN")
_WINDOW = 40
_MOST = 64  # items
_ROUNDING = 1e-25
Lists = Callable[[Sequence[Meaning], Sequence[Meaning]], bool]


def means(gold: Sequence[Meaning], answer: Sequence[Meaning], lists: "Lists") -> bool:
    """Whether any reading of the answer is any reading of the task's; `lists` compares lists."""
    return any(_same(one, other, lists) for one in gold for other in answer)


def _same(gold: Meaning, answer: Meaning, lists: "Lists") -> bool:
    if isinstance(gold, Alternatives) or isinstance(answer, Alternatives):
        return means(_readings(gold), _readings(answer), lists)
    if isinstance(gold, Amount) and isinstance(answer, Amount):
        return agree(gold, answer)
    if isinstance(gold, Several) and isinstance(answer, Several):
        return _several(gold, answer, lists)
    if isinstance(gold, Several) or isinstance(answer, Several):
        return _alone(gold, answer)
    if type(gold) is not type(answer):
        return _across(gold, answer)
    compare: Callable = _COMPARE[type(gold)]
    return bool(compare(gold, answer))


def _readings(of: Meaning) -> Sequence[Meaning]:
    return of.readings if isinstance(of, Alternatives) else (of,)


def _alone(gold: Meaning, answer: Meaning) -> bool:
    """A set of one answer, and that answer."""
    whole, one = (gold, answer) if isinstance(gold, Several) else (answer, gold)
    if (
        not isinstance(whole, Several)
        or whole.kind != "set"
        or len(whole.items) != 1
        or whole is answer
    ):
        return False
    return _same(whole.items[0], one, in_any_order)


def _across(gold: Meaning, answer: Meaning) -> bool:
    match gold, answer:
        case Amount(), Based():
            return agree(gold, Amount(("num", answer.value)))
        case Based(), Amount():
            return answer.unit is None and _written(answer) == gold.digits
        case Amount(), Residue():
            return agree(gold, Amount(("num", answer.residue)))
        case (Residue(), Family()) | (Family(), Residue()):
            return _class_of(gold) == _class_of(answer)
        case Residue(), Amount():
            return answer.unit is None and _class_of(_as_family(answer)) == gold
        case Family(), Amount():
            family = _as_family(answer)
            return isinstance(family, Family) and _families(gold, family)
        case Ratio(), Amount():
            return _quotient(gold, answer)
        case _:
            return False


def _as_family(of: Amount) -> Meaning:
    """`7k + 3` for all integers k, where the formula has one variable of a usual name."""
    free = names(of.formula)
    return Family((of.formula,), *free) if len(free) == 1 and free <= _INTEGERS else of


def _class_of(one: Meaning) -> Meaning | None:
    return answer_class(one) if isinstance(one, Family) else one


def _quotient(gold: Ratio, answer: Amount) -> bool:
    """Whether a number is the quotient of two parts."""
    match gold.parts:
        case (one, other):
            return agree(Amount(("/", one.formula, other.formula)), answer)
    return False


def _written(answer: Amount) -> str:
    return str(answer.formula[1]) if answer.formula[0] == "num" else ""


def answer_class(family: Family) -> Residue | None:
    """The class of integers of `a·k + b`."""
    if len(family.formulas) != 1:
        return None
    a, b, c = (
        value_or_none(family.formulas[0], {family.parameter: Fraction(k)}) for k in (0, 1, 2)
    )
    if not (isinstance(a, Fraction) and isinstance(b, Fraction) and isinstance(c, Fraction)):
        return None
    step = abs(b - a)
    return Residue(a % step, step) if step and c - b == b - a else None


def _several(gold: Several, answer: Several, lists: "Lists") -> bool:
    flat = {"()", "column"}
    if (
        gold.kind in flat
        and answer.kind in flat
        or gold.kind == answer.kind in ("matrix", "row", "[]")
    ):
        return in_order(gold.items, answer.items)
    labelled = [
        one
        for one in (gold, answer)
        if len(set(one.labels)) == len(one.items) > 1 and all(one.labels)
    ]
    if labelled:
        return _labelled(gold, answer)
    if {gold.kind, answer.kind} <= {"set", "list"}:
        if gold.kind == "list":
            return lists(gold.items, answer.items)
        return in_any_order(_distinct(gold.items), _distinct(answer.items))
    return False


def _labelled(gold: Several, answer: Several) -> bool:
    """`y = 2, x = 3` is (3, 2): names in alphabetical order."""
    if all(gold.labels) and all(answer.labels) and set(gold.labels) != set(answer.labels):
        return _by_initials(gold, answer)
    if any(map(_is_word, gold.labels)):
        return _fits(gold, answer)
    if "set" in (gold.kind, answer.kind) or gold.kind == "list" and not all(gold.labels):
        return False
    if not all(answer.labels) and answer.kind == "list":
        return False
    return in_order(*(_by_name(one) for one in (gold, answer)))


def _is_word(label: str) -> bool:
    return len(label) > 1


def _by_initials(gold: Several, answer: Several) -> bool:
    """Whether parts with words and parts with their initials are the same: `Q` and `quotient`."""
    mine, theirs = ([label[0].casefold() for label in one.labels] for one in (gold, answer))
    words = any(map(_is_word, gold.labels)) != any(map(_is_word, answer.labels))
    return words and mine == theirs and in_order(gold.items, answer.items)


def _fits(gold: Several, answer: Several) -> bool:
    """Whether parts with words are parts in the same order, of which some have their words."""
    if set(answer.labels) == set(gold.labels):
        return in_order(_by_name(gold), _by_name(answer))
    known = zip(gold.labels, answer.labels, strict=False)
    return all(b in ("", a) for a, b in known) and in_order(gold.items, answer.items)


def _by_name(one: Several) -> Sequence[Meaning]:
    if not all(one.labels) or len(one.labels) != len(one.items):
        return one.items
    return [
        item
        for _, item in sorted(zip(one.labels, one.items, strict=True), key=lambda pair: pair[0])
    ]


def in_order(one: Sequence[Meaning], other: Sequence[Meaning]) -> bool:
    """Whether the first is the first, the second the second, and so on."""
    return len(one) == len(other) and all(
        _same(a, b, in_order) for a, b in zip(one, other, strict=True)
    )


def in_any_order(one: Sequence[Meaning], other: Sequence[Meaning]) -> bool:
    """Whether each item has one of its own in the other list."""
    left = list(other)
    if len(one) != len(left) or len(left) > _MOST:
        return False
    for wanted in one:
        found = next(
            (place for place, item in enumerate(left) if _same(wanted, item, in_any_order)), None
        )
        if found is None:
            return False
        del left[found]
    return True


def _distinct(items: Sequence[Meaning]) -> list[Meaning]:
    found: list[Meaning] = []
    for item in items:
        if not any(_same(item, one, in_any_order) for one in found):
            found.append(item)
    return found


def _equations(gold: Equation, answer: Equation) -> bool:
    """Whether the differences of the sides are a constant multiple of each other."""
    one, other = ("-", gold.left, gold.right), ("-", answer.left, answer.right)
    if names(one) != names(other) or not names(one):
        return False
    if formulas_agree(Amount(one), Amount(other)):
        return True
    probe = {
        name: Fraction(3 + 7 * place, 5 + place) for place, name in enumerate(sorted(names(one)))
    }
    a, b = value_or_none(one, probe), value_or_none(other, probe)
    if a is None or b is None or not a or not b:
        return False
    scale = (
        a / b if isinstance(a, Fraction) and isinstance(b, Fraction) else inexact(a) / inexact(b)
    )
    return isinstance(scale, Fraction) and formulas_agree(
        Amount(one), Amount(("*", ("num", scale), other))
    )


def _families(gold: Family, answer: Family) -> bool:
    """Whether both have the same values near to zero."""
    near, far = (_values(one) for one in (gold, answer))
    if not near or not far:
        return False
    reach = min(max(map(abs, near)), max(map(abs, far)), key=inexact) / 2
    return all(
        any(same(one, two) or abs(inexact(one) - inexact(two)) < _ROUNDING for two in others)
        for these, others in ((near, far), (far, near))
        for one in these
        if abs(one) <= reach
    )


def _values(of: Family) -> list[Value]:
    found = [
        value_or_none(formula, {of.parameter: Fraction(k)})
        for formula in of.formulas
        for k in range(-_WINDOW, _WINDOW + 1)
    ]
    return [inexact(one) for one in found if one is not None]


def _ratios(gold: Ratio, answer: Ratio) -> bool:
    if len(gold.parts) != len(answer.parts):
        return False
    a, b = (
        [one for part in ratio.parts if (one := value_or_none(part.formula, {})) is not None]
        for ratio in (gold, answer)
    )
    if len(a) < len(gold.parts) or len(b) < len(a) or not a[0] or not b[0]:
        return False
    return all(same(_over(x, a[0]), _over(y, b[0])) for x, y in zip(a, b, strict=True))


def _over(x: Value, y: Value) -> Value:
    return x / y if isinstance(x, Fraction) and isinstance(y, Fraction) else inexact(x) / inexact(y)


def _clocks(gold: Clock, answer: Clock) -> bool:
    if gold.half and not answer.half:
        return gold.minutes == answer.minutes
    return gold.minutes == answer.minutes or (not gold.half and answer.minutes == gold.minutes)


def _dates(gold: Date, answer: Date) -> bool:
    same_day = (gold.month, gold.day) == (answer.month, answer.day)
    return same_day and (gold.year == answer.year or not gold.year)


def _pieces(gold: Piecewise, answer: Piecewise) -> bool:
    """Whether each piece has one of its own with the same formula and the same numbers."""
    left = list(answer.parts)
    for formula, where in gold.parts:
        fit = [
            part
            for part in left
            if formulas_agree(Amount(formula), Amount(part[0])) and where.equals(part[1])
        ]
        if not fit:
            return False
        left.remove(fit[0])
    return not left


_COMPARE = {
    Piecewise: _pieces,
    Region: lambda gold, answer: gold.equals(answer),
    Equation: _equations,
    Residue: lambda gold, answer: gold == answer,
    Family: _families,
    Based: lambda gold, answer: gold.value == answer.value,
    Clock: _clocks,
    Date: _dates,
    Ratio: _ratios,
}
