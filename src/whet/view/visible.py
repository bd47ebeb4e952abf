"""Texts of models and worlds, made safe to print: cut in the middle, no character hidden."""

import re

_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str, most: int) -> str:
    r"""The text with at most `most` of its characters, and how many of them are left out.

    Control characters, marks of direction and lone surrogates are written as escapes (`\x1b`), so
    that none of them moves a cursor, turns a line around or breaks a file.  Line breaks and tabs
    stay.
    """
    return _HIDDEN.sub(_escaped, _cut(text, most))


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = most // 2
    end = text[len(text) - half :]
    return f"{text[:half]} … [{len(text) - 2 * half:,} characters left out] … {end}"


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
