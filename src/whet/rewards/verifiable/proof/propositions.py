"""Formulas of propositional logic, parsed from text.  ~P is an abbreviation of P -> _|_."""

import re

Formula = tuple[object, ...]
"""("->", P, Q), ("&", P, Q), ("|", P, Q), or the name of an atom alone; ("_|_",) is false."""

FALSE: Formula = ("_|_",)
_SIGNS = str.maketrans(
    {"→": "->", "⇒": "->", "∧": "&", "∨": "|", "¬": "~", "⊥": "_|_", "⊢": "|-"}
)  # fmt: skip
_TOKEN = re.compile(r"\s*(->|_\|_|[()&|~]|[A-Za-z][A-Za-z0-9_]*)")
_LONGEST = 400  # characters of a formula
_DEEPEST = 60  # brackets and arrows inside each other
_LEVELS = ("->", "|", "&")  # the weakest first


def ascii_signs(text: str) -> str:
    """The text with ASCII spellings of the signs of logic."""
    return text.translate(_SIGNS)


def formula(text: str) -> Formula:
    """Parse a formula.  `&` binds more strongly than `|`, and `|` than `->`, which is
    right-associative.

    Raises `ValueError` for any other text.
    """
    text = ascii_signs(text).strip()
    if len(text) > _LONGEST or sum(map(text.count, ("(", "~", "->"))) > _DEEPEST:
        raise ValueError("a formula is too long")
    tokens = _TOKEN.findall(text)
    if not tokens or "".join(tokens) != re.sub(r"\s+", "", text):
        raise ValueError(f"{text[:40]!r} is no formula")
    found = _joined(tokens, 0)
    if tokens:
        raise ValueError(f"{text[:40]!r} goes on after a formula")
    return found


def implies(premise: Formula, conclusion: Formula) -> Formula:
    """The formula P -> Q."""
    return ("->", premise, conclusion)


def _joined(tokens: list[str], level: int) -> Formula:
    if level == len(_LEVELS):
        return _single(tokens)
    sign = _LEVELS[level]
    found = _joined(tokens, level + 1)
    while tokens and tokens[0] == sign:
        tokens.pop(0)
        other = _joined(tokens, level if sign == "->" else level + 1)
        found = (sign, found, other)
    return found


def _single(tokens: list[str]) -> Formula:
    token = tokens.pop(0) if tokens else ""
    if token == "~":
        return implies(_single(tokens), FALSE)
    if token == "(":
        found = _joined(tokens, 0)
        if not tokens or tokens.pop(0) != ")":
            raise ValueError("a bracket doesn't close")
        return found
    if token == "_|_" or token[:1].isalpha():
        return (token,)
    raise ValueError(f"{token or 'nothing'!r} where a formula should begin")
