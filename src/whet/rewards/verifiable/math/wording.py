"""Words within answers: units behind a number, numbers in words, boxes of words."""

import re

from whet.rewards.verifiable.math.foreign_numerals import foreign, foreign_words
from whet.rewards.verifiable.math.numerals import SAID
from whet.rewards.verifiable.math.units import unit

_UNIT_BEHIND = re.compile(
    r"[\s$\\)]*(?:\\[,;: ])?\s*(?:\\(?:text|mathrm)\{\s*([^{}]{1,24})\}|(?!in\b|"
    r"second\b)((?:degrees|square|cubic) [A-Za-z]{1,14}|[A-Za-z]{2,14} per [a-z]{2,9}"
    r"|[A-Za-zμ°]{2,14}(?:/[a-zA-Z]+)?[²³]?)(?![^\W\d_]))"
)
_SET_IN_WORDS = re.compile(
    r"\\(?:text|textbf|textrm|mathrm|mbox|textit)\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_PROSE = re.compile(r"[^\W\d_]{3}")


def known_unit(behind: str) -> str:
    """The unit of measurement with which a text begins; empty without one."""
    match = _UNIT_BEHIND.match(behind)
    word = (match[1] or match[2]) if match else ""
    known = unit(word) if word else None
    return word if known is not None and known.is_known else ""


def in_words(box: str) -> str:
    r"""The words of a box that has some: `Lea: 12 years`; empty for a formula alone."""
    if not _PROSE.search("".join(_SET_IN_WORDS.findall(box))):
        return ""
    words = _SET_IN_WORDS.sub(lambda match: match[1], box)
    return words.replace("\\$", "$").replace("\\ ", " ")


def said_number(text: str) -> str:
    """The one number in words of a sentence without digits; `one` alone may be a pronoun."""
    found = [one[0].strip() for one in SAID.finditer(text)]
    known = [one for one in found if one.casefold() != "one"]
    known = known or [one for one in foreign_words(text) if (foreign(one) or 0) > 1]
    return known[0] if len(known) == 1 and not re.search(r"\d", text) else ""
