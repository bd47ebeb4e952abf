"""Mutants of Python source: one operator, constant or default changed, the rest as it was.

`mutations(text)` finds every place in the text of a module. Types, docstrings and the texts of
messages are left alone.
"""

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_EXTREMES = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "amin": "amax",
    "amax": "amin",
    "floor": "ceil",
    "ceil": "floor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One change of one expression."""

    where: str  # class and function that it is in; empty: the module
    kind: str
    start: int  # of the expression, in characters
    stop: int
    old: str
    new: str
    number: int  # among equal changes in the same place
    line: int

    @property
    def key(self) -> str:
        """Name that stays the same when other lines change."""
        return f"{self.where}: {self.kind}: {self.old} → {self.new} ({self.number})"

    def applied(self, text: str) -> str:
        """The module with this change."""
        return text[: self.start] + self.new + text[self.stop :]


def mutations(text: str) -> list[Mutation]:
    """All mutations of a module, in the order of their places."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines, counts, found = text.splitlines(), dict[tuple[str, ...], int](), []
    for where, kind, node, changed in _changes(ast.parse(text), ""):
        start, stop = _span(node, lines, starts)
        old, new = text[start:stop], ast.unparse(changed)
        if isinstance(changed, ast.BinOp | ast.BoolOp | ast.Compare | ast.UnaryOp):
            new = f"({new})"
        place = (where, kind, old, new)
        counts[place] = counts.get(place, 0) + 1
        found.append(
            Mutation(
                where=where,
                kind=kind,
                start=start,
                stop=stop,
                old=" ".join(old.split()),
                new=new,
                number=counts[place],
                line=node.lineno,
            )
        )
    return found


def _span(node: ast.expr, lines: list[str], starts: list[int]) -> tuple[int, int]:
    def place(line: int, byte: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:byte].decode())

    end = node.end_lineno or 0, node.end_col_offset or 0
    return place(node.lineno, node.col_offset), place(*end)


Change = tuple[str, str, ast.expr, ast.AST]


def _changes(node: ast.AST, where: str, *, kind: str = "") -> Iterator[Change]:
    """Changes of a node and of all below it. `kind` is set inside of defaults."""
    if isinstance(node, ast.JoinedStr | ast.Assert | ast.Import | ast.ImportFrom):
        return
    if isinstance(node, ast.expr):
        yield from ((where, kind or what, node, changed) for what, changed in _of(node))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        where = f"{where}.{node.name}".strip(".")
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "type_comment", "bases"}:
            continue
        below = "default" if _is_default(node, name) else kind
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _changes(child, where, kind=below)


def _is_default(node: ast.AST, name: str) -> bool:
    """Defaults of parameters and of the fields of classes."""
    return (isinstance(node, ast.arguments) and name in {"defaults", "kw_defaults"}) or (
        isinstance(node, ast.AnnAssign) and name == "value"
    )


def _of(node: ast.expr) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            yield "arithmetic", _with(node, op=_ARITHMETIC[type(op)]())
        case ast.Compare(ops=[op]):
            for other in _COMPARISONS[type(op)]:
                yield "comparison", _with(node, ops=[other()])
        case ast.BoolOp(op=op):
            yield "boolean", _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=op, operand=operand):
            yield ("unary minus" if isinstance(op, ast.USub) else "boolean"), operand
        case ast.Constant(value=value):
            yield from (("constant", ast.Constant(x)) for x in _others(value))
        case ast.Call():
            yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    """Minimum and maximum exchanged, in names, methods and the keywords of `clamp`."""
    called = node.func
    if isinstance(called, ast.Name) and called.id in _EXTREMES:
        yield "min or max", _with(node, func=ast.Name(_EXTREMES[called.id]))
    if isinstance(called, ast.Attribute) and called.attr in _EXTREMES:
        yield "min or max", _with(node, func=_with(called, attr=_EXTREMES[called.attr]))
    names = [word.arg for word in node.keywords]
    if isinstance(called, ast.Attribute) and called.attr == "clamp" and len(names) == 1:
        swapped = [_with(node.keywords[0], arg=_EXTREMES[names[0] or ""])]
        yield "min or max", _with(node, keywords=swapped)


def _others(value: object) -> list[float]:
    """Other values of a constant: twice and half of a fraction, one more and less of a count."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [value * 2, value / 2] if value else [1.0, -1.0]
    return []


def _with(node: Any, **changed: Any) -> Any:
    """A copy of a node with other fields."""
    copy = deepcopy(node)
    for name, value in changed.items():
        setattr(copy, name, value)
    return copy
