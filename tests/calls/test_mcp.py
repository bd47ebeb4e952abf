"""Tools of an MCP server, with one of our own."""

import asyncio
import importlib.util
import sys
import time
from pathlib import Path

import pytest

from whet.calls.shipped.mcp_server import MCP, SharedMCP
from whet.calls.toolbox import Toolbox
from whet.types import Fault, Task, ToolCall, UsageError

SERVER = '''
import os, time
from typing import Literal
from pydantic import BaseModel
from mcp.server.mcpserver import MCPServer

server = MCPServer("own", log_level="CRITICAL")
count = 0

class Point(BaseModel):
    x: int
    y: int | None = None

@server.tool()
def add(point: Point, kind: Literal["sum", "pair"] = "sum") -> str:
    """Add up a point."""
    return f"{point.x + (point.y or 0)} {kind}"

@server.tool()
def counted() -> str:
    """Count the calls."""
    global count
    count += 1
    return str(count)

@server.tool()
def end() -> str:
    """End the server."""
    os._exit(1)

@server.tool()
def hang() -> str:
    """Take long."""
    time.sleep(60)
    return ""

server.run()
'''
TASK = Task(id="t", prompt="")


def test_a_missing_package_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setattr("whet.calls.shipped.mcp_server.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'whet\[mcp\]'"):
        MCP(command="server")


@pytest.fixture
def server(tmp_path):
    """Settings of a server that is started with this process's packages."""
    pytest.importorskip("mcp")
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    site = str(Path(importlib.util.find_spec("mcp").origin).parents[1])
    return MCP(
        command=sys.executable,
        args=(str(path),),
        environment=(("PYTHONPATH", site),),
        seconds=20,
    )


def answered(tools, *calls):
    async def play():
        async with Toolbox.open((tools,), TASK, 99) as box:
            told = []
            for name, arguments in calls:
                (message,) = await box.answer((ToolCall(name=name, arguments=arguments),))
                told.append(message["content"])
            return told, box

    return asyncio.run(play())


def test_schemas_reach_the_policy_unchanged_and_the_server_checks_arguments(server):
    (total, wrong, unknown, first, second), box = answered(
        server,
        ("add", {"point": {"x": 1, "y": 2}, "kind": "pair"}),
        ("add", {"point": {"x": "one"}}),
        ("subtract", {}),
        ("counted", {}),
        ("counted", {}),
    )
    assert total == "3 pair"
    assert wrong.startswith("error: ToolError: ") and "point.x" in wrong
    assert "no tool 'subtract'" in unknown
    assert (first, second) == ("1", "2")
    assert (box.failed_calls, box.bad_calls) == (1, 1)
    shown = box.schemas[0]["function"]
    assert shown["name"] == "add" and shown["description"] == "Add up a point."
    point = shown["parameters"]["$defs"]["Point"]["properties"]
    assert point["y"]["anyOf"] == [{"type": "integer"}, {"type": "null"}]


def test_a_server_that_dies_is_a_fault(server):
    with pytest.raises(Fault, match="MCP server"):
        answered(server, ("end", {}))


def test_a_call_that_takes_too_long_is_a_fault(server):
    begun = time.monotonic()
    with pytest.raises(Fault, match="hang"):
        answered(MCP(**{**fields(server), "seconds": 0.5}), ("hang", {}))
    assert time.monotonic() - begun < 60


def fields(server):
    return {name: getattr(server, name) for name in ("command", "args", "environment")}


def test_a_server_that_can_t_be_started_is_a_fault(server):
    with pytest.raises(Fault, match="can't be started"):
        answered(MCP(command="/nowhere/server"), ("add", {}))


def test_an_episode_has_a_server_of_its_own_unless_it_is_shared(server):
    async def counts(tools):
        async def play():
            async with Toolbox.open((tools,), TASK, 9) as box:
                (message,) = await box.answer((ToolCall(name="counted", arguments={}),))
                return message["content"]

        return [await play() for _ in range(2)]

    assert asyncio.run(counts(server)) == ["1", "1"]
    assert asyncio.run(counts(SharedMCP(server=server))) == ["1", "2"]


@pytest.mark.parametrize("seconds", [0.0, float("inf"), float("nan")])
def test_times_that_limit_nothing_are_refused(seconds):
    pytest.importorskip("mcp")
    with pytest.raises(UsageError, match="mcp.seconds"):
        MCP(command="server", seconds=seconds)
