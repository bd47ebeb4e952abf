"""The arguments of a command as a dataclass: its fields are the words and the options."""

from collections.abc import Sequence
from dataclasses import MISSING, Field, field, fields
from inspect import cleandoc
from typing import Any, TypeVar, get_type_hints

from whet.cli.flags import FLAG, is_flag, nearest_path, path_of
from whet.cli.values import shown, value
from whet.invoked import program
from whet.types import UsageError

T = TypeVar("T")
_HELP, _PLACE = "help", "place"
_WIDTH = 27  # of the left column


def word(about: str, *, default: Any = MISSING) -> Any:
    """A positional argument; without a default it is required."""
    return field(default=default, metadata={_HELP: about, _PLACE: True})


def option(about: str, *, default: Any = MISSING) -> Any:
    """A named argument: `--name value`."""
    return field(default=default, metadata={_HELP: about})


def parse(kind: type[T], words: Sequence[str], command: str) -> T:
    """Parse the words of a command line.  Raises `UsageError` for words that don't fit."""
    advice = f"{program()} {command} --help"
    hints, known = get_type_hints(kind), {f.name: f for f in fields(kind)}  # pyright: ignore
    places = [name for name, f in known.items() if _PLACE in f.metadata]
    found: dict[str, Any] = {}
    left = list(words)
    while left:
        name, text = _next(left, [n for n in places if n not in found], known, advice)
        if text is None:
            text = "true" if hints[name] is bool else _following(left, name, advice)
        if name in found:
            raise UsageError(
                f"--{name.rstrip('_').replace('_', '-')} is given twice ({advice}); give it once"
            )
        found[name] = value(text, hints[name], name)
    missing = [f for n, f in known.items() if f.default is MISSING and n not in found]
    if missing:
        raise UsageError(f"missing {', '.join(map(_called, missing))} ({advice})")
    return kind(**found)


def page(kind: type, command: str) -> str:
    """The text that `whet COMMAND --help` prints."""
    known = fields(kind)
    places = " ".join(_usage(f) for f in known if _PLACE in f.metadata)
    rows = [(_left(f), f"{f.metadata[_HELP]}{_default(f)}") for f in known]
    lines = [f"  {left:{_WIDTH}} {about}".rstrip() for left, about in rows]
    return "\n".join(
        [f"usage: whet {command} {places} [options]", "", cleandoc(kind.__doc__ or ""), "", *lines]
    )


def _next(
    left: list[str], places: Sequence[str], known: dict[str, Field[Any]], advice: str
) -> tuple[str, str | None]:
    """The next argument, and its text if that is in the same word."""
    first = left.pop(0)
    if not is_flag(first):
        if not places:
            raise UsageError(f"{first!r} is one word too many ({advice})")
        return places[0], first
    said, equals, text = first.partition("=")
    name = ".".join(path_of(said))
    name = f"{name}_" if f"{name}_" in known else name  # a keyword of Python
    if name not in known or _PLACE in known[name].metadata:
        near = nearest_path(name, [n for n, f in known.items() if _PLACE not in f.metadata])
        told = "; ".join(filter(None, (f"{said} is unknown", near)))
        raise UsageError(f"{told} ({advice})")
    return name, text if equals else None


def _following(left: list[str], name: str, advice: str) -> str:
    if not left or is_flag(left[0]):
        raise UsageError(f"--{name.rstrip('_').replace('_', '-')} needs a value ({advice})")
    return left.pop(0)


def _called(of: Field[Any]) -> str:
    name = of.name.rstrip("_").replace("_", "-")
    return name.upper() if _PLACE in of.metadata else f"{FLAG}{name}"


def _usage(of: Field[Any]) -> str:
    return _called(of) if of.default is MISSING else f"[{_called(of)}]"


def _left(of: Field[Any]) -> str:
    kind = {bool: "", str: "TEXT", int: "N", float: "X"}.get(of.type, "TEXT")  # pyright: ignore
    return _called(of) if _PLACE in of.metadata else f"{_called(of)} {kind}".rstrip()


def _default(of: Field[Any]) -> str:
    plain = of.default is MISSING or of.default is False or of.default == ""
    return "" if plain else f" (default: {shown(of.default)})"
