"""Numbers with a base, and times of day."""

import re

from whet.rewards.verifiable.math.kinds import Based, TimeOfDay

_BASES = range(2, 37)
_DAY, _NOON = 24, 12  # hours
_BASE_NAMES = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10,
    "twelve": 12, "sixteen": 16, "bin": 2, "oct": 8, "hex": 16, "dec": 10,
}  # fmt: skip
_BASED = re.compile(r'^\(?"?([0-9A-Fa-f ]+?)"?\s*\)?\s*_\{\s*"?([a-z]+|\d{1,2})"?\s*\}$')
_PREFIXED = re.compile(r"^0([xXbBoO])([0-9A-Fa-f]+)$")
_CLOCK = re.compile(
    r"^(\d{1,2})\s*[:.h]\s*([0-5]\d)(?:\s*:\s*[0-5]\d)?\s*\"?\s*([ap]\.?\s*m\.?)?\"?\s*(?:uhr"
    r"|o'clock|hours)?$"
    r"|^(\d{1,2})()\s*\"?\s*([ap]\.?\s*m\.?)\"?$",
    re.IGNORECASE,
)


def based(text: str) -> Based | None:
    """A number that tells its base: `101_2`, `0xff`; None for any other text."""
    prefixed = _PREFIXED.match(text.replace('"', "").strip())
    if prefixed:
        return _digits(prefixed[2], {"x": 16, "b": 2, "o": 8}[prefixed[1].lower()])
    match = _BASED.match(text)
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
    text = text.strip().replace('"', " ").strip()
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
