"""Arithmetic on integers, parsed and computed exactly, without `eval`."""

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction

_LEGAL = re.compile(r"[0-9+\-*/() ]{1,256}")
_SYMBOLS = (
    (re.compile(r"\\times|\\cdot|[×·]"), "*"),
    (re.compile(r"\\div|÷"), "/"),
    (re.compile(r"−"), "-"),
    (re.compile(r"\\left|\\right|\$|\\[,;! ]"), ""),
    (re.compile(r"\s+"), " "),
)
_OPERATIONS: dict[type, Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def evaluated(text: str) -> tuple[Fraction, list[int]] | None:
    """The exact value of an expression and the integers in it; None for any other text.

    An expression has sums, differences, products, quotients and brackets, and at most 256
    characters; it has no powers and no names.  A division by zero raises `ZeroDivisionError`.
    """
    for pattern, replacement in _SYMBOLS:
        text = pattern.sub(replacement, text)
    if not _LEGAL.fullmatch(text.strip()):
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None
    leaves: list[int] = []
    value = _value(tree, leaves)
    return None if value is None else (value, leaves)


def _value(node: ast.expr, leaves: list[int]) -> Fraction | None:
    if isinstance(node, ast.Constant):
        leaves.append(int(str(node.value)))
        return Fraction(leaves[-1])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand, leaves)
        return None if value is None else -value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, right = _value(node.left, leaves), _value(node.right, leaves)
        if left is not None and right is not None:
            return _OPERATIONS[type(node.op)](left, right)
    return None
