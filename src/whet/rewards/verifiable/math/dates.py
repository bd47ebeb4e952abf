"""Days of the year, with or without the year."""

import re

from whet.rewards.verifiable.math.kinds import Date

_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
]  # fmt: skip
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_WEEKDAY = r"(?:(?:on )?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?(?:the )?)"
_YEAR = r"(?:,? (?P<year>\d{4}))?"
_FORMS = (
    re.compile(rf"{_WEEKDAY}{_DAY}(?: of)? {_MONTH}{_YEAR}"),
    re.compile(rf"{_WEEKDAY}{_MONTH} (?:the )?{_DAY}{_YEAR}"),
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"),
)


def date(text: str) -> Date | None:
    """The date that a spelled text is; None for any other text."""
    if not re.search(r"\d", text):
        return None
    text = " ".join(text.replace('"', " ").replace("{", "").replace("}", "").casefold().split())
    text = re.sub(r" ,", ",", text)
    for form in _FORMS:
        if match := form.fullmatch(text):
            return Date(int(match["year"] or 0), _month(match["month"]), int(match["day"]))
    return None


def _month(written: str) -> int:
    if written.isdecimal():
        return int(written)
    return next(place for place, name in enumerate(_MONTHS, 1) if name.startswith(written[:3]))
