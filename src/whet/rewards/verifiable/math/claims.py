"""What a text claims: the end of a derivation, without names in front and conditions behind."""

import re

from whet.rewards.verifiable.math.amounts import amounts
from whet.rewards.verifiable.math.evaluation import inexact
from whet.rewards.verifiable.math.kinds import CurveEquation, Meaning, Several
from whet.rewards.verifiable.math.pieces import cut, enclosed, places
from whet.rewards.verifiable.math.questions import ROUNDED, is_not_asked
from whet.rewards.verifiable.math.regions import number_of
from whet.rewards.verifiable.math.spelling import squeezed
from whet.rewards.verifiable.math.syntax import names, tree_or_none

EQUALS, _NEAR, _ARROW = re.compile(r"=(?!=)"), re.compile("≈"), re.compile("⇒")
_COMMA = re.compile(
    r"[,;]|\s(?=\()|\"\s*\(?\s*(?:for|where|with|if|when|since)\b"
    r"|\s+(?:for\s+(?=(?:some|all|any|every|each)\b)|where\b)"
)
_OPERATIONS = frozenset(["+", "-", "*", "/", "^", "neg"])
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?|-?\\frac\{\d+\}\{\d+\}")
_VARIANCE = re.compile(r"φ\^\{?\d\}?|[σs]\^\{?2\}?(?:_\{\w\})?|[σs]_\{\w\}\^\{?2\}?")
_PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}(?![A-Za-z])")
_CLOSE = 1e-12  # relative
_REASON = re.compile(r"\b(?:for|where|with|if|when|since)\s*$")
_IDENTICAL = re.compile(r"^(\s*[A-Za-z](?:\([a-z]\))?\s*)≡(?!.*mod)")
_MAPPED = re.compile(
    r"^(?:\"?the (?:functions?|maps?"
    r"|family)\"?\s*)?⟪?\s*(?:([A-Za-z](?:\^\{-1\})?)\s*:)?\s*([a-z])\s*↦\s*"
)
_LISTED = re.compile(r"[,;]|\b(?:and|or)\b|\"\s*(?:and|or)\s*\"")
_CONDITION = re.compile(
    r"≠|^\(?\s*\"?\s*(?:since|because|as|for|where|with|if|when|only|provided|not|the only|some"
    r"|all|any|every|each|"
    r"i\.?e|exact)\b"
    r"|∈\s*\\[RNQC]|\b(?:arbitrary|constants?|(?:any|a) real(?: number)?)\b"
    r"|^\(?\s*[A-Za-z]\s*(?:[<>≤≥])"
)
MEMBER = re.compile(
    r"^\(?\s*[A-Za-zα-ω](?:_\{\w+\})?(?:\s*[,;]\s*[A-Za-z])*\s*\)?\s*(?:∈|\"in\")\s*"
)
NAME = re.compile(r"^(?:[A-Za-zα-ωΑ-Ω]'*(?:_\{[^{}]*\})?)$")
CALLED = re.compile(r"^([A-Za-z]'*(?:\^\{-1\}|\^\{\(\d\)\})?)(?:\(([a-z])\)|_\{([a-z])\})$")
_UNDONE = re.compile(r"\\(?:int|sum|prod|lim|oint)(?![a-zA-Z])|\\frac\{d|[∫∑∏]")


def claims(text: str, wanted: str, gold: list[Meaning], asked: str = "") -> list[str]:
    """The forms in which a text claims an answer; none where its parts contradict each other."""
    text = cut(text, _ARROW)[-1] if "⇒" not in wanted else text
    if "↦" in text and enclosed(text) == "⟪⟫":
        text = re.sub(r"\s*[:|][^:|]*$", "", text[1:-1])
    text = _MAPPED.sub(r"\1(\2)=", _IDENTICAL.sub(r"\1=", text))
    forms = [text]
    bare = unconditional(text)
    if bare != text:
        forms.append(bare)
    for form in (text, bare):
        member = MEMBER.sub("", form)
        if member != form:
            inner = member.strip()
            forms.append(inner[1:-1] if enclosed(inner) == "⟪⟫" else inner)
    chain = _chain(bare, wanted, asked)
    if chain is not None:
        forms = [
            one for one in forms if not re.search(r"[=≈]", one) or _is_whole(one, gold)
        ] + chain
    return list(dict.fromkeys(form for form in forms if form))


def _is_whole(form: str, gold: list[Meaning]) -> bool:
    return any(isinstance(one, CurveEquation | Several) for one in gold) or "∈" in form


def unconditional(text: str) -> str:
    """Without conditions behind the answer: `x = 5 (x ≠ 3)`, `c = 3 (since c > 0)`."""
    if enclosed(text) or "\\begin" in text:
        return text
    for begin, end in places(text, _COMMA):
        parts = [part for piece in cut(text[end:], _COMMA) if (part := piece.strip('" '))]
        while len(parts) > 1 and "∈" in parts[-1] and NAME.match(parts[0]):
            del parts[0]  # `C_1, C_2 ∈ ℝ`
        if _REASON.search(text[begin:end]) or (parts and all(map(_CONDITION.search, parts))):
            return text[:begin].rstrip(' ,;"')
    return text


def _chain(text: str, wanted: str, asked: str) -> list[str] | None:
    """The end of `a = b = c ≈ d` where its closed parts are equal; None where it is no chain."""
    exact, *rounded = cut(text, _NEAR)
    *front, last = [side for side in cut(exact, EQUALS) if side] or [""]
    if not front and not rounded:
        return None
    if not last or _UNDONE.search(last):
        return []
    if any(len(cut(side, _LISTED)) > 1 for side in front):  # `x = 4, y = 5`
        return None
    if front and (
        _other_name(front[0], wanted)
        or is_not_asked(front[0], asked)
        or _is_turned(front[0], asked)
        or is_unsolved(front[0], last, wanted, asked)
    ):
        return []
    if not sides_agree([*front, last]) or not all(_rounds(last, side) for side in rounded):
        return []
    last = _renamed(front[0], last, wanted, asked) if front else last
    plain = [side for side in front if _NUMBER.fullmatch(side)]
    return [last, *plain, *(rounded[-1:] if _may_round(last, wanted, asked) else [])]


def _is_turned(name: str, asked: str) -> bool:
    """Whether a tuple of names has another order than the alphabet's and the question's."""
    inside = name.strip()
    listed = [one.strip() for one in inside[1:-1].split(",")] if enclosed(inside) == "()" else []
    return len(listed) > 1 and listed != sorted(listed) and squeezed(inside) not in squeezed(asked)


def is_unsolved(left: str, right: str, wanted: str, asked: str) -> bool:
    """Whether a chain is an equation for one unknown, as `2n = 42`, not asked for."""
    left = _PROSE.sub(" ", left)
    if _VARIANCE.fullmatch(left.strip()):
        return False
    of, value = tree_or_none(left), number_of(right.replace('"', ""))
    if of is None or value is None or of[0] not in _OPERATIONS or len(names(of)) != 1:
        return False
    short = _loose(left)
    return short not in _loose(asked) and short not in _loose(wanted)


def _loose(text: str) -> str:
    """A formula without blanks and brackets, fractions with a stroke."""
    text = re.sub(r"\\frac\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\{", r"\1/{", text)
    return re.sub(r'[\s{}()"]|\*(?!\*)', "", text)


def _may_round(exact: str, wanted: str, asked: str) -> bool:
    """Whether a rounded value counts: beside an exact one, for a decimal, or if it is asked for."""
    return (
        not NAME.match(_PROSE.sub("", exact).strip())
        or bool(re.search(r"\d\.\d|≈", wanted))
        or bool(ROUNDED.search(asked))
    )


def sides_agree(sides: list[str]) -> bool:
    """Whether all sides that have a value have the same."""
    values = (number_of(side.replace('"', "")) for side in sides)
    known = [inexact(one) for one in values if one is not None]
    return all(abs(one - known[-1]) <= _CLOSE * abs(known[-1]) for one in known)


def _rounds(exact: str, side: str) -> bool:
    """Whether the decimal on the right of ≈ rounds what stands before it."""
    near = next((one for one in amounts(side) if one.closed), None)
    full = next((one for one in amounts(exact) if one.closed), None)
    if near is None or full is None:
        return full is None or not _PROSE.search(side)
    a, b = number_of(exact), number_of(side.replace('"', ""))
    if a is None or b is None:
        return True
    return bool(abs(inexact(a) - inexact(b)) <= abs(inexact(a)) / 50)


def _other_name(name: str, wanted: str) -> bool:
    """Whether both give a name to their answer, and not the same."""
    match cut(wanted, EQUALS):
        case [one, _]:
            called, other = CALLED.match(one), CALLED.match(name.strip())
            if called and other:
                return called[1] != other[1]
            return bool(NAME.match(one) and NAME.match(name.strip())) and one != name.strip()
    return False


def _renamed(name: str, formula: str, wanted: str, asked: str) -> str:
    """The formula with the variable of the task's function: f(y) = y + 1 for f(x) = x + 1.

    A task's answer without a name has the variable that the question's function has.
    """
    mine, theirs = CALLED.match(name.strip()), CALLED.match(cut(wanted, EQUALS)[0].strip())
    if mine is None:
        return formula
    one, other = mine[2] or mine[3], (theirs[2] or theirs[3]) if theirs else ""
    of = None if theirs else tree_or_none(wanted)
    if of is not None and len(free := names(of)) == 1:
        (only,) = free
        named = re.escape(mine[1]) + rf"(?:\({only}\)|_\{{{only}\}})"
        other = only if re.search(rf"(?<![A-Za-z]){named}", asked) else ""
    if not other:
        return formula
    return re.sub(rf"(?<![A-Za-z\\]){one}(?![A-Za-z])", other, formula)
