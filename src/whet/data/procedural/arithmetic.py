"""Evaluation of an expression, equation by equation."""

import ast
import re
from dataclasses import dataclass
from fractions import Fraction

_LEGAL = re.compile(r"[0-9+\-*/()]{1,64}")
_SIGNS: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """left sign right = result, true or false."""

    left: Fraction
    sign: str
    right: Fraction
    result: Fraction

    @classmethod
    def read(cls, left: str, sign: str, right: str, result: str) -> "Equation":
        """Parse an equation from its parts."""
        numbers = Fraction(left), Fraction(right), Fraction(result)
        return cls(left=numbers[0], sign=sign, right=numbers[1], result=numbers[2])

    def __str__(self) -> str:
        return f"{self.left}{self.sign}{self.right}={self.result}"

    @property
    def true(self) -> bool:
        """True if the result is correct."""
        return self.result == operated(self.left, self.sign, self.right)


def operated(left: Fraction, sign: str, right: Fraction) -> Fraction | None:
    """The exact result; None for a division by zero."""
    if sign == "/":
        return left / right if right else None
    return {"+": left + right, "-": left - right, "*": left * right}[sign]


def equations(expression: str) -> list[Equation] | None:
    """All operations of an expression in order, the outermost last; None if it is invalid."""
    if not _LEGAL.fullmatch(expression):
        return None
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        return None
    found: list[Equation] = []
    return None if _value(tree, found) is None else found


def _value(node: ast.expr, found: list[Equation]) -> Fraction | None:
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    if not isinstance(node, ast.BinOp) or type(node.op) not in _SIGNS:
        return None
    left, right, sign = _value(node.left, found), _value(node.right, found), _SIGNS[type(node.op)]
    result = None if left is None or right is None else operated(left, sign, right)
    if left is None or right is None or result is None:
        return None
    found.append(Equation(left=left, sign=sign, right=right, result=result))
    return result
