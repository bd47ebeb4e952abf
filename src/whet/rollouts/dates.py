"""The date that a chat template prints, which is the same in the whole run."""

import re
import string
from datetime import date, datetime

from whet.types import UsageError

_NAME = re.compile(r"\bstrftime_now\b")
_CODES = [f"{pad}{letter}" for pad in ("-", "#", "") for letter in string.ascii_letters]
# a doubled % is \0 while the format is read
_MACRO = r"""{% macro strftime_now(format) -%}
{%- set printed = PRINTED -%}
{%- set parts = format.replace('%%', '\0').split('%') -%}
{%- set ns = namespace(text=parts[0]) -%}
{%- for part in parts[1:] -%}
{%- set size = 2 if part[:2] in printed else 1 -%}
{%- set ns.text = ns.text ~ printed.get(part[:size], '%' ~ part[:size]) ~ part[size:] -%}
{%- endfor -%}
{{- ns.text.replace('\0', '%') -}}
{%- endmacro %}"""


def day_of(today: str) -> date:
    """The day that ISO text names; for empty text the present one."""
    if not today:
        return date.today()
    try:
        return date.fromisoformat(today)
    except ValueError:
        raise UsageError(f"model.today is {today!r}; give a date such as 2026-01-31") from None


def frozen(template: str, day: date) -> str:
    """A chat template in which `strftime_now` is a macro that prints that day, at midnight.

    So the day is the same however the template calls it: by another name, from a macro, or with a
    format that it puts together.  The template itself begins on a line of its own, as before.
    """
    if not _NAME.search(template):
        return template
    moment = datetime(day.year, day.month, day.day)
    printed = {code: moment.strftime(f"%{code}") for code in _CODES}
    return f"{_MACRO.replace('PRINTED', repr(printed))}\n{template}"
