"""Tools by name, and search in a file of passages."""

import asyncio
import json

import pytest

from whet.calls.finding import SHIPPED, tools
from whet.calls.shipped.calc import calc
from whet.calls.shipped.lookup import Lookup
from whet.calls.shipped.search_file import SearchFile
from whet.calls.toolbox import Toolbox
from whet.calls.tools import schemas_of
from whet.types import Task, ToolCall, UsageError

TASK = Task(id="t", prompt="?")


def test_every_name_gives_a_tool_that_can_be_shown():
    for name in sorted(SHIPPED):
        assert schemas_of(tools((name,)))
    assert tools(("calc", "lookup")) == (calc, Lookup)


def test_a_function_of_a_file_is_a_tool(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        'def double(x: int) -> int:\n    """Double.\n\n    Args:\n        x: It.\n    """\n'
    )
    [schema] = schemas_of(tools((f"{file}:double",)))
    assert schema["function"]["name"] == "double"


@pytest.mark.parametrize("name", ["calculator", "mine.py", "", "nowhere.py:f"])
def test_an_unknown_tool_is_refused(name):
    with pytest.raises(UsageError, match="tools|nowhere"):
        tools((name,))


def test_a_name_that_the_file_lacks_is_refused(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("x = 1\n")
    for name in ("x", "y"):
        with pytest.raises(UsageError, match="no function of that name"):
            tools((f"{file}:{name}",))


def searched(file, query):
    async def ask():
        async with Toolbox.open((SearchFile(path=str(file)),), TASK, 4) as box:
            call = ToolCall(name="search", arguments={"query": query}, id="1")
            [message] = await box.answer((call,))
            return message["content"]

    return asyncio.run(ask())


def test_passages_of_a_file_are_found(tmp_path):
    pytest.importorskip("bm25s")
    file = tmp_path / "p.jsonl"
    rows = [{"title": "Kiru", "text": "a town"}, {"title": "Bado", "text": "lives in Kiru"}]
    file.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    assert searched(file, "lives").splitlines() == ["Bado: lives in Kiru"]


@pytest.mark.parametrize("line", ["{", "[]", '{"title": "a"}', '{"title": 1, "text": "b"}', "3"])
def test_a_row_without_title_and_text_is_refused_by_its_line(tmp_path, line):
    file = tmp_path / "p.jsonl"
    file.write_text('{"title": "a", "text": "b"}\n' + line)
    with pytest.raises(UsageError, match="line 2"):
        searched(file, "a")


def test_a_missing_file_of_passages_is_refused(tmp_path):
    with pytest.raises(UsageError, match="passages"):
        searched(tmp_path / "no.jsonl", "a")
