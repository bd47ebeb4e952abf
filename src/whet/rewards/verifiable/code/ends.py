"""The two ends of a test by assertions: `serve` with the tested program, `hold` with the test.

Stdlib only: this text runs in two sandboxes, behind those of `remote.py` and `link.py`.  The
harness runs none of the program's code.  What the program is asked for are its names; everything
else that the test uses is the harness's own: builtins, modules, and what the task's own source
defines.
"""

import builtins
import contextlib
import importlib
import inspect
import io
import json
import os
import sys
from types import CoroutineType, FunctionType, ModuleType
from typing import Any

from whet.rewards.verifiable.code.link import LinkEnd, Raised, known_error
from whet.rewards.verifiable.code.remote import OPERATORS, Remote

_SEEN = ("_io", "re", "random", "datetime", "collections")  # modules whose objects show all
_RECORDS = ("return_value", "side_effect", "called", "call_count", "call_args", "call_args_list")
_RECORDS += ("mock_calls", "method_calls")
_TOLD = ("__name__", "__qualname__", "__doc__")


# ---- the tested program's side


class ProgramEnd(LinkEnd):
    """The program's end: whatever the harness asks for is done."""

    def common(self, module: str, name: str) -> Any:
        return getattr(importlib.import_module(module), name)

    def done(self, verb: str, thing: Any, name: str, words: Any) -> "tuple[Any, str]":
        with contextlib.redirect_stdout(io.StringIO()) as said:
            value = super().done(verb, thing, name, words)[0]
        return value, said.getvalue()

    def described(self, name: str, value: Any) -> "tuple[str, str, Any]":
        """An offered name, what it is, and the value."""
        if isinstance(value, ModuleType):
            return name, "module", value.__name__
        home = str(getattr(value, "__module__", ""))
        known = sys.modules.get(home) if home in sys.stdlib_module_names else None
        if known is not None and getattr(known, name, None) is value:
            return name, "library", [home, self.referred(value)]
        if isinstance(value, type) and issubclass(value, BaseException):
            return name, "error", [kind.__name__ for kind in value.__mro__]
        return name, "class" if isinstance(value, type) else "value", self.packed(value)


def serve() -> None:
    """Load the program, list what it offers, and answer the harness's requests."""
    os.dup2(2, 1)
    Remote.trusting = True
    solution = ModuleType("solution")
    solution.__file__ = "solution.py"
    sys.modules["solution"] = solution
    link = ProgramEnd(vars(solution))
    with open("solution.py", "rb") as file, contextlib.suppress(SystemExit):
        exec(compile(file.read(), "solution.py", "exec"), vars(solution))
    offered = [pair for pair in vars(solution).items() if not pair[0].startswith("__")]
    link.say([link.described(*pair) for pair in offered])
    while True:
        link.answer(*link.hear()[1:])


# ---- the harness's side


class HarnessEnd(LinkEnd):
    """The harness's end: the program can call what it is handed, and see what a test made of it."""

    def ask(self, verb: str, number: int, name: str, words: "tuple[Any, ...]", named: Any) -> Any:
        """As for both sides, but only `next` ends an iteration: a `map` of the test would stop."""
        try:
            return super().ask(verb, number, name, words, named)
        except StopIteration as error:
            if (verb, name) == ("built", "next"):
                raise
            raise RuntimeError(f"the program raised {error!r}") from None

    def named(self, value: Any) -> Any:
        home, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
        if isinstance(home, str) and isinstance(name, str) and home in sys.stdlib_module_names:
            known = getattr(sys.modules.get(home), name, None)
            return ["g", home, name] if known is value else None
        return None

    def done(self, verb: str, thing: Any, name: str, words: Any) -> "tuple[Any, str]":
        own = [x for x in words[0] if verb == "op" and not self.by_value(x)]
        if not all(_open(verb, x, name) for x in (thing, *own)):
            if verb == "op" and name in ("eq", "ne"):
                return (words[0][0] is words[0][1]) is (name == "eq"), ""
            raise AttributeError(name)
        if name not in _ASKED.get(verb, (name,)):
            raise AttributeError(name)
        return super().done(verb, thing, name, words)


_ASKED = {  # the functions that the program may have applied to objects of the harness
    "built": ("iter", "next", "len", "str", "repr", "hash", "bool"),
    "op": tuple(OPERATORS),
}


def _open(verb: str, thing: Any, name: str) -> bool:
    """Whether the program may do this with an object of the harness."""
    case = getattr(sys.modules.get("unittest"), "TestCase", ())
    if verb in ("call", "built"):
        return not isinstance(thing, case)
    if verb == "get" and name in _TOLD:
        return isinstance(thing, FunctionType)
    if _is_mock(thing) and verb in ("get", "set"):
        return not name.startswith(("_", "assert")) and _is_free(name, verb)
    own = type(thing).__module__ == "test" and not isinstance(thing, case)
    seen = own or type(thing).__module__ in _SEEN
    return not name.startswith("_") and (seen if verb in ("get", "op") else own)


def _is_mock(thing: Any) -> bool:
    """Whether an object is one of `unittest.mock`, which a test hands to the program."""
    mock = sys.modules.get("unittest.mock")
    return mock is not None and isinstance(thing, mock.NonCallableMock)


def _is_free(name: str, verb: str) -> bool:
    """Whether a name of a mock is nothing by which the test sets it up, or learns of its calls."""
    mock = sys.modules["unittest.mock"]
    read = verb == "get" and name in ("return_value", "side_effect")
    return read or not (hasattr(mock.Mock, name) or name in _RECORDS)


def hold() -> None:
    """Run a test against the other side, and write the token after its last line."""
    job = json.load(sys.stdin)
    answer = os.dup(1)
    os.dup2(2, 1)
    module = ModuleType("test")
    scope = vars(module)
    link = HarnessEnd(scope)
    sys.modules["test"] = sys.modules["solution"] = module
    with Raised() as raised:
        exec(compile(job["prelude"], "prelude.py", "exec"), scope)
    if raised.error is not None:
        os.write(answer, f"{job['token']}0{raised.error!r}".encode())
        os._exit(0)
    own = frozenset(scope) - frozenset(job["names"])
    for name, kind, what in link.hear():
        if name not in own and (not hasattr(builtins, name) or name in job["names"]):
            scope.update(_offered(link, name, kind, what))
    for name in job["classes"]:
        if type(scope.get(name)) is Remote:
            scope[name].__dict__["_makes"] = scope[name].__dict__["_named"]
    given = dict(scope)
    exec(compile(job["source"], "test.py", "exec"), scope)
    _tried([x for n, x in scope.items() if given.get(n) is not x])
    os.write(answer, f"{job['token']}1".encode())
    os._exit(0)


def _offered(link: LinkEnd, name: str, kind: str, what: Any) -> "dict[str, Any]":
    """A name of the program in the test's scope.  Modules and library functions are our own."""
    if kind == "module":
        known = what == name and name in sys.stdlib_module_names
        return {name: importlib.import_module(name)} if known else {}
    if kind == "library" and what[0] in sys.stdlib_module_names:
        found = getattr(importlib.import_module(what[0]), name, None)
        return {} if found is None else {name: found}
    if kind == "error":
        known = known_error(link.scope, what[1:])
        return {name: type(name, (known,), {})}
    value = link.unpacked(what)
    if type(value) is Remote:  # of several names of a class, the one that makes nothing counts
        first = value.__dict__.setdefault("_named", kind == "class")
        value.__dict__["_named"] = first and name.lstrip("_")[:1].isupper()
    return {name: value}


def _tried(found: "list[Any]") -> None:
    """Run the test functions and test classes among these objects."""
    for thing in found:
        name = getattr(thing, "__name__", "") if type(thing) is not Remote else ""
        if isinstance(thing, FunctionType) and name.startswith("test") and not _needs(thing):
            _finished(thing())
        elif isinstance(thing, type) and thing.__module__ == "test":
            _classed(thing)


def _needs(function: FunctionType) -> bool:
    """Whether a test function takes arguments; the test calls it itself then."""
    words = inspect.signature(function).parameters.values()
    many = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return any(x.default is inspect.Parameter.empty and x.kind not in many for x in words)


def _finished(value: Any) -> None:
    if isinstance(value, CoroutineType):
        import asyncio

        asyncio.run(value)


def _classed(kind: type) -> None:
    """Run the test methods of a class: unittest's, or a plain one as pytest has them."""
    unittest = sys.modules.get("unittest")
    names = [name for name in dir(kind) if name.startswith("test")]
    if unittest is not None and issubclass(kind, unittest.TestCase):
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(kind)
        run = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
        if not run.wasSuccessful() or (names and len(run.skipped) == run.testsRun):
            said = [text for _, text in (*run.failures, *run.errors)] or ["skipped"]
            raise AssertionError(said[0])
    elif kind.__name__.startswith("Test"):
        for name in names:
            thing = kind()
            for before in ("setup_class", "setup_method"):
                _prepared(getattr(thing, before, None))
            _finished(getattr(thing, name)())


def _prepared(function: Any) -> None:
    """Call what pytest calls before a test, with as many arguments as it takes."""
    if function is not None:
        function(*[None] * (function.__code__.co_argcount - 1))
