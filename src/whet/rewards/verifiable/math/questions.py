"""What a question asks for: a unit, percent, an order."""

import re

from whet.rewards.verifiable.math.amounts import Amount
from whet.rewards.verifiable.math.kinds import Meaning
from whet.rewards.verifiable.math.syntax import operations
from whet.rewards.verifiable.math.units import Unit, unit

_ORDER = re.compile(
    r"\b(?:ascending|descending|increasing|decreasing|order|smallest to|least to|"
    r"(?:first|next|last) (?:\w+ )?(?:terms|numbers|elements|rows)|terms of the sequence)\b"
)
ROUNDED = re.compile(
    r"\b(?:nearest|round|rounded|rounding|approximat\w+|estimate\w*|decimal places?|significant"
    r"|about|"
    r"roughly|correct to|accurate to|one decimal|two decimals?)\b|≈|\\approx|calculator",
    re.IGNORECASE,
)
_ASKED_NAME = re.compile(
    r"\b(?:find|determine|compute|solve for|what is|evaluate)\s+(?:the value of\s+)?([A-Za-z])"
    r"(?=\s*(?:[.?]|,? ?(?:where|if|when|such|given|that)\b|$))",
    re.IGNORECASE,
)
_DERIVATIVE = re.compile(r"\\frac\{d([a-z])\}\{d([a-z])\}|(?<![a-z])d([a-z])/d([a-z])(?![a-z])")
_ASKED = re.compile(
    r"how many ((?:\"?[a-z]+\"?\s?){1,3})|"
    r"\(?\b(?:in|to|into) \"?((?:degrees |square |cubic"
    r" )?[A-Za-zμ°]+(?:[/*][A-Za-z]+)*(?:\^\{?-?\d\}?)?)\"?\s*(?=[?).,]|$)",
    re.IGNORECASE,
)


def is_not_asked(name: str, asked: str) -> bool:
    """Whether a name stands in the question, which asks for the value of another one."""
    match = _ASKED_NAME.search(asked)
    name = name.strip()
    derived, wanted = _DERIVATIVE.search(name), _DERIVATIVE.search(asked)
    if derived and wanted:
        return [one for one in derived.groups() if one] != [one for one in wanted.groups() if one]
    return (
        match is not None
        and re.fullmatch(r"[A-Za-z]", name) is not None
        and name != match[1]
        and re.search(rf"(?<![A-Za-z]){name}(?![A-Za-z])", asked) is not None
    )


def wants_order(asked: str) -> bool:
    """Whether a question asks for a list in an order."""
    return bool(_ORDER.search(asked))


def asked_unit(asked: str) -> Unit | None:
    """The unit that a question asks for: `how many minutes`, `in kJ`."""
    for match in _ASKED.finditer(asked):
        words = (match[1] or match[2]).replace('"', " ").split()
        spans = (
            (begin, end) for begin in range(len(words)) for end in range(len(words), begin, -1)
        )
        for begin, end in spans:
            found = unit(" ".join(words[begin:end]))
            if found is not None and found.is_known and found.powers:
                return found
    return None


def measured(one: Meaning, by: Unit) -> Meaning:
    """The amount with the unit that is asked for, where it has none."""
    if (
        isinstance(one, Amount)
        and one.unit is None
        and one.closed
        and "°" not in operations(one.formula)
    ):
        return Amount(one.formula, by, one.decimal)
    return one


def _in_percent(one: Meaning, gold: list[Meaning]) -> Meaning:
    """A bare number in the percent of the task's answer."""
    by = next((g.unit for g in gold if isinstance(g, Amount) and g.unit is not None), None)
    if by is None or by.powers or by.size >= 1 or not isinstance(one, Amount) or one.unit:
        return one
    return Amount(one.formula, by, one.decimal)


def percents(gold: list[Meaning], found: list[Meaning], asked: str) -> list[Meaning]:
    """Where percent or per mille are asked for, their sign may be said with the number."""
    if not re.search(r"percent|%|per mille|‰|per thousand|Prozent", asked):
        return found
    if any(isinstance(one, Amount) and one.unit is not None for one in gold):
        return found + [_in_percent(one, gold) for one in found]
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
