"""The wire between the harness that has a test and the tested program, the same on both sides.

Stdlib only: the text of this file runs in two sandboxes, between those of `remote.py` and
`ends.py`; descriptor 3 connects them.  Data of plain types travels by value.  Every other object
stays with the side that made it, and the other side knows it by a number, as a `Remote`.
"""

import builtins
import datetime
import enum
import json
import operator
import os
import sys
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from io import BufferedReader, BufferedWriter, FileIO
from types import CoroutineType
from typing import Any

from whet.rewards.verifiable.code.remote import Remote

_PLAIN: "tuple[type, ...]" = (bool, int, float, str)
_MANY: "dict[str, type]"
_VIEWS: "dict[str, Callable[[Any], Any]]"
_VIEWS = {"dk": lambda found: dict.fromkeys(found).keys(), "di": lambda found: dict(found).items()}
_MANY = {"l": list, "t": tuple, "s": set, "f": frozenset, "dq": deque}
_PAIRS: "dict[str, type]" = {"d": dict, "cn": Counter, "od": OrderedDict}
_TEXTS: "dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]]"
_TEXTS = {
    "b": (bytes, bytes.hex, bytes.fromhex),
    "ba": (bytearray, bytearray.hex, bytearray.fromhex),
    "q": (Fraction, str, Fraction),
    "m": (Decimal, str, Decimal),
    "c": (complex, str, complex),
    "dt": (datetime.datetime, datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    "da": (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    "ti": (datetime.time, datetime.time.isoformat, datetime.time.fromisoformat),
    "td": (
        datetime.timedelta,
        lambda d: f"{d.days} {d.seconds} {d.microseconds}",
        lambda text: datetime.timedelta(*map(int, text.split())),
    ),
    "rg": (
        range,
        lambda r: f"{r.start} {r.stop} {r.step}",
        lambda text: range(*map(int, text.split())),
    ),
}


_TAGS: "dict[type, str]"
_TAGS = {kind: tag for table in (_MANY, _PAIRS) for tag, kind in table.items()}
_TAGS |= {type({}.keys()): "dk", type({}.items()): "di"}
_TAGS |= {row[0]: tag for tag, row in _TEXTS.items()} | {defaultdict: "d"}


class Raised:
    """A block that keeps the exception it raises."""

    error: "BaseException | None" = None

    def __enter__(self) -> "Raised":
        return self

    def __exit__(self, kind: Any, error: "BaseException | None", trace: Any) -> bool:
        self.error = error
        return error is not None


class LinkEnd:
    """A connection to the other side; each message is one line of JSON.

    `scope` has the names of this side: an object of the other side whose class is called like a
    class of this side passes for an instance of it.
    """

    def __init__(self, scope: "dict[str, Any]") -> None:
        sys.set_int_max_str_digits(0)
        self.scope = scope
        self.held: list[Any] = []
        self.numbers: dict[int, int] = {}
        self.far: dict[int, Remote] = {}
        self.hearing = BufferedReader(FileIO(3, "rb", closefd=False))
        self.speaking = BufferedWriter(FileIO(3, "wb", closefd=False))

    def say(self, message: Any) -> None:
        """Send a message at once."""
        self.speaking.write(json.dumps(message).encode() + b"\n")
        self.speaking.flush()

    def hear(self) -> Any:
        """The next message.  Ends this process where the connection is closed."""
        line = self.hearing.readline()
        if not line.endswith(b"\n"):
            os._exit(1)
        return json.loads(line)

    def packed(self, value: Any) -> Any:
        """A value as JSON."""
        kind = type(value)
        if value is None or kind in _PLAIN:
            return value
        if kind is Remote:
            return ["h", value._far[1]]
        for plain in (p for p in _PLAIN if isinstance(value, p) and not isinstance(value, type)):
            return plain(value)
        return self.collected(value, kind) or self.named(value) or self.referred(value)

    def by_value(self, value: Any) -> bool:
        """Whether a value is data, or one of the other side's objects."""
        kind = type(value)
        return value is None or kind in _PLAIN or kind in _TAGS or kind is Remote

    def collected(self, value: Any, kind: type) -> Any:
        """A value of one of the tables' types, or a named tuple, else None."""
        if kind in _TAGS:
            tag = _TAGS[kind]
            if tag in _MANY or tag in _VIEWS:
                return [tag, *(self.packed(x) for x in value)]
            if tag in _PAIRS:
                return [tag, *([self.packed(k), self.packed(v)] for k, v in value.items())]
            return [tag, _TEXTS[tag][1](value)]
        fields = getattr(value, "_fields", None)
        if isinstance(value, tuple) and isinstance(fields, tuple):
            return ["n", kind.__name__, list(fields), [self.packed(x) for x in value]]
        return None

    def named(self, value: Any) -> Any:
        """The name of a builtin type, which is the same on both sides."""
        known = isinstance(value, type) and getattr(builtins, value.__name__, None) is value
        return ["g", "builtins", value.__name__] if known else None

    def referred(self, value: Any) -> "list[Any]":
        """An object by its number, the name of its class, and its name if it is an enum's."""
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = len(self.held)
            self.held.append(value)
        if isinstance(value, CoroutineType):
            return ["w", number]
        member = value.name if isinstance(value, enum.Enum) else None
        return ["r", number, type(value).__name__, member]

    def unpacked(self, value: Any) -> Any:
        """The value of a JSON text."""
        if not isinstance(value, list):
            return value
        tag, *rest = value
        if tag in _MANY or tag in _VIEWS:
            return (_VIEWS.get(tag) or _MANY[tag])([self.unpacked(x) for x in rest])
        if tag in _PAIRS:
            return _PAIRS[tag]({self.unpacked(k): self.unpacked(v) for k, v in rest})
        return _TEXTS[tag][2](rest[0]) if tag in _TEXTS else self.object(tag, rest)

    def object(self, tag: str, rest: "list[Any]") -> Any:
        """A named tuple, one of this side's objects, a builtin type, or one of the other side's."""
        if tag == "n":
            return namedtuple(rest[0], rest[1])(*map(self.unpacked, rest[2]))
        if tag == "h":
            return self.held[rest[0]]
        return self.common(*rest) if tag == "g" else self.distant(tag, *rest)

    def common(self, module: str, name: str) -> Any:
        """A builtin type that the other side has named."""
        known = getattr(builtins, name, None) if module == "builtins" else None
        if not isinstance(known, type):
            raise TypeError(name)
        return known

    def distant(self, tag: str, number: int, kind: str = "", member: "str | None" = None) -> Any:
        """An object of the other side: the same one for the same number."""
        if tag == "w":
            return self._awaited(number)
        own = self.scope.get(kind)
        if member is not None and isinstance(own, enum.EnumMeta) and member in own.__members__:
            return own[member]
        if number not in self.far:
            self.far[number] = Remote(self, number, own if isinstance(own, type) else None)
        return self.far[number]

    async def _awaited(self, number: int) -> Any:
        return self.ask("await", number, "", (), {})

    def ask(self, verb: str, number: int, name: str, words: "tuple[Any, ...]", named: Any) -> Any:
        """Have the other side do something; it may ask back meanwhile."""
        sent = [self.packed(list(words)), self.packed(dict(named))]
        self.say(["ask", verb, number, name, *sent])
        while (heard := self.hear())[0] == "ask":
            self.answer(*heard[1:])
        _, said, changed, answer = heard
        sys.stdout.write(str(said))
        for ours, theirs in zip(words, self.unpacked(changed), strict=True):
            _updated(ours, theirs)
        if heard[0] == "error":
            raise self.error(*answer)
        return self.unpacked(answer)

    def answer(self, verb: str, number: int, name: str, words: Any, named: Any) -> None:
        """Do what the other side asks for."""
        given, said, changed, answer = [], "", [], []
        with Raised() as raised:
            given = self.unpacked(words)
            value, said = self.done(verb, self.held[number], name, (given, self.unpacked(named)))
            answer = ["value", said, self.packed(given), self.packed(value)]
        if raised.error is not None:
            with Raised():
                changed = self.packed(given)
            changed = changed or ["l", *([None] * len(given))]
            answer = ["error", said, changed, self.told(raised.error)]
        self.say(answer)

    def done(self, verb: str, thing: Any, name: str, words: Any) -> "tuple[Any, str]":
        """The result of one of the other side's requests, and what it printed."""
        given, named = words
        if verb == "call":
            return thing(*given, **named), ""
        if verb in ("built", "op"):
            return getattr(builtins if verb == "built" else operator, name)(*given), ""
        return _DEEDS[verb](self.scope, thing, name, *given), ""

    def told(self, error: BaseException) -> "list[Any]":
        """An exception as JSON: names of its classes, its text, arguments and attributes."""
        kinds = [kind.__name__ for kind in type(error).__mro__]
        text, words, state = "", None, None
        with Raised():
            text = str(error)
            words = self.packed(list(error.args))
            state = self.packed({k: v for k, v in vars(error).items() if k.isidentifier()})
        return [kinds, text, words or ["l"], state or ["d"]]

    def error(self, kinds: "list[str]", text: str, words: Any, state: Any) -> BaseException:
        """An exception that says what the other side's said."""
        found = known_error(self.scope, kinds)
        error = found.__new__(found)
        error.args = tuple(self.unpacked(words))
        with Raised():
            if str(error) == text:
                found = None
        if found is not None:
            error = type(found.__name__, (found,), {"__str__": lambda _: str(text)})()
            error.args = tuple(self.unpacked(words))
        for name, value in self.unpacked(state).items():
            if not str(name).startswith("__"):
                error.__dict__[name] = value
        return error


def known_error(scope: "dict[str, Any]", kinds: "list[str]") -> "type[BaseException]":
    """This side's class of an exception: the first that it has, else `Exception`.

    Those of unittest are left out: a program doesn't skip tests.
    """
    for name in kinds:
        for known in (scope.get(name), getattr(builtins, name, None)):
            error = known if isinstance(known, type) and issubclass(known, BaseException) else None
            if error is not None and not error.__module__.startswith("unittest"):
                return error
    return Exception


def _left(scope: "dict[str, Any]", thing: Any, _: str, kinds: "list[str]", text: str) -> Any:
    """Leave a `with` block, by an exception if there are names of its classes."""
    kind = known_error(scope, kinds) if kinds else None
    return thing.__exit__(kind, kind and kind(text), None)


def _awaited(_: "dict[str, Any]", thing: Any, __: str) -> Any:
    import asyncio

    return asyncio.run(thing)


_DEEDS: "dict[str, Callable[..., Any]]" = {
    "get": lambda _, thing, name: getattr(thing, name),
    "set": lambda _, thing, name, value: setattr(thing, name, value),
    "del": lambda _, thing, name: delattr(thing, name),
    "exit": _left,
    "await": _awaited,
}


def _updated(ours: Any, theirs: Any) -> None:
    """Change this side's copy of an argument as the call changed the other one's."""
    if type(ours) is not type(theirs) or type(ours) not in (list, bytearray, dict, set, deque):
        return
    if isinstance(ours, (list, bytearray)):
        ours[:] = theirs
    else:
        ours.clear()
        ours.extend(theirs) if isinstance(ours, deque) else ours.update(theirs)
