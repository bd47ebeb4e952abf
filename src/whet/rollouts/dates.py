"""The date that a chat template prints, which is the same in the whole run."""

import re
from datetime import date, datetime

from whet.types import UsageError

_CALL = re.compile(r"""strftime_now\s*\(\s*(?:format\s*=\s*)?(["'])(.*?)\1\s*\)""")
_ANY_CALL = re.compile(r"strftime_now\s*\(")


def day_of(today: str) -> date:
    """The day that ISO text names; for empty text the present one."""
    if not today:
        return date.today()
    try:
        return date.fromisoformat(today)
    except ValueError:
        raise UsageError(f"model.today is {today!r}; give a date such as 2026-01-31") from None


def frozen(template: str, day: date) -> str:
    """A chat template in which every `strftime_now(FORMAT)` is that day, at midnight.

    Raises `UsageError` for a call whose format is no literal.
    """
    moment = datetime(day.year, day.month, day.day)
    fixed = _CALL.sub(lambda call: repr(moment.strftime(call[2])), template)
    if _ANY_CALL.search(fixed):
        raise UsageError(
            "the chat template calls strftime_now with a format that is no literal, so its date "
            'can\'t be kept; write the format as text, strftime_now("%d %b %Y")'
        )
    return fixed
