"""The values of trees: exact fractions as long as possible, else 50 digits; nothing hangs."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from mpmath.ctx_mp import MPContext
from mpmath.libmp import NoConvergence

from whet.rewards.verifiable.math.syntax import Tree, UnreadableError

Value = Fraction | Any  # a fraction, or a number of mpmath
_BITS = 20_000  # of an exact power
_MAGNITUDE = 10_000  # |log| of an inexact power
_FACTORIAL = 1000
_HIGHEST_ROOT = 64
_LARGEST_ROOTED = 10**300
_CONTEXT = MPContext()
_CONTEXT.dps = 50
_CLOSE = _CONTEXT.mpf(10) ** -32
_NOTHING = _CONTEXT.mpf(10) ** -46


class UndefinedError(ArithmeticError):
    """The value does not exist, or is too large to be computed."""


def value(of: Tree, given: Mapping[str, Value]) -> Value:
    """The value of a tree, where each variable has the given value.

    Raises `UndefinedError` at a division by zero, at poles, and for towers of powers;
    `UnreadableError` for a variable without a value or a function that is not known.
    """
    try:
        return _value(of, given)
    except (ZeroDivisionError, OverflowError, NoConvergence, TypeError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UndefinedError(str(error)) from error


def same(one: Value, other: Value) -> bool:
    """Whether two values are equal: exactly, or in 32 digits relative to the larger one."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    a, b = inexact(one), inexact(other)
    return bool(abs(a - b) <= _CLOSE * max(abs(a), abs(b)))


def inexact(of: Value) -> Any:
    """The value as a number of 50 digits."""
    if isinstance(of, Fraction):
        return _CONTEXT.mpf(of.numerator) / of.denominator
    return of


def is_real(of: Value) -> bool:
    """Whether the value has no imaginary part."""
    return isinstance(of, Fraction) or bool(abs(_CONTEXT.im(of)) <= _CLOSE * max(1, abs(of)))


def real(of: Value) -> Value:
    """The real part, comparable with `<`."""
    return of if isinstance(of, Fraction) else _CONTEXT.re(of)


def value_or_none(of: Tree, given: Mapping[str, Value]) -> Value | None:
    """The value of a tree; None where it has none."""
    try:
        return value(of, given)
    except (UndefinedError, UnreadableError):
        return None


def _value(of: Tree, given: Mapping[str, Value]) -> Value:
    kind = of[0]
    if kind == "num":
        return of[1]
    if kind == "const":
        return {"π": _CONTEXT.pi, "e": _CONTEXT.e, "i": _CONTEXT.mpc(0, 1)}[of[1]] * 1
    if kind == "var":
        if of[1] not in given:
            raise UnreadableError(of[1])
        return given[of[1]]
    if kind == "call":
        return _call(of[1], [_value(part, given) for part in of[2:]])
    operation = _OPERATIONS[kind]
    return _checked(operation(*(_value(part, given) for part in of[1:])))


def _checked(found: Value) -> Value:
    if isinstance(found, Fraction):
        if max(found.numerator.bit_length(), found.denominator.bit_length()) > 2 * _BITS:
            raise UndefinedError("too large")
        return found
    if not _CONTEXT.isfinite(found):
        raise UndefinedError("not finite")
    return found


def _both(exact: Callable, other: Callable) -> Callable:
    def operation(a: Value, b: Value) -> Value:
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return exact(a, b)
        return other(inexact(a), inexact(b))

    return operation


def _plus(a: Any, b: Any) -> Any:
    """A sum that is rounding alone is zero."""
    found = a + b
    return found * 0 if abs(found) < _CLOSE * 1e-10 * max(abs(a), abs(b)) else found


def _power(base: Value, power: Value) -> Value:
    if isinstance(power, Fraction) and isinstance(base, Fraction):
        if power.denominator == 1:
            return _exact_power(base, power.numerator)
        root = _exact_root(base, power.denominator)
        if root is not None:
            return _exact_power(root, power.numerator)
    if _is_odd_root(base, power):
        return -_power(-base, power) if power.numerator % 2 else _power(-base, power)
    base, power = inexact(base), inexact(power)
    if base and abs(power) * (1 + abs(_CONTEXT.log(abs(base)))) > _MAGNITUDE:
        raise UndefinedError("a power that is too large")
    return base**power


def _is_odd_root(base: Value, power: Value) -> bool:
    """Whether a root of a negative number is a real one."""
    odd = isinstance(power, Fraction) and power.denominator % 2 == 1 < power.denominator
    return odd and is_real(base) and bool(real(base) < 0)


def _exact_power(base: Fraction, power: int) -> Fraction:
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size * abs(power) > _BITS and abs(base) not in (0, 1):
        raise UndefinedError("a power that is too large")
    return base**power if abs(base) != 1 else base ** (power % 2)


def _exact_root(base: Fraction, degree: int) -> Fraction | None:
    """The exact root of a positive fraction, if there is one."""
    if base < 0 or degree > _HIGHEST_ROOT:
        return None
    parts = []
    for part in (base.numerator, base.denominator):
        near = _near_root(part, degree)
        if near**degree != part:
            return None
        parts.append(near)
    return Fraction(*parts)


def _near_root(of: int, degree: int) -> int:
    """The integer next to a root; 0 where it is too large to be found."""
    if degree == 2:  # noqa: PLR2004
        return math.isqrt(of)
    return round(float(of) ** (1 / degree)) if of < _LARGEST_ROOTED else 0


def _root(base: Value, degree: Value) -> Value:
    if not isinstance(degree, Fraction) or degree == 0:
        return _power(base, _divide(Fraction(1), degree))
    if degree.denominator == 1 and degree.numerator % 2 and is_real(base) and real(base) < 0:
        return -_power(-base, 1 / degree)  # the real root
    return _power(base, 1 / degree)


def _factorial(of: Value) -> Value:
    return Fraction(math.factorial(_count(of)))


def _double_factorial(of: Value) -> Value:
    return Fraction(math.prod(range(_count(of), 0, -2)))


def _count(of: Value) -> int:
    if not isinstance(of, Fraction) or of.denominator != 1 or not 0 <= of <= _FACTORIAL:
        raise UndefinedError("no factorial")
    return of.numerator


def _divide(a: Value, b: Value) -> Value:
    return _both(lambda x, y: x / y, lambda x, y: x / y)(a, b)


_OPERATIONS: Mapping[str, Callable] = {
    "+": _both(lambda a, b: a + b, _plus),
    "-": _both(lambda a, b: a - b, lambda a, b: _plus(a, -b)),
    "*": _both(lambda a, b: a * b, lambda a, b: a * b),
    "/": _divide,
    "neg": lambda a: -a,
    "^": _power,
    "root": _root,
    "!": _factorial,
    "!!": _double_factorial,
    "%": lambda a: a / 100,
    "°": lambda a: inexact(a) * _CONTEXT.pi / 180,
}


def _call(name: str, given: list[Value]) -> Value:
    if name in _EXACT and all(isinstance(one, Fraction) for one in given):
        return _EXACT[name](*given)
    if name in ("abs", "Re", "Im"):
        of = inexact(given[0])
        return {"abs": abs, "Re": _CONTEXT.re, "Im": _CONTEXT.im}[name](of)
    if name not in _INEXACT:
        raise UnreadableError(name)
    if name == "exp":
        return _power(_CONTEXT.e * 1, *given)
    if any(abs(inexact(one)) > _CONTEXT.mpf(10) ** 300 for one in given):
        raise UndefinedError("too large")
    found = _checked(_INEXACT[name](*map(inexact, given)))
    return found * 0 if abs(found) < _NOTHING else found  # sin π


def _binomial(n: Fraction, *below: Fraction) -> Fraction:
    counts = [_count(one) for one in below]
    if len(counts) > 1:
        if sum(counts) != n:
            raise UndefinedError("multinomial")
        return Fraction(math.factorial(_count(n)), math.prod(map(math.factorial, counts)))
    found = Fraction(1)
    for step in range(counts[0]):
        found = _checked(found * (n - step) / (step + 1))
    return found


def _binomial_of_reals(n: Value, k: Value) -> Value:
    if max(abs(n), abs(k)) > _FACTORIAL:
        raise UndefinedError("too large")
    return _CONTEXT.binomial(n, k)


def _integers(function: Callable) -> Callable:
    def of(*given: Fraction) -> Fraction:
        if any(one.denominator != 1 for one in given):
            raise UndefinedError("no integers")
        return Fraction(function(*(one.numerator for one in given)))

    return of


_EXACT: Mapping[str, Callable] = {
    "abs": abs,
    "floor": lambda a: Fraction(math.floor(a)),
    "ceil": lambda a: Fraction(math.ceil(a)),
    "gcd": _integers(math.gcd),
    "lcm": _integers(math.lcm),
    "max": lambda *a: max(a),
    "min": lambda *a: min(a),
    "binom": _binomial,
    "Re": lambda a: a,
    "Im": lambda a: a * 0,
}
_INEXACT: Mapping[str, Callable] = {
    "sin": _CONTEXT.sin, "cos": _CONTEXT.cos, "tan": _CONTEXT.tan, "cot": _CONTEXT.cot,
    "sec": _CONTEXT.sec, "csc": _CONTEXT.csc, "arcsin": _CONTEXT.asin, "arccos": _CONTEXT.acos,
    "arctan": _CONTEXT.atan, "arccot": _CONTEXT.acot, "asin": _CONTEXT.asin, "exp": _CONTEXT.exp,
    "acos": _CONTEXT.acos, "atan": _CONTEXT.atan, "sinh": _CONTEXT.sinh, "cosh": _CONTEXT.cosh,
    "tanh": _CONTEXT.tanh, "arcsinh": _CONTEXT.asinh, "arccosh": _CONTEXT.acosh,
    "arctanh": _CONTEXT.atanh, "ln": _CONTEXT.ln, "lg": lambda a: _CONTEXT.ln(a) / _CONTEXT.ln(10),
    "log": lambda a, base=None: _CONTEXT.ln(a) / (_CONTEXT.ln(base) if base is not None else 1),
    "cis": _CONTEXT.expj, "floor": _CONTEXT.floor, "ceil": _CONTEXT.ceil,
    "binom": lambda n, k: _binomial_of_reals(n, k),
}  # fmt: skip
