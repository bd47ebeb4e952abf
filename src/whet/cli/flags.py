"""Settings from a command line or a file: paths and texts, in their order.

`--path value`, `--path=value`, and `--path` alone, which means true.  Hyphen and underscore are the
same.  Several words behind one path are a list.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from whet.types import UsageError

TRUE = "true"
FLAG = "--"
CONFIG = ("config",)  # the path of a file of settings
_CLOSE = 0.6  # of 1, for a suggestion


@dataclass(frozen=True, slots=True)
class Flag:
    """One setting: its path, its text, and its name as the user wrote it."""

    path: tuple[str, ...]
    text: str
    said: str  # "--steps", or "my.toml: steps"
    bare: bool = False  # no value was given, which means true

    @property
    def dotted(self) -> str:
        return ".".join(self.path)

    @property
    def word(self) -> str:
        """The flag as one word of a command line."""
        return f"--{self.dotted}={self.text}"

    def named(self, path: str) -> str:
        """The name of a field for messages, with the file that sets it if there is one."""
        return path if self.said.startswith(FLAG) else f"{self.said.partition(':')[0]}: {path}"

    def insist(self) -> str:
        """The text, where true is no answer.  Raises `UsageError` if no value was given."""
        if self.bare:
            raise UsageError(f"{self.said} needs a value; write {self.said} VALUE")
        return self.text

    def at(self, path: str) -> "Flag":
        """The same text for another path."""
        return replace(self, path=path_of(path))


def flags(words: Sequence[str]) -> list[Flag]:
    """Every flag of a command line.  Raises `UsageError` for a word that belongs to no flag."""
    found: list[tuple[str, list[str]]] = []
    for word in words:
        if is_flag(word):
            name, equals, text = word.partition("=")
            found.append((name, [text] if equals else []))
        elif not found or found[-1][1]:
            behind = f"behind {found[-1][0]} {found[-1][1][0]}" if found else "before any flag"
            raise UsageError(f"{word!r} stands alone {behind}; write --flag value, lists as 1,4,16")
        else:
            found[-1][1].append(word)
    flags = [
        Flag(path_of(name), texts[0] if texts else TRUE, name, not texts) for name, texts in found
    ]
    _check_once(flags)
    return flags


def _check_once(flags: Sequence[Flag]) -> None:
    """A file of settings may be given again: the later one wins."""
    known: dict[tuple[str, ...], Flag] = {}
    for flag in flags:
        before = known.setdefault(flag.path, flag)
        if before.text != flag.text and flag.path != CONFIG:
            told = f"{before.text!r} and {flag.text!r}"
            raise UsageError(f"{flag.said} is given twice, as {told}; give it once")


def is_flag(word: str) -> bool:
    """Whether a word is a flag rather than a value; a negative number is a value."""
    return word.startswith(FLAG) and word != FLAG


def path_of(name: str) -> tuple[str, ...]:
    """`--sampling.prompts.per-step` as the names of fields, in American spelling."""
    return tuple(american(name.removeprefix(FLAG).replace("-", "_")).split("."))


def merged(layers: Iterable[Sequence[Flag]], sets: Mapping[str, str] | None = None) -> list[Flag]:
    """One flag per path; later layers win.

    If a later layer chooses another part than an earlier one did, the earlier settings of that
    part go with it.  `sets` has the field that a change of the whole run sets: of the two, the one
    of the later layer stays.
    """
    known: dict[tuple[str, ...], Flag] = {}
    for layer in layers:
        mine = {flag.path: flag for flag in layer}
        gone = [p for p, flag in mine.items() if p in known and known[p].text != flag.text]
        known = {p: f for p, f in known.items() if not any(_inside(p, path) for path in gone)}
        known = {p: f for p, f in known.items() if not any(rivals(p, q, sets or {}) for q in mine)}
        known |= mine
    return list(known.values())


def check_agree(flags: Sequence[Flag], sets: Mapping[str, str]) -> None:
    """Raise `UsageError` for two flags of one layer that set one field to two values."""
    known: dict[tuple[str, ...], Flag] = {}
    for flag in flags:
        before = known.setdefault(flag.path, flag)
        other = next((f for p, f in known.items() if rivals(p, flag.path, sets)), before)
        if other.path != flag.path or other.text != flag.text:
            field = ".".join(min(other.path, flag.path, key=lambda path: ".".join(path) in sets))
            told = f"{other.said} {other.text} and {flag.said} {flag.text}"
            raise UsageError(f"{told} both set {field}; give one of them")


def rivals(one: tuple[str, ...], other: tuple[str, ...], sets: Mapping[str, str]) -> bool:
    """Whether one of two paths is a change of the whole run that sets the other."""
    for change, path in ((".".join(one), other), (".".join(other), one)):
        field = path_of(sets[change]) if change in sets else None
        if field is not None and (path == field or _inside(path, field)):
            return True
    return False


def american(name: str) -> str:
    """A name in American spelling, so that both spellings work."""
    return re.sub(r"is(?=er|ation)", "iz", name)


def match(name: str, known: Iterable[str]) -> str | None:
    """The known name that equals a name in either spelling; None if there is none."""
    return next((one for one in known if one == name or american(one) == american(name)), None)


def nearest_path(path: str, known: Iterable[str]) -> str:
    """`perhaps you meant --…`: the path with the same end, or the closest spelling; or nothing."""
    paths = sorted(known, key=lambda one: (one.count("."), one))
    last = path.rpartition(".")[2]
    ends = [one for one in paths if f".{one}".endswith(f".{path}")]
    same = [one for one in paths if one.rpartition(".")[2] == last]
    close = get_close_matches(path, paths, n=1, cutoff=_CLOSE)
    by_end = _by_end(last, paths)
    found = [*ends, *same[:1], *close, *by_end][:1]
    return f"perhaps you meant --{found[0]}" if found else ""


def _by_end(last: str, paths: Sequence[str]) -> list[str]:
    ends: Mapping[str, str] = {one.rpartition(".")[2]: one for one in reversed(paths)}
    return [ends[end] for end in get_close_matches(last, ends, n=1, cutoff=_CLOSE)]


def _inside(path: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    return len(path) > len(outer) and path[: len(outer)] == outer
