"""Tools: typed functions, and classes whose public methods are tools of one episode."""

import inspect
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

from whet.calls.dataclass_arguments import taking_objects
from whet.calls.schemas import Schema, schema_of
from whet.types import Task, UsageError

_ENDINGS = ("close", "aclose")


class ToolError(Exception):
    """What a tool can't do, as the policy should read it: `error: ToolError: message`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the policy may call, sync or async.

    A call of more than `seconds` is a fault.  Of a longer result, the middle is left out.
    Arguments are checked against `parameters`, by default those of the schema that is shown.
    """

    name: str
    schema: Schema
    call: Callable[..., Any]
    seconds: float = 10.0  # wall time of a call
    most: int = 4000  # characters of a result
    parameters: Schema | None = None

    def __post_init__(self) -> None:
        if not 0 < self.seconds < inf:
            raise UsageError(f"tool {self.name}: seconds is {self.seconds}; give a finite time > 0")
        if self.most < 1:
            raise UsageError(f"tool {self.name}: most is {self.most}; give 1 or more characters")

    @property
    def checks(self) -> Schema:
        """The schema that arguments are checked against."""
        shown = self.schema["function"]["parameters"]
        return shown if self.parameters is None else self.parameters

    @classmethod
    def of(cls, function: Callable[..., Any], *, seconds: float = 10.0, most: int = 4000) -> "Tool":
        """A tool of a typed function with a docstring; see `schema_of`."""
        schema = schema_of(function)
        call = taking_objects(function)
        name = schema["function"]["name"]
        return cls(name=name, schema=schema, call=call, seconds=seconds, most=most)


class ToolSet(ABC):
    """Tools that need more than a function: a process, a folder, a server.

    A subclass is a frozen dataclass of settings; equal values share their places.
    """

    most: int  # episodes under way; others wait before they begin
    start_s: ClassVar[float] = 120.0  # wall time of opening; more is a fault

    @abstractmethod
    def schemas(self) -> tuple[Schema, ...]:
        """The schemas that are known before an episode; none if only a server knows them."""

    @abstractmethod
    def open(self, task: Task) -> AbstractAsyncContextManager[Sequence[Tool]]:
        """The tools of one episode.  Their calls run one after the other."""


Offered = Tool | ToolSet | type | Callable[..., Any]
"""A tool, a set of them, a function, or a class that is made for each episode."""


def tools_of(instance: object, *, seconds: float = 10.0, most: int = 4000) -> list[Tool]:
    """The public methods with a docstring, in order of definition, those of bases first.

    `close` and `aclose` are none: they are called at the end.  Raises `UsageError` for an object
    without such methods.
    """
    names = _methods(type(instance))
    return [Tool.of(getattr(instance, name), seconds=seconds, most=most) for name in names]


def schemas_of(tools: Sequence[Offered]) -> tuple[Schema, ...]:
    """The schemas that an episode with these tools shows; nothing is made or opened.

    Those of tools that only a server knows are left out.
    Raises `UsageError` for a tool that can't be described, and for two of one name.
    """
    found = [schema for one in tools for schema in _schemas(one)]
    check_names([schema["function"]["name"] for schema in found])
    return tuple(found)


def check_names(names: Sequence[str]) -> None:
    """Raise `UsageError` if a name occurs twice."""
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"tools has {name!r} twice; rename one of the functions")


def takes_task(kind: type) -> bool:
    """Whether a class is made with the task, rather than with nothing.

    It is where its constructor has a parameter `task`, or one that it requires.  Raises
    `UsageError` for a class that requires more.
    """
    empty = inspect.Parameter.empty
    parameters = [
        one for one in inspect.signature(kind).parameters.values() if one.kind not in _VARIADIC
    ]
    required = [one.name for one in parameters if one.default is empty]
    if len(required) > 1:
        raise UsageError(
            f"tool {kind.__name__} is made of {', '.join(required)}; let it take a task, or nothing"
        )
    return bool(required) or any(one.name == "task" for one in parameters)


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _schemas(one: Offered) -> Sequence[Schema]:
    if isinstance(one, Tool):
        return [one.schema]
    if isinstance(one, ToolSet):
        return one.schemas()
    if not isinstance(one, type):
        return [schema_of(one)]
    takes_task(one)
    return method_schemas(one)


def method_schemas(kind: type) -> tuple[Schema, ...]:
    """The schemas of the public methods of a class, which is not instantiated."""
    return tuple(schema_of(_bound(kind, name)) for name in _methods(kind))


def _methods(kind: type) -> list[str]:
    names = dict.fromkeys(name for base in reversed(kind.__mro__[:-1]) for name in vars(base))
    found = [name for name in names if name not in _ENDINGS and _is_offered(kind, name)]
    if not found:
        raise UsageError(
            f"tool {kind.__name__} has no public method with a docstring; document one, or give a "
            "function"
        )
    return found


def _is_offered(kind: type, name: str) -> bool:
    method = inspect.getattr_static(kind, name)
    is_method = inspect.isfunction(method) or isinstance(method, staticmethod | classmethod)
    return not name.startswith("_") and is_method and bool(inspect.getdoc(getattr(kind, name)))


def _bound(kind: type, name: str) -> Callable[..., Any]:
    """A method as an instance would have it, to be described and not called."""
    method = getattr(kind, name)
    is_plain = inspect.isfunction(inspect.getattr_static(kind, name))
    return types.MethodType(method, object()) if is_plain else method
