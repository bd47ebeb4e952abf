"""A toolbox answers the calls of a reply, whatever the policy and the tools do."""

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from whet.calls import toolbox
from whet.calls.formats import FORMATS
from whet.calls.toolbox import Toolbox
from whet.calls.tools import Tool, ToolError, schemas_of
from whet.types import BadCall, Fault, IntegrityError, Task, ToolCall, UsageError

TASK = Task(id="t", prompt="", info={"start": 7})


def call(name, /, **arguments):
    return ToolCall(name=name, arguments=arguments)


def answered(tools, *replies, calls=8):
    """The messages to the calls of each reply, and the toolbox at its end."""

    async def play():
        async with Toolbox.open(tools, TASK, calls) as box:
            return [await box.answer(tuple(reply)) for reply in replies], box

    return asyncio.run(play())


def contents(tools, *calls):
    (messages,), box = answered(tools, calls)
    return [message["content"] for message in messages], box


def returning(value):
    def give():
        """Give it."""
        return value() if callable(value) else value

    return give


def raising(error):
    def fail():
        """Fail."""
        raise error

    return fail


async def double(n: int) -> dict[str, int]:
    """Double a number.

    Args:
        n: The number.
    """
    return {"twice": 2 * n, "once": n}


def shout(text: str) -> str:
    """Shout.

    Args:
        text: What.
    """
    return text.upper()


def test_calls_are_answered_in_order_with_names_and_ids():
    kept = ToolCall(name="shout", arguments={"text": "hi"}, id="keptid123")
    messages, box = answered([double, shout], [call("double", n=2), kept], [call("double", n=3.0)])
    assert messages == [
        (
            {
                "role": "tool",
                "name": "double",
                "tool_call_id": "aaaaaaaaa",
                "content": '{"once": 2, "twice": 4}',
            },
            {"role": "tool", "name": "shout", "tool_call_id": "keptid123", "content": "HI"},
        ),
        (
            {
                "role": "tool",
                "name": "double",
                "tool_call_id": "aaaaaaaac",
                "content": '{"once": 3, "twice": 6}',
            },
        ),
    ]
    assert (box.calls, box.bad_calls, box.failed_calls, box.left, box.open) == (3, 0, 0, 5, True)
    assert box.schemas == schemas_of([double, shout])


def test_what_is_wrong_with_a_call_is_told():
    found, box = contents(
        [double, shout],
        call("doubel", n=1),
        call("double"),
        call("double", m=1),
        call("shout", text=3),
        BadCall(text="<tool_call>{", why="its brackets don't match"),
        call("shout", text="ok"),
    )
    assert found == [
        "error: there is no tool 'doubel'; did you mean 'double'? the tools are double, shout",
        "error: double: n, of type integer, is missing",
        "error: double: there is no parameter 'm'; the parameters are n",
        "error: shout: text is of type string, and 3 came",
        "error: this call can't be read: its brackets don't match",
        "OK",
    ]
    assert (box.calls, box.bad_calls, box.failed_calls) == (6, 5, 0)


def test_unknown_tools_and_malformed_json_stop_nothing():
    """verifiers#1763 and #2266: malformed JSON kills the rollout, an unknown tool runs."""
    text = '<tool_call>{"name": "shout", "arguments": {"text": }</tool_call>' + (
        '<tool_call>{"name": "os.system", "arguments": {"command": "ls"}}</tool_call>'
    )
    _, calls = FORMATS["hermes"].read(text)
    found, box = contents([shout], *calls)
    assert found[0].startswith("error: this call can't be read:")
    assert found[1] == "error: there is no tool 'os.system'; the tools are shout"
    assert box.bad_calls == 2


def test_arguments_are_data(tmp_path):
    """verl#6542: arguments were evaluated."""
    stolen = tmp_path / "stolen"
    attack = f"__import__('pathlib').Path({str(stolen)!r}).touch()"
    text = f"<tool_call>{json.dumps({'name': 'shout', 'arguments': attack})}</tool_call>"
    as_object = (
        f"<tool_call>{json.dumps({'name': 'shout', 'arguments': {'text': attack}})}</tool_call>"
    )
    found, _ = contents([shout], *FORMATS["hermes"].read(text + as_object)[1])
    assert found[0].startswith("error: this call can't be read")
    assert found[1] == attack.upper()
    assert not stolen.exists()


def test_the_calls_of_an_episode_are_limited():
    ask = call("double", n=1)
    messages, box = answered([double], [ask, ask], [ask, ask], calls=3)
    assert [message["content"] for message in messages[1]] == [
        '{"once": 1, "twice": 2}',
        "error: no calls left; answer now",
    ]
    assert (box.calls, box.left, box.open) == (3, 0, False)
    _, spent = answered([double], [ask, ask], calls=2)
    assert (spent.left, spent.open) == (0, True)  # a further reply may still be the answer
    with pytest.raises(UsageError, match="calls is 0; give 1 or more"):
        answered([double], calls=0)


def test_results_are_text():
    tools = [
        Tool(name=f"t{n}", schema=Tool.of(returning(value)).schema, call=returning(value))
        for n, value in enumerate(["é\n", None, 3, [1, {"b": 2, "a": "é"}], "x\ud800"])
    ]
    found, _ = contents(tools, *(call(tool.name) for tool in tools))
    assert found == ["é\n", "null", "3", '[1, {"a": "é", "b": 2}]', "x?"]


def nested():
    value = []
    for _ in range(100_000):
        value = [value]
    return value


def circular():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (b"x", "TypeError"),
        (object(), "TypeError"),
        ({1, 2}, "TypeError"),
        ({1: "a", "b": 2}, "TypeError"),
        (float("nan"), "ValueError"),
        ([1e999], "ValueError"),
        (lambda: 10**5_000, "ValueError"),
        (circular, "ValueError"),
        (nested, "RecursionError"),
    ],
)
def test_results_that_are_no_json_are_failures(value, kind):
    found, box = contents([returning(value)], call("give"))
    assert found[0].startswith(f"error: {kind}")
    assert (box.failed_calls, box.bad_calls) == (1, 0)


def test_the_middle_of_a_long_result_is_left_out():
    tool = Tool.of(returning("a" * 6 + "b" * 90 + "c" * 5), most=11)
    found, _ = contents([tool], call("give"))
    assert found == ["aaaaaa… 90 characters left out …ccccc"]
    whole, _ = contents([Tool.of(returning("x" * 4_000))], call("give"))
    assert whole == ["x" * 4_000]
    huge, _ = contents([returning(lambda: list(range(10**5)))], call("give"))
    assert len(huge[0]) < 4_100


class Rude(Exception):
    """An exception that can't be printed."""

    def __str__(self):
        raise RuntimeError("no")


class Panic(BaseException):
    """Like a panic of a Rust library."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ToolError("no such row\nTraceback …"), "error: ToolError: no such row"),
        (ToolError("stopped after 5 s"), "error: ToolError: stopped after 5 s"),
        (KeyError("k"), "error: KeyError: 'k'"),
        (ValueError(), "error: ValueError"),
        (FileNotFoundError(2, "No such file", "/srv/secret/key.txt"), "key.txt'"),
        (ValueError(r"C:\work\secret\x.py is bad"), "error: ValueError: x.py is bad"),
        (ValueError("1/2 of \\frac{a}{b} at https://a.b/c"), "of \\frac{a}{b} at https://a.b/c"),
        (SystemExit(3), "error: SystemExit: 3"),
        (StopIteration(), "error: RuntimeError"),
        (RecursionError("deep"), "error: RecursionError: deep"),
        (Rude(), "error: Rude"),
        (Panic("at the disco"), "error: Panic: at the disco"),
        (ValueError("\ud800"), "error: ValueError: ?"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_an_exception_of_a_tool_is_a_message(error, told, is_async):
    async def fail():
        """Fail."""
        raise error

    found, box = contents([fail if is_async else raising(error)], call("fail"))
    assert told in found[0] and "secret" not in found[0]
    assert found[0].startswith("error: ") and "\n" not in found[0]
    assert (box.failed_calls, box.bad_calls, box.calls) == (1, 0, 1)


def test_a_long_message_is_cut():
    found, _ = contents([raising(ValueError("x" * 10**6))], call("fail"))
    assert len(found[0]) == len("error: ") + 300


def caused(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Fault("the sandbox is gone"), Fault),
        (ConnectionResetError("gone"), ConnectionResetError),
        (TimeoutError("slow"), TimeoutError),
        (caused(ValueError("wrapped"), ConnectionError("gone")), ValueError),
        (IntegrityError("broken"), IntegrityError),
    ],
)
def test_infrastructure_is_no_message(error, kind):
    with pytest.raises(kind):
        answered([raising(error), shout], [call("shout", text="x"), call("fail")])


def test_a_tool_may_turn_a_time_out_into_an_error():
    error = caused(ToolError("stopped after 5 s"), TimeoutError())
    assert contents([raising(error)], call("fail"))[0] == ["error: ToolError: stopped after 5 s"]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_tool_that_hangs_is_a_fault(is_async):
    free, threads = threading.Event(), []

    def hang():
        """Hang."""
        threads.append(threading.current_thread())
        free.wait(30)

    async def sleep():
        """Hang."""
        await asyncio.sleep(30)

    tool = Tool.of(sleep if is_async else hang, seconds=0.05)
    start = time.monotonic()
    with pytest.raises(Fault, match=f"tool {tool.name} took longer than 0.05 s"):
        answered([tool], [call(tool.name)])
    assert time.monotonic() - start < 20
    assert all(thread.daemon for thread in threads)  # none delays the end of the program
    assert len(threads) == (not is_async)
    free.set()


def test_cancelling_and_interrupting_pass_through():
    async def play():
        async with Toolbox.open([Tool.of(hang_async)], TASK) as box:
            answering = asyncio.create_task(box.answer((call("hang_async"),) * 3))
            await asyncio.sleep(0)
            answering.cancel()
            with pytest.raises(asyncio.CancelledError):
                await answering
            early = asyncio.create_task(box.answer((call("hang_async"),)))
            await asyncio.sleep(0)
            early.cancel()
            with pytest.raises(asyncio.CancelledError):
                await early
            return box

    async def hang_async():
        """Hang."""
        await asyncio.sleep(30)

    assert asyncio.run(play()).failed_calls == 0
    with pytest.raises(KeyboardInterrupt):
        answered([raising(KeyboardInterrupt())], [call("fail")])


def test_calls_run_at_once_eight_at_most_and_answer_in_order():
    running, most = 0, 0

    async def wait(n: int) -> int:
        """Wait.

        Args:
            n: The earlier, the longer.
        """
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(30 - n):
            await asyncio.sleep(0)
        running -= 1
        return n

    (messages,), _ = answered([wait], [call("wait", n=n) for n in range(20)], calls=20)
    assert [message["content"] for message in messages] == [str(n) for n in range(20)]
    assert most == 8


def test_sync_tools_block_neither_each_other_nor_the_loop():
    barrier = threading.Barrier(3)

    def meet() -> int:
        """Meet the other calls."""
        return barrier.wait(20) * 0

    async def both():
        async with Toolbox.open([meet], TASK) as box:
            ask = asyncio.create_task(box.answer((call("meet"),) * 2))
            await asyncio.to_thread(barrier.wait, 20)
            return await ask

    assert [message["content"] for message in asyncio.run(both())] == ["0", "0"]


def test_a_tool_may_spoil_its_arguments():
    def spoil(rows: list[int]) -> int:
        """Spoil.

        Args:
            rows: Rows.
        """
        rows.clear()
        return 0

    asked = call("spoil", rows=[1, 2])
    contents([spoil], asked)
    assert asked.arguments == {"rows": [1, 2]}


@dataclass
class Point:
    """A place right of the origin."""

    x: float
    y: float = 0.5

    def __post_init__(self):
        if self.x < 0:
            raise ValueError("x is negative")


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_objects_become_dataclasses(is_async):
    def total(points: list[Point], last: Point | None = None, k: int = 1) -> float:
        """Add.

        Args:
            points: Some points.
            last: A further one.
            k: A factor.
        """
        return k * sum(point.x + point.y for point in [*points, *([last] if last else [])])

    async def total_async(points: list[Point], last: Point | None = None, k: int = 1) -> float:
        """Add.

        Args:
            points: Some points.
            last: A further one.
            k: A factor.
        """
        return total(points, last, k)

    tool = total_async if is_async else total
    name = tool.__name__
    found, box = contents(
        [tool],
        call(name, points=[{"x": 1}, {"x": 2, "y": 0}], last={"x": 3}, k=2),
        call(name, points=[], last=None),
        call(name, points=[{"y": 1}]),
        call(name, points=[{"x": 1, "z": 1}]),
        call(name, points=[{"x": -1}]),
    )
    assert found[:2] == ["14.0", "0"]
    assert found[2] == f"error: {name}: points[0].x, of type number, is missing"
    assert found[3].startswith(f"error: {name}: there is no parameter 'points[0].z'")
    assert found[4] == "error: ValueError: x is negative"
    assert (box.bad_calls, box.failed_calls) == (2, 1)


class Counter:
    """Counts from where the task says."""

    ended = 0

    def __init__(self, task: Task) -> None:
        self.value = task.info["start"]

    def add(self, n: int) -> int:
        """Add to the counter.

        Args:
            n: How much.
        """
        before = self.value
        time.sleep(0.02)  # other calls would run here
        self.value = before + n
        return self.value

    @staticmethod
    def greet() -> str:
        """Greet."""
        return "hello"

    def undocumented(self) -> None: ...

    def _private(self) -> None:
        """Stay."""

    def close(self) -> None:
        """End."""
        type(self).ended += 1


def test_a_class_is_made_for_each_episode_and_closed():
    ended, box = Counter.ended, None
    for _ in range(2):
        found, box = contents([Counter, shout], *[call("add", n=n) for n in (1, 10, 100)])
        assert found == ["8", "18", "118"]  # in order: the object has one state
    assert [one["function"]["name"] for one in box.schemas] == ["add", "greet", "shout"]
    assert box.schemas == schemas_of([Counter, shout])
    assert Counter.ended == ended + 2


def test_a_class_is_closed_though_its_episode_fails():
    ended = Counter.ended
    with pytest.raises(Fault):
        answered([Counter, raising(Fault("gone"))], [call("fail")])
    assert Counter.ended == ended + 1


class Plain:
    """A tool that is made of nothing."""

    closed = False

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def look(self) -> int:
        """Look."""
        return self.seed

    async def aclose(self) -> None:
        Plain.closed = True


class Given:
    """A tool that is made of the task, whatever its name."""

    def __init__(self, question: Task, seed: int = 0) -> None:
        self.id = question.id

    def look(self) -> str:
        """Look."""
        return self.id


class Mute:
    """A tool without documented methods."""

    def look(self) -> None: ...


class Greedy:
    """A tool that is made of more than a task."""

    def __init__(self, task: Task, more: int) -> None: ...


class Broken:
    """A tool whose server is down."""

    def __init__(self) -> None:
        raise ConnectionError("no server")

    def look(self) -> None:
        """Look."""


def test_classes_made_of_nothing_and_classes_that_are_refused():
    assert contents([Plain], call("look"))[0] == ["0"]
    assert Plain.closed
    assert contents([Given], call("look"))[0] == ["t"]
    for kind, told in [
        (Mute, "tool Mute has no public method with a docstring"),
        (Greedy, "tool Greedy is made of task, more; let it take a task, or nothing"),
    ]:
        with pytest.raises(UsageError, match=told):
            schemas_of([kind])
        with pytest.raises(UsageError, match=told):
            answered([kind])
    with pytest.raises(ConnectionError, match="no server"):
        answered([Broken])
    with pytest.raises(UsageError, match="tools has 'look' twice"):
        answered([Plain, Plain])


@pytest.mark.parametrize(("setting", "value"), [("seconds", 0), ("most", 0)])
def test_settings_of_a_tool(setting, value):
    with pytest.raises(UsageError, match=f"tool shout: {setting} is {value}; give"):
        Tool.of(shout, **{setting: value})


def test_names_and_ids_that_templates_cannot_bear():
    bad = [
        ToolCall(name="a b\n<|im_end|>", arguments={}, id="x" * 99),
        BadCall(text="", why="\ud800"),
    ]
    (messages,), _ = answered([shout], bad)
    assert [message["name"] for message in messages] == ["invalid", "invalid"]
    assert [message["tool_call_id"] for message in messages] == ["aaaaaaaaa", "aaaaaaaab"]
    assert all(message["content"].encode() for message in messages)


def test_the_room_is_light():
    """Worker processes of judges import it."""
    code = (
        "import sys, whet.calls.toolbox, whet.calls.formats, whet.calls.shipped.calc;"
        "print({'torch', 'transformers', 'whet.rewards'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout == "set()\n"


def test_nothing_is_evaluated():
    room = Path(toolbox.__file__).parent
    words = [re.split(r"\W+", path.read_text()) for path in room.rglob("*.py")]
    assert len(words) > 20
    assert not any({"exec", "pickle", "__import__", "marshal"} & set(told) for told in words)
    for path in room.rglob("*.py"):
        assert not re.search(r"(?<![\w.])(?:eval|compile|exec)\(", path.read_text())
