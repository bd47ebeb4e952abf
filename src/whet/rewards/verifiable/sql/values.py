"""Values of a column: the constants of queries, their neighbours, and values like no constant."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from whet.rewards.verifiable.sql.constants import Constant

Cell = str | int | float | None

_WORDS = ("ada", "Ada", "bo", "Bo", "Bo ", "BO", "Cy", "cy lee", "dee", "Eli", "Fay fox", "gus", "")
_DATED = re.compile(r"(?:^|_)(?:date|datetime|time|timestamp|birth\w*|dob|created|updated|at)$")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_SHAPE = re.compile(r"%?\d{4}(?:-\d\d(?:-\d\d.*|-?%)?|-?%)?|%-\d\d-%?.*")
_STEPS = (0, 0, 1, -1, 30, -30, 365, -365)  # days beside a date
_MOSTLY, _HALF, _SELDOM, _RARELY = 0.7, 0.4, 0.3, 0.1
_FAR = 400  # a number like no constant, now and then
_TEXTS = ("CHAR", "TEXT", "CLOB", "STRING", "UUID", "JSON", "BLOB")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSource:
    """What the values of one column are drawn from."""

    kind: str  # the type, in upper case
    name: str
    near: tuple[Constant, ...]  # compared with this column
    loose: tuple[Constant, ...]  # compared with none that is known
    dated: bool = False

    def drawn(self, rng: Random, share: float, count: int) -> list[Cell]:
        """`count` values; `share` is the chance of a constant of this column, or of a neighbour of
        it.
        """
        near, loose = self._fitting(self.near), self._fitting(self.loose)
        dated, worded = self._is_date(), self._is_text()

        def one() -> Cell:
            close = rng.random() < share
            own = close and near and not (loose and rng.random() > _MOSTLY)
            pool = near if own else loose
            chosen = rng.choice(pool) if pool and (close or rng.random() < share / 3) else None
            if dated:
                return _date(chosen, rng, self.kind)
            if worded:
                return _text(chosen, rng)
            return _number(chosen, rng, whole="INT" in self.kind, truth="BOOL" in self.kind)

        return [one() for _ in range(count)]

    def _fitting(self, several: tuple[Constant, ...]) -> tuple[Constant, ...]:
        """The constants that this column may hold: a column of numbers holds no words."""
        if self._is_text() or self._is_date():
            return several
        return tuple(one for one in several if _as_number(one) is not None)

    def _is_text(self) -> bool:
        return not self.kind or any(word in self.kind for word in _TEXTS)

    def _is_date(self) -> bool:
        """A column of dates by its type, its name, a function, or a constant like a date."""
        if "DATE" in self.kind or "TIME" in self.kind:
            return True
        if not self._is_text():
            return False
        shaped = any(isinstance(one, str) and _SHAPE.fullmatch(one) for one in self.near)
        return self.dated or shaped or _DATED.search(self.name.lower()) is not None


def _text(chosen: Constant | None, rng: Random) -> str:
    if chosen is None:
        word = rng.choice(_WORDS)
        return word if rng.random() < _MOSTLY else f"{word}{rng.randint(0, 99)}"
    text = str(chosen)
    if rng.random() < (_SELDOM if "%" in text or "_" in text else _HALF):
        return text
    return _neighbour(_filled(text, rng), rng)


def _filled(pattern: str, rng: Random) -> str:
    """A text that a pattern of LIKE or GLOB matches; wildcards stand for short texts."""
    fill = {
        "%": ("", "", "x", "Bo "),
        "*": ("", "x", "Bo "),
        "_": ("_", "x", "", "xy"),
        "?": ("x",),
    }
    return "".join(rng.choice(fill[sign]) if sign in fill else sign for sign in pattern)


def _neighbour(text: str, rng: Random) -> str:
    mixed = "".join(rng.choice((sign.lower(), sign.upper())) for sign in text)
    near = (
        text, text, text.lower(), text.upper(), text.swapcase(), mixed, f"{text}s", f"x{text}",
        f"x{text}s", f"{text} ", f" {text}", text[:-1], text[1:], f"{text} {text}",
    )  # fmt: skip
    return rng.choice(near)


def _number(chosen: Constant | None, rng: Random, *, whole: bool, truth: bool) -> int | float:
    value = _as_number(chosen)
    if truth:
        return rng.randint(0, 1)
    if value is None:
        value = rng.randint(-_FAR, _FAR) if rng.random() < _RARELY else rng.randint(-2, 9)
    else:
        beside = value + 1, value + 1, value - 1, value + rng.randint(2, 50), value - 2, -value
        value = rng.choice((value, value, *beside))
    if whole:
        return int(value)
    return value + rng.choice((0, 0, 0.5, -0.25))


def _as_number(chosen: Constant | None) -> int | float | None:
    if not isinstance(chosen, str):
        return chosen
    return int(chosen) if re.fullmatch(r"-?\d{1,12}", chosen) else None


def _date(chosen: Constant | None, rng: Random, kind: str) -> str:
    day = _day(str(chosen), rng) if chosen is not None else _any_day(rng)
    clock = f"{rng.randint(0, 23):02}:{rng.choice((0, 0, 30)):02}:00"
    if "TIME" in kind and "DATE" not in kind and "STAMP" not in kind:
        return clock
    return f"{day} {clock}" if "TIME" in kind else day.isoformat()


def _any_day(rng: Random) -> date:
    return date(2018, 1, 1) + timedelta(days=rng.randint(0, 2500))


def _day(text: str, rng: Random) -> date:
    """A day beside the one in a text, or with the year, month or day that stands there."""
    try:
        if found := _DATE.search(text):
            return date(*map(int, found.groups())) + timedelta(days=rng.choice(_STEPS))
        day = _any_day(rng)
        if found := re.search(r"\d{4}", text):
            day = day.replace(year=int(found[0]) + rng.choice((0, 0, 0, 1, -1)))
            day = rng.choice((day, day, date(day.year, 1, 1), date(day.year, 12, 31)))
        if found := re.search(r"(?<!\d)(\d\d)(?!\d)", text):
            day = day.replace(month=int(found[0])) if rng.random() < _MOSTLY else day
            day = day.replace(day=int(found[0])) if rng.random() < _SELDOM else day
        return day
    except (ValueError, OverflowError):  # no such day
        return _any_day(rng)
