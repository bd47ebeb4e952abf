"""Schemas of functions: frozen ones per annotation, transformers' own, and refusals."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Optional

import pytest
from transformers.utils.chat_template_utils import get_json_schema

from whet.calls.docstrings import described
from whet.calls.schemas import schema_of
from whet.calls.tools import schemas_of
from whet.types import UsageError


@dataclass
class Point:
    """A dataclass with every sort of field."""

    x: float
    y: float = 0.0
    tags: list[str] = field(default_factory=list)
    hidden: int = field(default=0, init=False)


@dataclass
class Line:
    """A dataclass of dataclasses."""

    start: Point


def having(annotation, default=...):
    """A function with one parameter of this annotation."""

    def act(value):
        """Act on a value.

        Args:
            value: What it acts on.
        """

    act.__annotations__ = {"value": annotation}
    if default is not ...:
        act.__defaults__ = (default,)
    return act


SHAPES = [
    (str, {"type": "string"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (bool, {"type": "boolean"}),
    (dict, {"type": "object"}),
    (list[int], {"type": "array", "items": {"type": "integer"}}),
    (
        list[list[str]],
        {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
    ),
    (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
    (Literal["km", "mi"], {"type": "string", "enum": ["km", "mi"]}),
    (Literal[1, "a", None], {"type": ["integer", "string", "null"], "enum": [1, "a", None]}),
    (str | None, {"type": "string", "nullable": True}),
    (Optional[list[bool]], {"type": "array", "items": {"type": "boolean"}, "nullable": True}),  # noqa: UP045
]
POINT = {
    "type": "object",
    "properties": {
        "x": {"type": "number"},
        "y": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["x"],
}


@pytest.mark.parametrize(("annotation", "shape"), SHAPES)
def test_an_annotation_by_hand_and_by_transformers(annotation, shape):
    found = schema_of(having(annotation))
    assert found == {
        "type": "function",
        "function": {
            "name": "act",
            "description": "Act on a value.",
            "parameters": {
                "type": "object",
                "properties": {"value": {**shape, "description": "What it acts on."}},
                "required": ["value"],
            },
        },
    }
    assert list(found["function"]) == ["name", "description", "parameters"]
    assert found == get_json_schema(having(annotation))


@pytest.mark.parametrize(
    ("annotation", "shape"),
    [
        (Point, POINT),
        (list[Point], {"type": "array", "items": POINT}),
        (dict[str, Point], {"type": "object", "additionalProperties": POINT}),
        (Point | None, {**POINT, "nullable": True}),
    ],
)
def test_dataclasses_are_objects(annotation, shape):
    properties = schema_of(having(annotation))["function"]["parameters"]["properties"]
    assert properties["value"] == {**shape, "description": "What it acts on."}


async def search(query: str, k: int = 3, *, kinds: "list[str] | None" = None) -> Any:
    """Search the corpus.

    Longer words weigh more,
    as in bm25.

    Args:
        query: Words to look for,
            in any order: all count.

        k: How many hits.
        kinds: Of which kinds; all of them
          where it is left out.

    Returns:
        The hits.

    Raises:
        ToolError: Where the corpus is empty.
    """
    return query, k, kinds


def test_a_whole_function_as_transformers_has_it():
    found, theirs = schema_of(search), get_json_schema(search)
    theirs["function"].pop("return", None)  # templates don't show it
    assert found == theirs
    assert (
        found["function"]["description"]
        == "Search the corpus.\n\nLonger words weigh more,\nas in bm25."
    )
    parameters = found["function"]["parameters"]
    assert parameters["required"] == ["query"]
    assert parameters["properties"]["query"]["description"] == (
        "Words to look for, in any order: all count."
    )


def test_a_function_of_nothing():
    def now() -> str:
        """Tell the time."""
        return ""

    assert schema_of(now) == get_json_schema(now) | {
        "function": {
            "name": "now",
            "description": "Tell the time.",
            "parameters": {"type": "object", "properties": {}},
        }
    }


def test_entries_may_name_their_types():
    assert described("Act.\n\nArgs:\n  a (int, optional): One.\n  b: Two.\nReturns:\n  c: x") == (
        "Act.",
        {"a": "One.", "b": "Two."},
    )
    assert described("Args: are not a section here.")[1] == {}


@pytest.mark.parametrize(
    "annotation",
    [
        Any,
        object,
        list,
        tuple[int, int],
        set[str],
        bytes,
        complex,
        int | str,
        int | str | None,
        None,
        type(None),
        dict[int, str],
        list[Any],
        Literal[b"x"],
        Callable[[], int],
        Line,
        list[Line],
        "Nowhere",
        "1 +",
    ],
)
def test_other_annotations_are_refused(annotation):
    with pytest.raises(UsageError, match=r"tool act.*annotate with str, int, float"):
        schema_of(having(annotation))


def undocumented(value: int) -> int:
    return value


def undescribed(value: int) -> int:
    """Act."""
    return value


def unannotated(value):  # noqa: D417
    """Act.

    Args:
        value: What.
    """


def variadic(*values: int):
    """Act.

    Args:
        values: What.
    """


def keyed(**values: int):
    """Act.

    Args:
        values: What.
    """


def positional(value: int, /):
    """Act.

    Args:
        value: What.
    """


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (undocumented, "tool undocumented has no docstring; say what it does"),
        (undescribed, "tool undescribed, parameter value has no description; add one to Args:"),
        (unannotated, "tool unannotated, parameter value has no annotation; annotate"),
        (variadic, "tool variadic, parameter values is variadic positional; make it"),
        (keyed, "tool keyed, parameter values is variadic keyword; make it"),
        (positional, "tool positional, parameter value is positional-only; make it"),
        (lambda: 0, "has no plain name; give a function made with def"),
        (partial(search, k=1), "has no plain name"),
    ],
)
def test_what_cannot_be_a_tool(function, told):
    with pytest.raises(UsageError) as raised:
        schema_of(function)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_two_tools_of_one_name():
    with pytest.raises(UsageError, match="tools has 'search' twice"):
        schemas_of([search, search])
