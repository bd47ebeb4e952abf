"""From the text of an answer to what it claims, and whether that is the task's answer."""

import re
from collections.abc import Mapping
from fractions import Fraction

from whet.rewards.verifiable.math.amounts import Amount, formulas_agree
from whet.rewards.verifiable.math.claims import CALLED, EQUALS, MEMBER, NAME, claims
from whet.rewards.verifiable.math.kinds import Meaning
from whet.rewards.verifiable.math.meanings import meanings
from whet.rewards.verifiable.math.noncommuting import products
from whet.rewards.verifiable.math.pieces import cut, enclosed
from whet.rewards.verifiable.math.sameness import means
from whet.rewards.verifiable.math.spelling import spelled
from whet.rewards.verifiable.math.syntax import (
    FUNCTIONS,
    Tree,
    UnreadableError,
    names,
    operations,
    tree,
)
from whet.rewards.verifiable.math.units import Unit, unit

_LABEL = re.compile(
    r'^"?\s*\(?\s*\(?([A-J])\s*\)\s*[:.,]?"?\s*(.*)$|^"([A-J])"\s*[:.]?\s*(.*)$|^([A-J])[.:]\s+(.*)$'
)
_LETTER = re.compile(r'^["(]*([A-J])[")]*$')
_CONSTANT = re.compile(
    r"^(.*?)\s*\+\s*\"?([CcKk]|const(?:ant)?)(?:_\{\w+\})?\"?$|^([CcKk])\s*\+\s*(.*)$"
)
_NOTHING = re.compile(
    r"^(?:there (?:is|are) )?(?:no|none|empty set|the empty set|no real|has no|does not exist|"
    r"dne|undefined|impossible)"
    r"(?: (?:real )?(?:solutions?|values?|roots?|numbers?|such \w+))?(?: exists?)?$|^∅$|^⟪\s*⟫$"
)
_EVERYTHING = re.compile(r"^(?:all|every|any) ")
_ASKED = re.compile(
    r"how many (?:full |whole |complete )?\"?([a-z]+)\"?\b|"
    r"\(?\bin \"?([A-Za-zμ°]+(?:[/*][A-Za-z]+)*(?:\^\{?-?\d\}?)?)\"?\s*(?=[?).,]|$)",
    re.IGNORECASE,
)
_QUOTE = re.compile(r'"')
_SPACE = re.compile(r"(?<![\w])\s+|\s+(?![\w])")


def squeezed(text: str) -> str:
    """A spelled text without blanks and quotes that say nothing."""
    return _SPACE.sub("", _QUOTE.sub(" ", text).strip().rstrip(".").strip())


def equal(gold: str, answer: str, question: str = "") -> bool | None:
    """Whether the answer is the task's; None where the task's own cannot be read.

    A question about an order makes lists ordered, and one about percent or per mille lets these
    signs be units.  An expression that stands in the question, still to be computed, is no answer.
    """
    wanted, given, asked = spelled(gold), _unmarked(spelled(answer)), spelled(question)
    wanted = _unmarked(wanted)
    if squeezed(wanted) == squeezed(given):
        return True
    chosen = _choice(wanted, given)
    if isinstance(chosen, bool):
        return chosen
    wanted, given = chosen
    if squeezed(wanted) == squeezed(given):
        return True
    known = _words(wanted, given)
    if known is not None:
        return known
    return _compared(wanted, given, asked)


def _unmarked(text: str) -> str:
    """Without a final stop, and brackets around the whole of one formula."""
    text = text.strip().rstrip(".").strip()
    while text[:1] in "{(" and enclosed(text) in ("{}", "()") and not re.search(r"[,;]", text):
        text = text[1:-1].strip()
    return text


def _choice(wanted: str, given: str) -> bool | tuple[str, str]:
    """The verdict of letters; or both texts without them."""
    (letter, rest), (said, claimed) = _lettered(wanted), _lettered(given)
    if letter and not rest:
        return said == letter and not claimed if said else False
    if letter and said:
        if said != letter:
            return False
        return True if not claimed else (rest, claimed)
    if letter:
        return rest, given
    return (wanted, claimed) if said and claimed else (wanted, given)


def _lettered(text: str) -> tuple[str, str]:
    alone = _LETTER.match(text.strip())
    if alone and ("(" in text or '"' in text or len(text.strip()) == 1):
        return alone[1], ""
    match = _LABEL.match(text)
    if match is None:
        return "", text
    letter = match[1] or match[3] or match[5]
    return letter, (match[2] or match[4] or match[6] or "").strip(' "')


def _prose(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s∅⟪⟫'-]", " ", text.replace('"', " ")).casefold().split())


def _words(wanted: str, given: str) -> bool | None:
    """The verdict for answers in words; None where the task's answer is a formula."""
    gold, said = _prose(wanted), _prose(re.sub(r"^[A-Za-z]\s*[=∈]\s*", "", given))
    if _NOTHING.match(gold):
        return bool(_NOTHING.match(said))
    if gold == said and not re.search(r"[\d=<>≤≥^*/+\\]|[a-z] ?-", wanted):
        return True
    if (
        re.fullmatch(r"[a-z][a-z' -]{2,}", gold)
        and not _EVERYTHING.match(gold)
        and (_is_word(wanted) or not any(True for _ in meanings(wanted)))
    ):
        return gold == re.sub(r"^(?:it is|it's|on|the|a|an) ", "", said)
    if re.search(r"\b(?:at least|at most|not|more than|less than|fewer than)\b", gold):
        return False
    return None


def _is_word(text: str) -> bool:
    """Whether letters are a word and no product: `listen` is not `silent`."""
    return bool(re.fullmatch(r'"?[a-z]{4,}"?', text)) and all(
        isinstance(one, Amount) and not one.closed and not FUNCTIONS & operations(one.formula)
        for one in meanings(text)
    )


def _compared(wanted: str, given: str, asked: str) -> bool | None:
    gold = [one for piece in _wanted(wanted) for one in meanings(piece)]
    if not any(_has_value(one) for one in gold):
        return None
    if _NOTHING.match(_prose(given)):
        return False
    ordered = bool(
        re.search(
            r"\b(?:ascending|descending|increasing|decreasing|order|smallest to|least to)\b", asked
        )
    )
    constant = _CONSTANT.match(wanted)
    if constant:
        return _antiderivative(constant, given)
    if _order_matters(wanted, asked):
        return any(_products(wanted) == _products(form) for form in claims(given, wanted, gold))
    if measured := _asked_unit(asked):
        gold = [_measured(one, measured) for one in gold]
    return any(
        means(gold, _percents(gold, list(meanings(form)), asked), ordered)
        and not _restated(form, wanted, asked)
        and not _undone(form, gold)
        for form in claims(given, wanted, gold)
    )


def _has_value(one: Meaning) -> bool:
    """Whether a task's answer can be computed: no division by zero, no tower of powers."""
    return not isinstance(one, Amount) or formulas_agree(one, one)


def _wanted(text: str) -> list[str]:
    """The task's answer, whole and without the name in front of it."""
    sides = cut(text, EQUALS)
    forms = [text]
    if len(sides) == 2 and _is_name(sides[0]):
        forms.append(sides[1])
    member = MEMBER.sub("", text)
    return forms if member == text else [*forms, member]


def _is_name(text: str) -> bool:
    text = text.strip()
    if NAME.match(text) or CALLED.match(text):
        return True
    return (
        '"' in text
        and not re.search(r"\d\s*$", text)
        or bool(re.match(r"^(?:\\frac\{d|\(?\s*[a-z]\s*(?:,\s*[a-z]\s*)+\)?$)", text))
    )


def _asked_unit(asked: str) -> Unit | None:
    """The unit that a question asks for: `how many minutes`, `in kJ`."""
    for match in _ASKED.finditer(asked):
        found = unit(match[1] or match[2])
        if found is not None and found.is_known and found.powers:
            return found
    return None


def _measured(one: Meaning, by: Unit) -> Meaning:
    """The amount with the unit that is asked for, where it has none."""
    if (
        isinstance(one, Amount)
        and one.unit is None
        and one.closed
        and "°" not in operations(one.formula)
    ):
        return Amount(one.formula, by, one.decimal)
    return one


def _percents(gold: list[Meaning], found: list[Meaning], asked: str) -> list[Meaning]:
    """Where percent or per mille are asked for, their sign may be said with the number."""
    if any(isinstance(one, Amount) and one.unit is not None for one in gold):
        return found
    if not re.search(r"percent|%|per mille|‰|per thousand|Prozent", asked):
        return found
    signs = [
        one
        for one in found
        if isinstance(one, Amount) and one.unit is not None and not one.unit.powers
    ]
    return [
        *found,
        *(
            Amount(one.formula, None, one.decimal)
            for one in signs
            if one.unit and one.unit.size < 1
        ),
    ]


def _undone(form: str, gold: list[Meaning]) -> bool:
    """Whether a sum is left to be carried out, where the task's answer is one number."""
    known = any(isinstance(one, Amount) and one.formula[0] == "num" for one in gold)
    of = _formula(form)
    return known and of is not None and not names(of) and _has_sum(of)


def _has_sum(of: Tree) -> bool:
    if of[0] in ("+", "-"):
        mixed = of[0] == "+" and of[1][0] == "num" and of[2][0] == "/" and of[2][1][0] == "num"
        return not mixed and "i" not in operations(of)
    return any(_has_sum(part) for part in of[1:] if isinstance(part, tuple))


def _restated(form: str, wanted: str, asked: str) -> bool:
    """Whether the form is a computation of numbers that stands in the question."""
    short = squeezed(form)
    of = _formula(form)
    if (
        (of is not None and names(of))
        or len(short) < 3
        or not re.search(r"[-+*/^!\\(_]", short.lstrip("-+"))
        or re.fullmatch(r"[-+]?\d+/\d+", short)
    ):
        return False
    return short in re.sub(r"\s+", "", asked.replace('"', "")) or short in squeezed(asked)


def _antiderivative(gold: re.Match[str], given: str) -> bool:
    """Whether the answer has a constant, too, and the difference of both does not depend on anything."""
    for form in claims(given, "", []):
        match = _CONSTANT.match(form)
        if match is None:
            continue
        one, other = (_formula(each[1] or each[4]) for each in (gold, match))
        if one is None or other is None:
            continue
        if _differ_by_a_constant(one, other):
            return True
    return False


def _order_matters(wanted: str, asked: str) -> bool:
    """Whether letters stand for matrices or operators: the question says so, or else all would cancel."""
    of = _formula(wanted)
    if of is None or not names(of) or _products(wanted) is None:
        return False
    said = re.search(r"\b(?:matri|operator|commutator|noncommut|non-commut)", asked)
    return bool(said) or formulas_agree(Amount(of), Amount(("num", Fraction(0))))


def _products(text: str) -> Mapping[tuple[str, ...], Fraction] | None:
    of = _formula(text)
    return None if of is None else products(of)


def _formula(text: str) -> Tree | None:
    try:
        return tree(text)
    except UnreadableError:
        return None


def _differ_by_a_constant(one: Tree, other: Tree) -> bool:
    free = sorted(names(one) | names(other))
    if not free or names(one) != names(other):
        return False
    difference = ("-", one, other)
    moved = _moved(difference)
    return formulas_agree(Amount(difference), Amount(moved))


def _moved(of: Tree) -> Tree:
    """The tree at a fixed point: each variable is 7/5."""
    if of[0] == "var":
        return ("num", Fraction(7, 5))
    return tuple(_moved(part) if isinstance(part, tuple) else part for part in of)
