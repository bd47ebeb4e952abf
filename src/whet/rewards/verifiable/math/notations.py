"""Numbers with a base, and times of day."""

import re

from whet.rewards.verifiable.math.kinds import Based, TimeOfDay
from whet.rewards.verifiable.math.numerals import numeral

_BASES = range(2, 37)
_DAY, _NOON = 24, 12  # hours
_EVENING = range(6, 12)
_BASE_NAMES = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10,
    "twelve": 12, "sixteen": 16, "bin": 2, "oct": 8, "hex": 16, "dec": 10,
}  # fmt: skip
_BASED = re.compile(r'^\(?"?([0-9A-Fa-f ]+?)"?\s*\)?\s*_\{\s*"?([a-z]+|\d{1,2})"?\s*\}$')
_IN_BASE = re.compile(
    r"^\(?([0-9A-Fa-f ]+?)\)?\s*,?\s*\(?\s*(?:in\s+)?base[\s-]+\(?([a-z]+|\d{1,2})\)?\s*\)?$"
)
_PREFIXED = re.compile(r"^0([xXbBoO])([0-9A-Fa-f]+)$")
_CLOCK = re.compile(
    r"^(\d{1,2})\s*[:.h]\s*([0-5]\d)(?:\s*:\s*[0-5]\d)?\s*\"?\s*([ap]\.?\s*m\.?)?\"?\s*(?:uhr"
    r"|o'clock|hours)?$"
    r"|^(\d{1,2})()\s*\"?\s*([ap]\.?\s*m\.?)\"?$",
    re.IGNORECASE,
)


_DAY_SAID = re.compile(r",?\s*(?:on |of )?(?:the )?(?:next|following|same) (?:day|morning|night)$")
_PARTS_OF_HOUR = {"quarter": 15, "half": 30}
_IN_WORDS = re.compile(r"^(?:an? )?(quarter|half) (past|to) (\w+)")
_SAID_HALF = re.compile(r"\s*(?:in the (morning|afternoon|evening)|(at night))$")


def _half(said: re.Match[str]) -> str:
    """`in the morning` as ` am`; `at night` is before midnight from six on."""
    if said[2]:
        hour = said.string.split(":")[0].split(" ")[0]
        return " pm" if hour.isdecimal() and int(hour) in _EVENING else " am"
    return " am" if said[1] == "morning" else " pm"


def _in_digits(said: re.Match[str]) -> str:
    """`a quarter past two` as `2:15`."""
    minutes, hour = _PARTS_OF_HOUR[said[1]], numeral(said[3])
    if hour is None or hour.denominator != 1:
        return said[0]
    past = said[2] == "past"
    return (
        f"{int(hour) if past else (int(hour) - 2) % _NOON + 1}:{minutes if past else 60 - minutes}"
    )


def based(text: str) -> Based | None:
    """A number that tells its base: `101_2`, `0xff`; None for any other text."""
    prefixed = _PREFIXED.match(text.replace('"', "").strip())
    if prefixed:
        return _digits(prefixed[2], {"x": 16, "b": 2, "o": 8}[prefixed[1].lower()])
    match = _BASED.match(text) or _IN_BASE.match(text.replace('"', " ").strip())
    if match is None:
        return None
    base = int(match[2]) if match[2].isdigit() else _BASE_NAMES.get(match[2], 0)
    return _digits(match[1].replace(" ", ""), base)


def _digits(digits: str, base: int) -> Based | None:
    try:
        int(digits, base)
    except ValueError:
        return None
    return Based(digits.upper().lstrip("0") or "0", base) if base in _BASES else None


def clock(text: str) -> TimeOfDay | None:
    """A time of day: `1:15 p.m.`, `noon`; None for any other text."""
    text = _SAID_HALF.sub(_half, _DAY_SAID.sub("", text.strip().replace('"', " ").strip()))
    text = _IN_WORDS.sub(_in_digits, text)
    if text.casefold() in ("noon", "midnight"):
        return TimeOfDay(720 if text.casefold() == "noon" else 0, half=True)
    match = _CLOCK.match(text)
    if match is None or re.fullmatch(r"\d+\.\d+", text):
        return None
    hour, minute = int(match[1] or match[4]), int(match[2] or 0)
    half = (match[3] or match[6] or "").casefold()[:1]
    if hour >= _DAY or (half and not 1 <= hour <= _NOON):
        return None
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    return TimeOfDay(
        60 * hour + minute, half=bool(half) or hour > _NOON or hour == 0 or text.startswith("0")
    )
