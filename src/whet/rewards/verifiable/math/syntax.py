"""Formulas as trees: numbers, names, operations.  Nothing is computed here.

A tree is a tuple: ("num", Fraction), ("var", name), ("const", name), or an operation and its trees.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

Tree = tuple[Any, ...]
FUNCTIONS = frozenset(
    [
        "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "arccot", "sinh",
        "cosh", "tanh", "ln", "log", "lg", "exp", "gcd", "lcm", "max", "min", "sqrt", "asin",
        "acos", "atan", "cis", "Re", "Im", "abs",
    ]
)  # fmt: skip
_TOKEN = re.compile(
    r"\s*(?:(?P<rep>\d*\.\d*\(\d+\))|(?P<num>\d+(?:\.\d+)?|\.\d+)|\\(?P<cmd>[A-Za-z]+)"
    r"|(?P<word>(?:arc)?(?:sinh|cosh|tanh|sin|cos|tan|cot|sec|csc)|ln|log|lg|exp|cis|gcd|lcm|sqrt|"
    r"asin|acos|atan|max|min|pi(?![a-z]))"
    r"|(?P<name>[A-Za-zα-ωΑ-ΩîĵŵΔ](?:\u0302)?(?:_\{[\w+\-,]+\})?'*)"
    r"|(?P<op>!!|[-+*/^!%°(){}\[\],|⌊⌋⌈⌉_]))"
)
_DIGITS = 4000  # of a number: Python reads integers of up to 4300
_DEEPEST = 60  # operands in operands
_LONGEST = 160  # tokens; a tree is never deeper
_CLOSING = {"(": ")", "{": "}", "[": "]", "|": "|", "⌊": "⌋", "⌈": "⌉"}


class UnreadableError(ValueError):
    """The text is no formula of the kinds that are read here."""


def tree(text: str) -> Tree:
    """The tree of a formula; raises `UnreadableError`."""
    reader = _TreeReader(_tokens(text))
    found = reader.sum()
    if reader.peek() is not None:
        raise UnreadableError(text)
    return found


@lru_cache(maxsize=1024)
def tree_or_none(text: str) -> Tree | None:
    """The tree of a formula; None for any other text."""
    try:
        return tree(text)
    except UnreadableError:
        return None


def names(of: Tree) -> frozenset[str]:
    """The variables of a tree."""
    if of[0] == "var":
        return frozenset((of[1],))
    return frozenset().union(*(names(part) for part in of[1:] if isinstance(part, tuple)))


def operations(of: Tree) -> frozenset[str]:
    """The operations and constants of a tree."""
    inner = (operations(part) for part in of[1:] if isinstance(part, tuple))
    return frozenset((of[1] if of[0] in ("const", "call") else of[0],)).union(*inner)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnreadableError(text)
        kind = match.lastgroup or ""
        if len(match[0]) > _DIGITS:
            raise UnreadableError(text)
        found.append((kind, match[kind]))
        at = match.end()
        if len(found) > _LONGEST:
            raise UnreadableError(text)
    return found


class _TreeReader:
    """Recursive descent over tokens."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0
        self.bars = 0

    def peek(self) -> tuple[str, str] | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _is(self, *signs: str) -> bool:
        token = self.peek()
        return token is not None and token[0] == "op" and token[1] in signs

    def _take(self) -> tuple[str, str]:
        token = self.peek()
        if token is None:
            raise UnreadableError("end")
        self.at += 1
        return token

    def sum(self) -> Tree:
        found = self._signed()
        while self._is("+", "-"):
            sign = self._take()[1]
            found = (sign, found, self._signed())
        return found

    def _signed(self) -> Tree:
        if self._is("-", "+"):
            sign = self._take()[1]
            if self._is("-", "+"):
                raise UnreadableError("two signs")
            inner = self._signed()
            return ("neg", inner) if sign == "-" else inner
        return self._product()

    def _product(self) -> Tree:
        found = self._power()
        while True:
            if self._is("*", "/"):
                sign = self._take()[1]
                right = ("neg", self._power()) if self._is("-") and self._take() else self._power()
                found = (sign, found, right)
            elif self._starts():
                found = ("*", found, self._power())
            else:
                return found

    def _starts(self) -> bool:
        """Whether a factor without a sign of multiplication follows."""
        token = self.peek()
        if token is None:
            return False
        if token[0] != "op":
            before = self.tokens[self.at - 1]
            return not (token[0] in ("num", "rep") and before[0] in ("num", "rep"))
        return token[1] in "({[⌊⌈" or (token[1] == "|" and not self.bars)

    def _power(self) -> Tree:
        found = self._postfix(self._atom())
        if self._is("^"):
            self._take()
            found = ("^", found, self._exponent())
            found = self._postfix(found)
        return found

    def _exponent(self) -> Tree:
        if self._is("-"):
            self._take()
            return ("neg", self._exponent())
        if self._is("+"):
            self._take()
        base = self._postfix(self._atom())
        if self._is("^"):
            self._take()
            return ("^", base, self._exponent())
        return base

    def _postfix(self, found: Tree) -> Tree:
        while self._is("!", "!!", "%", "°"):
            found = (self._take()[1], found)
        return found

    def _atom(self) -> Tree:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnreadableError("too deep")
        found = self._operand()
        self.depth -= 1
        return found

    def _operand(self) -> Tree:
        kind, sign = self._take()
        if kind == "num":
            return ("num", Fraction(sign))
        if kind == "rep":
            return ("num", repeating(sign))
        if kind == "name":
            return _name(sign)
        if kind == "word" or (kind == "cmd" and sign in FUNCTIONS):
            return ("const", "π") if sign == "pi" else self._call(sign)
        if kind == "cmd":
            return self._command(sign)
        if sign in _CLOSING:
            return self._bracket(sign)
        raise UnreadableError(sign)

    def _bracket(self, sign: str) -> Tree:
        self.bars += sign == "|"
        inside, self.bars = self.bars, self.bars if sign == "|" else 0
        found = self.sum()
        self.bars = inside - (sign == "|")
        if not self._is(_CLOSING[sign]):
            raise UnreadableError(sign)
        self._take()
        return {"|": ("call", "abs", found), "⌊": ("call", "floor", found)}.get(
            sign, ("call", "ceil", found) if sign == "⌈" else found
        )

    def _argument(self) -> Tree:
        """The content of braces or brackets, or one factor."""
        if self._is("{", "("):
            return self._bracket(self._take()[1])
        return self._atom()

    def _command(self, sign: str) -> Tree:
        if sign == "frac":
            return ("/", self._argument(), self._argument())
        if sign == "binom":
            return self._binomial()
        raise UnreadableError(sign)

    def _binomial(self) -> Tree:
        above = self._argument()
        if not self._is("{"):
            raise UnreadableError("binom")
        self._take()
        below = [self.sum()]
        while self._is(","):
            self._take()
            below.append(self.sum())
        if not self._is("}"):
            raise UnreadableError("binom")
        self._take()
        return ("call", "binom", above, *below)

    def _call(self, name: str) -> Tree:
        if name == "sqrt":
            degree = self._bracket(self._take()[1]) if self._is("[") else ("num", Fraction(2))
            return ("root", self._argument(), degree)
        base: list[Tree] = []
        if name == "log" and self._is("_"):
            self._take()
            base = [self._argument()]
        raised = None
        if self._is("^"):
            self._take()
            raised = self._exponent()
        arguments = self._arguments() + base
        found: Tree = ("call", name, *arguments)
        if raised is None:
            return found
        if raised == ("neg", ("num", Fraction(1))):
            return ("call", f"arc{name}", *arguments)
        return ("^", found, raised)

    def _arguments(self) -> list[Tree]:
        if self._is("("):
            self._take()
            found = [self.sum()]
            while self._is(","):
                self._take()
                found.append(self.sum())
            if not self._is(")"):
                raise UnreadableError("(")
            self._take()
            return found
        if self._is("{"):
            return [self._bracket(self._take()[1])]
        return [self._bare_argument()]

    def _bare_argument(self) -> Tree:
        r"""`\sin 2x`: the factors without a sign between them, up to the next function."""
        if self._is("-"):
            self._take()
            return ("neg", self._bare_argument())
        found = self._power()
        while (token := self.peek()) is not None and self._starts():
            if (
                token[0] == "word"
                or (token[0] == "cmd" and token[1] in FUNCTIONS - {"sqrt"})
                or self._is("(")
            ):
                break
            found = ("*", found, self._power())
        return found


def _name(sign: str) -> Tree:
    return ("const", sign) if sign in ("e", "π", "i") else ("var", sign)


def repeating(sign: str) -> Fraction:
    """The number of `0.8(3)`."""
    whole, _, rest = sign.partition(".")
    fixed, _, period = rest.rstrip(")").partition("(")
    start = Fraction(f"{whole or 0}.{fixed or 0}")
    return start + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed))
