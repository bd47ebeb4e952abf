"""The tests of a task, read from its `info["tests"]`."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol, runtime_checkable

from whet.rewards.verifiable.code.asserting import meant
from whet.rewards.verifiable.code.class_names import class_names
from whet.rewards.verifiable.code.compare import equal_value, same_text, same_value
from whet.rewards.verifiable.code.guests import CALL, CHECK, COMPILE
from whet.rewards.verifiable.code.reach import reachable
from whet.rewards.verifiable.code.sources import Unusable, careful, parsed
from whet.sandbox import Ending, Limits, Program, ProgramResult, Sandbox

_OURS = re.compile(r"^from whet\..*\n", re.MULTILINE)
_PARTS = (Path(__file__).with_name(f"{name}.py").read_text() for name in ("remote", "link", "ends"))
_LINK = "\n".join(_OURS.sub("", part) for part in _PARTS)
_BRIEF = 60  # characters of an expectation
_FUTURE = re.compile(r"^from __future__ import .*$\n?", re.MULTILINE)
_SOLUTION = re.compile(r"^class Solution\b", re.MULTILINE)
_TYPING = "from typing import *\n"
_LEETCODE = """import bisect, collections, functools, heapq, itertools, math, operator, random
import re, string
from bisect import bisect_left, bisect_right, insort
from collections import *
from functools import *
from heapq import *
from itertools import *
from math import ceil, comb, floor, gcd, inf, isqrt, lcm, log, log2, sqrt
"""


@runtime_checkable
class SuiteCase(Protocol):
    """One test of a program."""

    @property
    def expected(self) -> str:
        """A short form of the expected result; tests with equal ones form a class."""
        ...

    def run(self, code: str, sandbox: Sandbox, limits: Limits) -> tuple[bool, ProgramResult]:
        """Whether the program passes, and the outcome of its run."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """An input on stdin and the expected output on stdout."""

    given: str
    expected: str
    checker: str = ""  # source of a function `check(input, output, expected)`

    def run(self, code: str, sandbox: Sandbox, limits: Limits) -> tuple[bool, ProgramResult]:
        """Runs the program as a script."""
        outcome = sandbox.run(Program(source=code, stdin=_bytes(self.given)), limits)
        if not outcome.well:
            return False, outcome
        said = outcome.stdout.decode(errors="replace")
        if not self.checker:
            return same_text(self.expected, said), outcome
        return self._accepted(said, sandbox), outcome

    def _accepted(self, said: str, sandbox: Sandbox) -> bool:
        """Whether the checker accepts an output; one that it can't read is wrong.

        Raises `Unusable` if it doesn't accept the expected output either.
        """
        token = token_hex(16)
        job = {"input": self.given, "output": said, "expected": self.expected, "token": token}
        files, stdin = {"checker.py": self.checker.encode()}, json.dumps(job).encode()
        outcome = sandbox.run(Program(source=CHECK, stdin=stdin, files=files), Limits())
        told = outcome.stdout.decode(errors="replace")
        if not told.startswith(f"{token}1"):
            raise Unusable(f"the checker doesn't accept the expected output: {_end(outcome)}")
        return told == f"{token}11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """The arguments of a function, and the expected value."""

    name: str
    arguments: tuple[Any, ...]
    value: Any
    same: Callable[[Any, Any], bool] = same_value  # whether a returned value is the expected one

    @property
    def expected(self) -> str:
        return json.dumps(self.value, sort_keys=True)

    def run(self, code: str, sandbox: Sandbox, limits: Limits) -> tuple[bool, ProgramResult]:
        """Passes the arguments only; the value is compared in this process."""
        job = json.dumps({"name": self.name, "arguments": self.arguments}).encode()
        files = {"solution.py": _bytes(code)}
        outcome = sandbox.run(Program(source=CALL, stdin=job, files=files), limits)
        if not outcome.well:
            return False, outcome
        try:
            value = json.loads(outcome.stdout)
        except (ValueError, RecursionError):
            return False, outcome
        return self.same(self.value, value), outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """Source with assertions, which runs apart from the tested program."""

    source: str
    expected: str = ""
    prelude: str = ""  # source that stands in front of the program, which the test may use
    names: tuple[str, ...] = ()  # that the program is asked to define, though they exist
    classes: tuple[str, ...] = ()  # names that the tests use as classes

    def run(self, code: str, sandbox: Sandbox, limits: Limits) -> tuple[bool, ProgramResult]:
        """Runs program and assertions in two linked sandboxes."""
        token = token_hex(16)
        job = {"source": self.source, "prelude": self.prelude, "token": token}
        job |= {"names": self.names, "classes": self.classes}
        tested = Program(source=f"{_LINK}\nserve()\n", files={"solution.py": _bytes(code)})
        harness = Program(source=f"{_LINK}\nhold()\n", stdin=json.dumps(job).encode())
        program, told = sandbox.pair(tested, harness, limits)
        said = told.stdout.decode(errors="replace")
        if told.ending is Ending.EXIT and said.startswith(f"{token}0"):
            raise Unusable(f"the prelude fails: {said[len(token) + 1 :][:_BRIEF]}")
        passed = told.well and said == f"{token}1"
        return passed, told if passed or program.ending is Ending.EXIT else program


def compiles(code: str, sandbox: Sandbox) -> bool:
    """Whether the text compiles as Python; one that ends the compiler does not."""
    token = token_hex(16)
    job = json.dumps({"source": code, "token": token}).encode()
    return sandbox.run(Program(source=COMPILE, stdin=job), Limits()).stdout == f"{token}1".encode()


def begun(tests: Mapping[str, Any], code: str) -> str:
    """The program after the source that the tests put in front of it.

    Where functions are tested, the names of `typing` are there, which the heads of functions use,
    and for a `class Solution` those that LeetCode imports.  Imports from `__future__` stay first,
    as Python wants them.
    """
    before = str(tests.get("prelude") or "")
    if tests.get("kind") in ("call", "assert"):
        before = _TYPING + (_LEETCODE if _SOLUTION.search(code) else "") + before
    if not before:
        return code
    return f"{''.join(_FUTURE.findall(code))}{before}\n{_FUTURE.sub('', code)}"


def cases(tests: object) -> tuple[SuiteCase, ...]:
    """The tests of a task.  Raises `Unusable` where they cannot be read."""
    if not isinstance(tests, Mapping):
        raise Unusable("the task has no info['tests']")
    kind = tests.get("kind")
    if kind not in _READERS:
        raise Unusable(f"tests.kind is {kind!r}; give one of {', '.join(_READERS)}")
    parsed(str(tests.get("prelude") or ""), "tests.prelude")
    found = tuple(_READERS[kind](tests))
    if not found:
        raise Unusable("there is no test among the tests")
    return found


def _printed(tests: Mapping[str, Any]) -> list[SuiteCase]:
    checker = careful(str(tests.get("checker") or ""))
    inputs, outputs = _paired(tests)
    if outputs and not checker and not any(_text(output).strip() for output in outputs):
        raise Unusable("all outputs of the tests are blank")
    pairs = zip(inputs, outputs, strict=True)
    return [Printed(given=_text(i), expected=_text(o), checker=checker) for i, o in pairs]


def _called(tests: Mapping[str, Any]) -> list[SuiteCase]:
    name = tests.get("fn_name")
    if not isinstance(name, str) or not name.isidentifier():
        raise Unusable(f"tests.fn_name is {name!r}; give the function's name")
    found: list[SuiteCase] = []
    values = _paired(tests)[1]
    wrapped = all(isinstance(value, list) and len(value) == 1 for value in values)
    for given, value in zip(*_paired(tests), strict=True):
        arguments, same = given, same_value if wrapped else equal_value
        if isinstance(given, str):  # one argument of JSON on each line
            arguments = [_decoded(line) for line in given.split("\n") if line.strip()]
            value, same = _decoded(value), equal_value
        value, plain = (_decoded(json.dumps(x)) for x in (value, list(arguments)))
        found.append(Called(name=name, arguments=tuple(plain), value=value, same=same))
    return found


def _asserted(tests: Mapping[str, Any]) -> list[SuiteCase]:
    sources = tests.get("asserts")
    if not isinstance(sources, Sequence) or isinstance(sources, str):
        raise Unusable("tests.asserts is no list; give a list of sources with assertions")
    setup, names = str(tests.get("setup") or ""), tuple(map(str, tests.get("names") or ()))
    entry = str(tests.get("entry_point") or (names[0] if len(names) == 1 else ""))
    prelude = str(tests.get("prelude") or "")
    names = (*names, entry)
    found: list[Asserted] = []
    for source in sources:
        text, asserts = meant(str(source), setup, entry)
        reachable(text, prelude)
        if asserts:
            found.append(Asserted(source=text, prelude=prelude, names=names))
        else:
            setup = text  # a step on the way to the next ones
    if sources and not found:
        raise Unusable(f"the tests assert nothing: {setup.strip()[:_BRIEF]!r}")
    classes = tuple(sorted({name for case in found for name in class_names(case.source)}))
    return [replace(case, classes=classes) for case in found]


_READERS: dict[str, Callable[[Mapping[str, Any]], list[SuiteCase]]]
_READERS = {"stdin": _printed, "call": _called, "assert": _asserted}


def _paired(tests: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    inputs, outputs = list(tests.get("inputs") or ()), list(tests.get("outputs") or ())
    if len(inputs) != len(outputs):
        raise Unusable(f"tests have {len(inputs)} inputs and {len(outputs)} outputs")
    return inputs, outputs


def _text(lines: object) -> str:
    """A text, or a list of lines as some data sets have it."""
    return "\n".join(map(str, lines)) if isinstance(lines, (list, tuple)) else str(lines)


def _decoded(text: object) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise Unusable(f"a test's {text[:_BRIEF]!r} is no JSON") from None


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _end(outcome: ProgramResult) -> str:
    """The last words of one of our programs."""
    return outcome.stderr.decode(errors="replace").strip()[-_BRIEF:]
