"""A normal form of mathematical text, in which equal answers are equal strings."""

import re

_SYMBOLS = str.maketrans(
    {
        "−": "-",
        "×": r"\times ",
        "·": r"\cdot ",
        "÷": r"\div ",
        "π": r"\pi ",
        "∞": r"\infty ",
        "≤": r"\le ",
        "≥": r"\ge ",
        "°": r"^\circ ",
        "\N{NO-BREAK SPACE}": " ",
        "\N{THIN SPACE}": " ",
    }
)
_TIDY = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\\$|\$", ""),  # currency, and the signs of a formula
        (r"\\(?:left|right|displaystyle)(?![a-zA-Z])", ""),
        (r"(?<!\\)\\[!,;: ]|\\quad|~", " "),
        (r"(?<=\d) (?=\d{3}(?!\d))", ""),  # 10\,000
        (r"\\[dtc]frac", r"\\frac"),
        (r"\\frac\s*(\d)", r"\\frac{\1}"),
        (r"(\\frac\s*\{[^{}]*\})\s*(\d)", r"\1{\2}"),
        (r"\^\s*(?:\\circ|\{\s*\\circ\s*\})|\\degree", r"\\degree "),
        (r"\\%", "%"),
        (r"\\leq(?![a-zA-Z])", r"\\le"),
        (r"\\geq(?![a-zA-Z])", r"\\ge"),
        (r"(?<![0-9A-Za-z\s])\s+|\s+(?![0-9A-Za-z\s])|^\s+", ""),  # "1 2" isn't 12
        (r"(\\[A-Za-z]+) (?=\d)", r"\1"),
        (r"\s+", " "),
    )
)
_WORDS = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|operatorname)\{([^{}]*)\}")
_LETTERS = re.compile(r"[A-Za-z](?:_(?:\w|\{\w+\}))?")


def formula(text: str) -> str:
    """The text as ASCII LaTeX, where possible, without the signs around it."""
    return text.translate(_SYMBOLS).replace(r"\$", "").strip().strip("$").strip()


def tidy(text: str) -> str:
    """The text without layout, and with one spelling for each symbol."""
    text = text.translate(_SYMBOLS)
    for pattern, replacement in _TIDY:
        text = pattern.sub(replacement, text)
    return text.removesuffix(".").removeprefix("+")


def plain(text: str) -> str:
    """The text for comparison: tidy, and without the commands that set words."""
    return tidy(_WORDS.sub(r"\1", text))


def unassigned(text: str) -> tuple[str, str]:
    """The variable and the value of a tidy `x=3`; an empty variable for any other text."""
    variable, equals, value = text.partition("=")
    if equals and "=" not in value and _LETTERS.fullmatch(variable):
        return variable, value
    return "", text


def bared(text: str) -> str:
    r"""The text without redundant outer brackets: `{42}`, `(\frac{1}{2})`.

    A list keeps its brackets, and so does a product of two of them.
    """
    while (text[:1], text[-1:]) in (("{", "}"), ("(", ")")) and _encloses(text):
        text = text[1:-1]
    return text


def _encloses(text: str) -> bool:
    """Whether the first bracket closes with the last and has no comma of its own inside."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in "({[") - (sign in ")}]")
        if depth <= 0 and place < len(text) - 1 or sign == "," and depth == 1:
            return False
    return depth == 0 and len(text) > len("()")


def brackets(text: str) -> str:
    r"""The outer brackets of a tidy list: `()`, `[)`, …; `⟨⟩` for a set, with or without braces.

    Empty where the text is not one list: no comma, or several lists, as in `(1,2)\cup(3,4)`.
    """
    inner = text.replace(r"\{", "⟨").replace(r"\}", "⟩")
    depth, lists = 0, {0: False, 1: False}
    whole = inner[:1] in ("(", "[", "⟨")
    for place, sign in enumerate(inner):
        depth += (sign in "([{⟨") - (sign in ")]}⟩")
        if sign == "," and depth in lists:
            lists[depth] = True
        if depth <= 0 and place < len(inner) - 1:
            whole = False
    if whole and lists[1] and depth == 0:
        return inner[0] + inner[-1]
    return "⟨⟩" if lists[0] else ""
