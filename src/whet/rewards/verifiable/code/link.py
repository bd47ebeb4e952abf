"""Both sides of a test by assertions: the harness that has the test, and the tested program.

Stdlib only, and one file: its text runs in two sandboxes, as `hold()` in one and as `serve()` in
the other; descriptor 3 connects them.  Data travels by value.  Any other object stays with the
tested program, and the harness knows it by a number: the harness runs none of the program's code
and never compares by the program's `__eq__`.
"""

import builtins
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from io import BufferedReader, BufferedWriter, FileIO
from types import ModuleType, TracebackType
from typing import Any

_PLAIN: "tuple[type, ...]" = (bool, int, float, str)
_MANY: "dict[str, type]"
_MANY = {"l": list, "t": tuple, "s": set, "f": frozenset}
_TEXTS: "dict[str, Callable[[str], Any]]"
_TEXTS = {"b": bytes.fromhex, "q": Fraction, "m": Decimal, "c": complex}
_TYPES = {"b": bytes, "q": Fraction, "m": Decimal, "c": complex}


class Unfit(BaseException):
    """The test passes an object that cannot travel."""


def packed(value: Any, refer: "Callable[[Any], int]") -> Any:
    """A value as JSON; `refer` gives a number to each object that is not data."""
    if value is None:
        return None
    for kind in (k for k in _PLAIN if isinstance(value, k)):
        return value if type(value) is kind else kind(value)
    for tag, kind in _MANY.items():
        if isinstance(value, kind):
            return [tag, *(packed(x, refer) for x in value)]
    if isinstance(value, dict):
        return ["d", *([packed(k, refer), packed(v, refer)] for k, v in value.items())]
    for tag, kind in _TYPES.items():
        if isinstance(value, kind):
            return [tag, value.hex() if isinstance(value, bytes) else str(value)]
    return ["r", refer(value)]


def unpacked(value: Any, resolve: "Callable[[int], Any]") -> Any:
    """The value of a JSON text; `resolve` finds the object of a number."""
    if not isinstance(value, list):
        return value
    tag, *rest = value
    if tag in _MANY:
        return _MANY[tag]([unpacked(x, resolve) for x in rest])
    if tag == "d":
        return {unpacked(k, resolve): unpacked(v, resolve) for k, v in rest}
    return resolve(int(rest[0])) if tag == "r" else _TEXTS[tag](rest[0])


class Line:
    """A connection to the other side; each message is one line of JSON."""

    def __init__(self) -> None:
        sys.set_int_max_str_digits(0)
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


class Raised:
    """A block that keeps the exception it raises."""

    error: "BaseException | None" = None

    def __enter__(self) -> "Raised":
        return self

    def __exit__(
        self, kind: "type | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> bool:
        self.error = error
        return isinstance(error, Exception)


# ---- the tested program's side


def serve() -> None:
    """Load the program, list what it offers, and answer the harness's requests."""
    os.dup2(2, 1)
    line = Line()
    held: list[Any] = []

    def refer(value: Any) -> int:
        held.append(value)
        return len(held) - 1

    solution = importlib.import_module("solution")
    offered = [(n, x) for n, x in vars(solution).items() if not n.startswith("__")]
    line.say([[name, *_described(value, refer)] for name, value in offered])
    while True:
        verb, number, name, words = line.hear()
        arguments, named = unpacked(words, held.__getitem__)
        answer: dict[str, Any] = {}
        with Raised() as raised:
            value = _done(held[number], verb, name, (arguments, named))
            answer = {"value": packed(value, refer)}
        if raised.error is not None:
            kinds = [kind.__name__ for kind in type(raised.error).__mro__]
            answer = {"error": kinds, "message": str(raised.error)}
        line.say({**answer, "arguments": packed(arguments, refer)})


def _described(value: Any, refer: "Callable[[Any], int]") -> "tuple[str, Any]":
    if isinstance(value, ModuleType):
        return "module", value.__name__
    if isinstance(value, type) and issubclass(value, Exception):
        return "error", [kind.__name__ for kind in value.__mro__]
    return "value", packed(value, refer)


def _done(thing: Any, verb: str, name: str, words: "tuple[list[Any], dict[str, Any]]") -> Any:
    if verb == "call":
        return thing(*words[0], **words[1])
    if verb == "get":
        return getattr(thing, name)
    if verb == "set":
        return setattr(thing, name, words[0][0])
    return getattr(builtins, verb)(thing, *words[0])  # iter, next, len, str, repr


# ---- the harness's side


class Remote:
    """An object of the tested program.  It equals only itself."""

    def __init__(self, line: Line, number: int) -> None:
        self.__dict__.update(_line=line, _number=number)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._ask("call", "", arguments, named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._ask("get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set", name, (value,))

    def __iter__(self) -> "Iterator[Any]":
        return self._ask("iter", "")

    def __next__(self) -> Any:
        return self._ask("next", "")

    def __len__(self) -> int:
        return self._ask("len", "")

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        return self._ask("str", "")

    def __getitem__(self, key: Any) -> Any:
        return self._ask("get", "__getitem__")(key)

    def _ask(
        self,
        verb: str,
        name: str,
        arguments: "tuple[Any, ...]" = (),
        named: "dict[str, Any] | None" = None,
    ) -> Any:
        line = self._line
        words = packed([list(arguments), dict(named or {})], _number)
        line.say([verb, self._number, name, words])
        answer = line.hear()

        def resolve(number: int) -> Remote:
            return Remote(line, number)

        for ours, theirs in zip(arguments, unpacked(answer["arguments"], resolve), strict=True):
            _updated(ours, theirs)
        if "error" in answer:
            raise _error(answer["error"])(answer["message"])
        return unpacked(answer["value"], resolve)


def _number(value: Any) -> int:
    if isinstance(value, Remote):
        return value._number
    raise Unfit(type(value).__name__)


def _updated(ours: Any, theirs: Any) -> None:
    """Change the harness's copy of an argument as the call changed the program's copy."""
    if isinstance(ours, list) and type(theirs) is list:
        ours[:] = theirs
    elif isinstance(ours, (dict, set)) and type(theirs) is type(ours):
        ours.clear()
        ours.update(theirs)


_ERRORS: "dict[str, type[Exception]]" = {}


def _error(kinds: "list[str]") -> "type[Exception]":
    """The program's own exception class where it offered one, else the nearest built-in class."""
    for name in kinds:
        known = _ERRORS.get(name) or getattr(builtins, name, None)
        if isinstance(known, type) and issubclass(known, Exception):
            return known
    return Exception


def hold() -> None:
    """Run a test against the other side, and write the token after its last line."""
    job = json.load(sys.stdin)
    line = Line()
    scope: dict[str, Any] = {"__name__": "test"}
    for name, kind, what in line.hear():
        if not hasattr(builtins, name) or name in job["names"]:
            scope.update(_offered(line, name, kind, what))
    sys.modules["solution"] = ModuleType("solution")
    vars(sys.modules["solution"]).update(scope)
    given = frozenset(scope)
    verdict = "1"
    try:
        exec(compile(job["source"], "test.py", "exec"), scope)
        for name, value in [pair for pair in scope.items() if pair[0] not in given]:
            if name.startswith("test") and callable(value) and not isinstance(value, Remote):
                value()
    except Unfit as unfit:
        verdict = f"0{unfit}"
    os.write(1, (job["token"] + verdict).encode())
    os._exit(0)


def _offered(line: Line, name: str, kind: str, what: Any) -> "dict[str, Any]":
    if kind == "module":
        known = what == name and name in sys.stdlib_module_names
        return {name: importlib.import_module(name)} if known else {}
    if kind == "error":
        _ERRORS[name] = type(name, (_error(what[1:]),), {})
        return {name: _ERRORS[name]}
    return {name: unpacked(what, lambda number: Remote(line, number))}
