"""From the text of an answer to what it claims, and whether that is the task's answer."""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from whet.rewards.verifiable.math.amounts import SCIENTIFIC, Amount, formulas_agree
from whet.rewards.verifiable.math.antiderivatives import CONSTANT, is_antiderivative
from whet.rewards.verifiable.math.claims import CALLED, EQUALS, MEMBER, NAME, claims, unconditional
from whet.rewards.verifiable.math.constants import renamed
from whet.rewards.verifiable.math.kinds import Meaning, Several
from whet.rewards.verifiable.math.meanings import meanings
from whet.rewards.verifiable.math.noncommuting import products
from whet.rewards.verifiable.math.options import chosen, options
from whet.rewards.verifiable.math.pieces import cut, enclosed
from whet.rewards.verifiable.math.questions import asked_unit, measured, percents, wants_order
from whet.rewards.verifiable.math.sameness import in_any_order, in_order, means
from whet.rewards.verifiable.math.shapes import misshapen
from whet.rewards.verifiable.math.spelling import spelled, squeezed
from whet.rewards.verifiable.math.syntax import names, tree_or_none
from whet.rewards.verifiable.math.undone import restated, undone
from whet.rewards.verifiable.math.worded import says_nothing, worded

_LONGEST = 4000  # characters of a text; Python reads integers of up to 4300 digits


_ANNOUNCING = re.compile(
    r'^"?\s*(?:so |hence |thus |therefore )?(?:the )?(?:final |correct )?'
    r'(?:answer|solution|result)\s*(?:is|=|:)\s*:?\s*"?\s*',
    re.IGNORECASE,
)


_LISTED = re.compile(r"[,;|:∈].*|^⟪\s*⟫")
_COMMA = re.compile("[,;]")
_ASKS_FOR_ALL = re.compile(r"(?i)\b(?:all|every|set|solutions?|roots|values|solve)\b")


def equal(gold: str, answer: str, question: str = "") -> bool | None:
    """Whether the answer is the task's; None where the task's own cannot be read.

    A question about an order makes lists ordered, and one about percent or per mille lets these
    signs be units.  An expression that stands in the question, still to be computed, is no answer.
    """
    if len(gold) > _LONGEST or len(answer) > _LONGEST:
        return None if len(gold) > _LONGEST else False
    wanted, given, asked = spelled(gold), _unmarked(spelled(answer)), spelled(question)
    wanted = _unmarked(wanted)
    if squeezed(wanted) == squeezed(given):
        return True
    choice = chosen(wanted, given, options(question), equal)
    if isinstance(choice, bool):
        return choice
    wanted, given = choice
    if (
        _ASKS_FOR_ALL.search(asked)
        and enclosed(given) == "⟪⟫"
        and not _LISTED.search(given + wanted)
    ):
        given = given[1:-1].strip()
    if squeezed(wanted) == squeezed(given):
        return True
    known = worded(wanted, given, asked)
    if known is not None:
        return known
    return _compared(wanted, given, asked)


def _unmarked(text: str) -> str:
    """Without a final stop, and brackets around the whole of one formula."""
    text = _ANNOUNCING.sub("", _stopped(text))
    while text[:1] in "{(" and enclosed(text) in ("{}", "()") and not re.search(r"[,;]", text):
        text = text[1:-1].strip()
    return text


def _stopped(text: str) -> str:
    """Without the stop, the comma or the semicolon behind it; `17…` has more digits."""
    text = text.strip()
    return text if text.endswith("..") else text.rstrip(".,;").strip()


def _compared(wanted: str, given: str, asked: str) -> bool | None:
    gold = list(_gold(wanted))
    if not any(_has_value(one) for one in gold):
        return None
    if says_nothing(given):
        return False
    constant = CONSTANT.match(cut(wanted, EQUALS)[-1])
    if constant:
        return is_antiderivative(constant, given)
    if _order_matters(wanted, asked):
        return any(_products(wanted) == _products(form) for form in claims(given, wanted, gold))
    if by := asked_unit(asked):
        gold = [measured(one, by) for one in gold]
    order = in_order if wants_order(asked) else in_any_order
    return any(
        means(gold, _readings(form, gold, asked), order)
        and not restated(form, wanted, asked)
        and not undone(form, gold)
        and not _is_unsolved_for(form, wanted)
        and not _is_misshapen(form, wanted, asked)
        for form in claims(given, wanted, gold, asked)
    )


@lru_cache(maxsize=256)
def _gold(wanted: str) -> tuple[Meaning, ...]:
    """The readings of the task's answer; as `1,2` is a list, it is no decimal."""
    found = [one for piece in _wanted(wanted) for one in meanings(piece)]
    if any(isinstance(one, Several) for one in found) and not wanted.startswith("0"):
        found = [one for one in found if not (isinstance(one, Amount) and one.decimal)]
    return tuple(found)


def _is_unsolved_for(form: str, wanted: str) -> bool:
    """Whether the task's answer is a function by its name, and the form an equation for it."""
    name, *rest = cut(wanted, EQUALS)
    sides = cut(form, EQUALS)
    if not rest or CALLED.match(name) is None or len(sides) != len((name, rest)):
        return False
    bare = [side for side in sides if NAME.match(side) or CALLED.match(side)]
    left = squeezed(name)
    return not bare or any(left in squeezed(side) for side in sides if squeezed(side) != left)


def _readings(form: str, gold: list[Meaning], asked: str) -> list[Meaning]:
    """What a form may mean, with constants of the question's general solution renamed."""
    found = percents(gold, list(meanings(form)), asked)
    return found + [new for one in found for wanted in gold for new in renamed(wanted, one, asked)]


def _is_misshapen(form: str, wanted: str, asked: str) -> bool:
    of = tree_or_none(SCIENTIFIC.sub(r"\1*10^{\2}", form))
    golds = [one for text in _wanted(wanted) if (one := tree_or_none(text)) is not None]
    return of is not None and any(misshapen(of, gold, asked) for gold in golds)


def _has_value(one: Meaning) -> bool:
    """Whether a task's answer can be computed: no division by zero, no tower of powers."""
    return not isinstance(one, Amount) or formulas_agree(one, one)


def _wanted(text: str) -> list[str]:
    """The task's answer, whole and without the name in front of it."""
    forms = [text]
    match cut(text, EQUALS):
        case [name, rest] if _is_name(name):
            forms += dict.fromkeys((rest, unconditional(rest)))
    member = MEMBER.sub("", text)
    return forms if member == text else [*forms, member]


def _is_name(text: str) -> bool:
    text = text.strip()
    if len(cut(text, _COMMA)) > 1 and enclosed(text) != "()" and CALLED.match(text) is None:
        return False
    if NAME.match(text) or CALLED.match(text):
        return True
    return (
        '"' in text
        and not re.search(r"\d\s*$", text)
        or bool(re.match(r"^(?:\\frac\{d|\(?\s*[a-z]\s*(?:,\s*[a-z]\s*)+\)?$)", text))
    )


def _order_matters(wanted: str, asked: str) -> bool:
    """Whether letters stand for matrices: the question says so, or else all would cancel."""
    of = tree_or_none(wanted)
    if of is None or not names(of) or _products(wanted) is None:
        return False
    said = re.search(r"\b(?:matri|operator|commutator|noncommut|non-commut)", asked)
    return bool(said) or formulas_agree(Amount(of), Amount(("num", Fraction(0))))


def _products(text: str) -> Mapping[tuple[str, ...], Fraction] | None:
    of = tree_or_none(text)
    return None if of is None else products(of)
