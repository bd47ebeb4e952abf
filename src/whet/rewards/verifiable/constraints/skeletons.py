"""What a text looks like: without invisible characters, look-alike letters as Latin ones."""

import re
import unicodedata

from whet.rewards.verifiable.constraints.constraint import Constraint

_LATIN = str.maketrans(
    dict(
        zip(
            "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁԛԝһΑΒΕΖΗΙΚΜΝΟΡΤΥΧοıǃ",
            "ABESIJKMHOPCTYXaesijopcyxdqwhABEZHIKMNOPTYXoi!",
            strict=True,
        )
    )
)
_COMMAS = str.maketrans(
    dict.fromkeys("\uff0c\u3001\u060c\ufe10\ufe50\uff64\u055d\u07f8\u1363\u1802\ua4fe", ",")
)
_LOW_QUOTE = re.compile(r"\u201a(?=\s)")  # where it opens no quotation
_HALF = 0.5  # share of Latin letters, above which the others are taken for look-alikes


def skeleton(text: str) -> str:
    """The text as a reader sees it.

    Invisible characters (of the category Cf) are removed, letters in a styled form are plain, and
    every comma is an ASCII one.  In a text of mostly Latin letters, Cyrillic and Greek letters that
    look like Latin ones are those (after Unicode's confusables, UTS 39).
    """
    seen = "".join(
        unicodedata.normalize("NFKC", sign) if sign.isalpha() else sign
        for sign in text
        if unicodedata.category(sign) != "Cf"
    ).translate(_COMMAS)
    seen = _LOW_QUOTE.sub(",", seen)
    letters = [sign for sign in seen if sign.isalpha()]
    latin = sum(sign.isascii() for sign in letters)
    return seen.translate(_LATIN) if latin > _HALF * len(letters) else seen


def met(demand: Constraint, text: str) -> bool:
    """Whether a text meets a demand both as it is written and as it looks.

    So a forbidden word with an invisible character in it is there, and a demanded one is not.
    """
    return demand.check(text) and (text.isascii() or demand.check(skeleton(text)))
