"""The words of a short answer: SQuAD's normal form, with numbers, dates and spellings read."""

import re
from decimal import Decimal
from unicodedata import normalize

_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_ILLEGIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]"
    r"|[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]"  # a word of two alphabets
)
_STYLED = re.compile(
    r"[\u2460-\u24ff\u2776-\u2793\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff]"
)
_OTHER_LETTER = "\u0294"
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_LATEX = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mbox)\s*\{([^{}]*)\}")
_TIDY = str.maketrans({"’": "'", "‘": "'", "−": "-", "–": "-", "%": " percent ", "&": " and "})
_MONEY = re.compile(
    r"(-?)\s?([$€£])\s?(-?\d[\d,]*(?:\.\d+)?(?:\s?(?:thousand|million|billion)\b)?)", re.IGNORECASE
)
_MARKS = re.compile(r"'|[*_`\\{}]")
_CELSIUS = re.compile(r"\s?(?:°|\bdegrees)\s?C\b")
_INITIALS = re.compile(r"\b([^\W\d_])\.(?=\s?[^\W\d_]\b)")
_MONTHS = {
    name: number
    for number, name in enumerate(
        [
            "january", "february", "march", "april", "may", "june", "july", "august", "september",
            "october", "november", "december",
        ],
        start=1,
    )
}  # fmt: skip
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)}|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATES = (
    re.compile(rf"\b{_DAY}(?: of)? {_MONTH},? (?P<year>\d{{4}})\b", re.IGNORECASE),
    re.compile(rf"\b{_MONTH} {_DAY},? (?P<year>\d{{4}})\b", re.IGNORECASE),
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})\b"),
)
_TOKEN = re.compile(
    r"@\d+-\d+-\d+|(?<![\w.])-?\d+(?:,\d{3})+(?:\.\d+)?|(?<![\w.])-?\d+(?:\.\d+)?|\d+"
    r"|[^\W\d_]+[+#]*|[$€£°:/]"
)
_ONES = {
    name: value
    for value, name in enumerate(
        [
            "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
            "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
            "eighteen", "nineteen",
        ]
    )
}  # fmt: skip
_TENS = {
    name: 10 * value
    for value, name in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2
    )
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_SPELLINGS = {
    "dr": "doctor", "mt": "mount", "st": "saint", "prof": "professor", "mr": "mister",
    "°": "degrees", "$": "dollars", "€": "euros", "£": "pounds",
}  # fmt: skip
_NUMERAL = re.compile(r"-?\d+(?:\.\d+)?")
_UNITS = {
    "km": "kilometres", "kilometers": "kilometres", "meters": "metres", "cm": "centimetres",
    "centimeters": "centimetres", "mm": "millimetres", "kg": "kilograms", "ft": "feet",
}  # fmt: skip
_BEHIND_NUMBERS = {"m": "metres", "g": "grams", "s": "seconds", "h": "hours", "f": "fahrenheit"}
_ROMAN = re.compile(r"x{0,3}(?:ix|iv|v?i{0,3})")
_ARTICLES = ("a", "an", "the")


def legible(text: str) -> str:
    """The text without invisible characters; full-width and mathematical letters are other letters.

    Empty where it looks otherwise than it is: with control characters, halves of characters, orders
    to write backwards, or Cyrillic letters within Latin words.
    """
    text = _INVISIBLE.sub("", text)
    return "" if _ILLEGIBLE.search(text) else _STYLED.sub(_OTHER_LETTER, text)


def normal_words(text: str) -> tuple[str, ...]:
    """The words of an answer, in lower case, without accents, punctuation and articles.

    As SQuAD compares them (arXiv:1606.05250), but a number keeps its sign and its point (`-100` is
    not `100`, `12:15` not `1215`), `eleven` is 11 and `$5 million` is `5000000 dollars`.  Dates
    with day, month and year have one form, `A` at the end is no article (`vitamin A`), and units,
    `Dr.`, `Mt.` and `St.` are written out.
    """
    text = _CELSIUS.sub(" degrees celsius", text)
    text = _ACCENTS.sub("", normalize("NFKD", _LATEX.sub(r"\1", text)).translate(_TIDY))
    for pattern in _DATES:
        text = pattern.sub(_date, text)
    text = _MONEY.sub(r" \1\3 \2 ", text)
    text = _MARKS.sub("", _INITIALS.sub(r"\1 ", text))
    found = [token[0] for token in _TOKEN.finditer(text)]
    kept = [word for place, word in enumerate(found) if not _article(found, place)]
    plain = [_written_out(word.casefold()) for word in kept]
    return _with_units(_numbered(plain))


def _written_out(word: str) -> str:
    return _SPELLINGS.get(word) or _UNITS.get(word) or word


def _with_units(words: list[str]) -> tuple[str, ...]:
    """The words, with the letters of units written out where they follow a number."""
    before = ["", *words]
    return tuple(
        _BEHIND_NUMBERS.get(word, word) if last[-1:].isdigit() else word
        for last, word in zip(before, words, strict=False)
    )


def joined(words: tuple[str, ...]) -> str:
    """Words in a row without spaces, so that `Berners-Lee` is `Berners Lee`; numbers stay apart."""
    return "".join(word if word[0].isalpha() else f"<{word}>" for word in words)


def _date(found: re.Match[str]) -> str:
    month = found["month"].lower().rstrip(".")
    place = next((n for name, n in _MONTHS.items() if name.startswith(month[:3])), 0) or int(month)
    return f" @{int(found['year'])}-{place}-{int(found['day'])} "


def _article(words: list[str], place: int) -> bool:
    """Whether a word is an article; a capital A is one only at the beginning."""
    word = words[place]
    if word.lower() not in _ARTICLES or place + 1 == len(words):
        return word.lower() in ("an", "the")
    return word != "A" or place == 0


def _numbered(words: list[str]) -> list[str]:
    """The words, with numbers as digits: `twenty one`, `2.5 million`, `1,200`, `2.50`, `viii`."""
    found: list[str] = []
    run: list[str] = []
    for place, word in enumerate((*words, "")):
        if word in _ONES or word in _TENS or word in _SCALES:
            run.append(word)
            continue
        if word == "and" and run and run[-1] in _SCALES and _counts(words[place + 1 :]):
            continue
        if run and run[0] in _SCALES and found and _NUMERAL.fullmatch(found[-1]):
            found[-1] = _plain(Decimal(found[-1]) * _counted(run))
        elif run:
            found.append(str(_counted(run)))
        run = []
        if word:
            found.append(_digits(word))
    return found


def _counts(words: list[str]) -> bool:
    """Whether a number below a hundred comes next."""
    return words[:1] != [] and (words[0] in _ONES or words[0] in _TENS)


def _digits(word: str) -> str:
    bare = word.replace(",", "")
    if _NUMERAL.fullmatch(bare):
        return _plain(Decimal(bare)) if "." in bare else bare
    if len(word) > 1 and _ROMAN.fullmatch(word):
        return str(_roman(word))
    return word


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _counted(run: list[str]) -> int:
    total = part = 0
    for word in run:
        if word in _SCALES:
            part = max(part, 1) * _SCALES[word]
            if word != "hundred":
                total, part = total + part, 0
        else:
            part += _ONES.get(word, 0) + _TENS.get(word, 0)
    return total + part


def _roman(word: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10}[letter] for letter in word]
    following = [*values[1:], 0]
    return sum(-one if one < other else one for one, other in zip(values, following, strict=True))
