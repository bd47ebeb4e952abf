"""Answers that are letters of options, or words: their verdict needs no formula."""

import re

from whet.rewards.verifiable.math.amounts import Amount
from whet.rewards.verifiable.math.meanings import meanings
from whet.rewards.verifiable.math.syntax import FUNCTIONS, operations

_LABEL = re.compile(
    r'^"?\s*\(?\s*\(?([A-J])\s*\)\s*[:.,]?"?\s*(.*)$|^"([A-J])"\s*[:.]?\s*(.*)$|^([A-J])[.:]\s+(.*)$'
)
_LETTER = re.compile(r'^["(]*([A-J])[")]*$')
_NOTHING = re.compile(
    r"^(?:there (?:is|are) )?(?:no|none|empty set|the empty set|no real|has no|does not exist|"
    r"dne|undefined|impossible)"
    r"(?: (?:real )?(?:solutions?|values?|roots?|numbers?|such \w+))?(?: exists?)?$|^∅$|^⟪\s*⟫$"
)
_EVERYTHING = re.compile(r"^(?:all|every|any) ")


def chosen(wanted: str, given: str) -> bool | tuple[str, str]:
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


def worded(wanted: str, given: str) -> bool | None:
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


def _prose(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s∅⟪⟫'-]", " ", text.replace('"', " ")).casefold().split())


def says_nothing(text: str) -> bool:
    """Whether a text says that there is no answer."""
    return bool(_NOTHING.match(_prose(text)))


def _is_word(text: str) -> bool:
    """Whether letters are a word and no product: `listen` is not `silent`."""
    return bool(re.fullmatch(r'"?[a-z]{4,}"?', text)) and all(
        isinstance(one, Amount) and not one.closed and not FUNCTIONS & operations(one.formula)
        for one in meanings(text)
    )
