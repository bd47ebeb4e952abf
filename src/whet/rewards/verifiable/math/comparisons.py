"""Whether two answers of one kind, without others inside them, say the same."""

from collections.abc import Callable, Mapping
from fractions import Fraction

from whet.rewards.verifiable.math.amounts import Amount, formulas_agree
from whet.rewards.verifiable.math.evaluation import Value, inexact, same, value_or_none
from whet.rewards.verifiable.math.flats import Flat
from whet.rewards.verifiable.math.kinds import (
    Based,
    CurveEquation,
    Date,
    Piecewise,
    Proportion,
    Residue,
    SolutionFamily,
    TimeOfDay,
)
from whet.rewards.verifiable.math.regions import Region, probes
from whet.rewards.verifiable.math.syntax import names

_WINDOW = 40
_ROUNDING = 1e-25


def answer_class(family: SolutionFamily) -> Residue | None:
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


def _equations(gold: CurveEquation, answer: CurveEquation) -> bool:
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


def families(gold: SolutionFamily, answer: SolutionFamily) -> bool:
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


def _values(of: SolutionFamily) -> list[Value]:
    found = [
        value_or_none(formula, {of.parameter: Fraction(k)})
        for formula in of.formulas
        for k in range(-_WINDOW, _WINDOW + 1)
    ]
    return [inexact(one) for one in found if one is not None]


def _ratios(gold: Proportion, answer: Proportion) -> bool:
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


def _clocks(gold: TimeOfDay, answer: TimeOfDay) -> bool:
    return gold.minutes == answer.minutes


def _dates(gold: Date, answer: Date) -> bool:
    same_day = (gold.month, gold.day) == (answer.month, answer.day)
    return same_day and (gold.year == answer.year or not gold.year)


def _pieces(gold: Piecewise, answer: Piecewise) -> bool:
    """Whether both functions have one value at each end of a piece, and one formula between."""
    ends = [at for of in (gold, answer) for _, where in of.parts for at in where.points]
    for at in probes(ends):
        one, other = gold.at(at), answer.at(at)
        if one is None or other is None:
            if one is not other:
                return False
            continue
        names_ = sorted(names(one) | names(other))
        if any(same(at, end) for end in ends):
            a, b = (value_or_none(each, dict.fromkeys(names_, at)) for each in (one, other))
            if a is None or b is None or not same(a, b):
                return False
        elif not formulas_agree(Amount(one), Amount(other)):
            return False
    return True


COMPARE: Mapping[type, Callable[..., bool]] = {
    Piecewise: _pieces,
    Region: lambda gold, answer: gold.equals(answer),
    Flat: lambda gold, answer: gold.equals(answer),
    CurveEquation: _equations,
    Residue: lambda gold, answer: gold == answer,
    SolutionFamily: families,
    Based: lambda gold, answer: gold.value == answer.value,
    TimeOfDay: _clocks,
    Date: _dates,
    Proportion: _ratios,
}
