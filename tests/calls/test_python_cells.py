"""The tool `python`: an interpreter for each episode."""

import asyncio
import os
import signal

import pytest
from fakes import fake

from whet.calls.places import places
from whet.calls.shipped import asked_sessions
from whet.calls.shipped.python_cells import Python
from whet.calls.toolbox import Toolbox
from whet.calls.tools import schemas_of
from whet.sandbox import Safest
from whet.sandbox.messages import SessionLimits
from whet.sandbox.session import SessionSandbox
from whet.types import Fault, Task, ToolCall, UsageError

TASK = Task(id="t", prompt="", info={"files": {"data.csv": "1,2\n"}})
QUICK = Python(limits=SessionLimits(cpu_s=0.3, idle_s=0.3, output=100))
ANEW = "; the interpreter starts anew, without its names"

if why := Safest().probe():
    pytestmark = pytest.mark.skip(reason=why)


def call(code):
    return ToolCall(name="python", arguments={"code": code})


async def content(box, code):
    (message,) = await box.answer((call(code),))
    return message["content"]


def told(tools, *codes, task=TASK):
    async def play():
        async with Toolbox.open((tools,), task, 99) as box:
            return [await content(box, code) for code in codes]

    return asyncio.run(play())


def test_an_episode_keeps_its_names_and_the_next_one_has_none():
    assert told(QUICK, "x = 6", "x * 7") == ["(no output)", "42\n"]
    assert told(QUICK, "x") == ["line 1: x\nNameError: name 'x' is not defined\n"]


def test_the_files_of_the_task_lie_in_its_folder():
    assert told(QUICK, "open('data.csv').read()") == ["'1,2\\n'\n"]


def test_two_calls_of_one_reply_run_in_their_order():
    async def play():
        async with Toolbox.open((QUICK,), TASK, 9) as box:
            calls = (call("import time; time.sleep(0.1); x = 1"), call("x + 1"))
            return [message["content"] for message in await box.answer(calls)]

    assert asyncio.run(play()) == ["(no output)", "2\n"]


def test_what_stops_a_program_is_its_answer_and_no_failure():
    async def play():
        async with Toolbox.open((QUICK,), TASK, 99) as box:
            answers = [
                await content(box, code)
                for code in (
                    "x = 1\nprint('begun')\nwhile True: pass",
                    "import time; time.sleep(60)",
                    "import os; os._exit(3)",
                    "x",
                )
            ]
            return answers, box.failed_calls

    answers, failed = asyncio.run(play())
    assert answers == [
        f"begun\nerror: stopped after 0.3 s{ANEW}",
        f"error: stopped after 0.3 s of waiting{ANEW}",
        f"error: the interpreter ended{ANEW}",
        "line 1: x\nNameError: name 'x' is not defined\n",
    ]
    assert failed == 0


def test_a_call_is_never_run_twice():
    """A program that has changed something when it is stopped doesn't change it again."""
    code = "open('log', 'a').write('once ')\nwhile True: pass"
    answers = told(QUICK, code, "open('log').read()")
    if "PermissionError" in answers[1]:
        pytest.skip("programs can't write here")
    assert answers[1] == "'once '\n"


def test_the_middle_of_a_long_output_is_left_out_once():
    (answer,) = told(QUICK, "print('a' * 300 + 'z')")
    assert answer == f"{'a' * 50}… 202 characters left out …{'a' * 48}z\n"


def test_a_sandbox_that_dies_is_a_fault_and_at_the_last_instant_it_is_none():
    kept = []

    class Kept(asked_sessions.AskedSession):
        def _opened(self):
            kept.append(super()._opened())
            return kept[-1]

    async def play(*later):
        async with Toolbox.open((QUICK,), TASK, 9) as box:
            answers = [await content(box, "6 * 7")]
            os.kill(kept[-1]._supervised.pid, signal.SIGKILL)
            return answers + [await content(box, code) for code in later]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whet.calls.shipped.python_cells.AskedSession", Kept)
        assert asyncio.run(play()) == ["42\n"]
        with pytest.raises(Fault, match="ended"):
            asyncio.run(play("1"))


def test_a_play_that_is_cancelled_ends_its_program():
    async def play():
        async with Toolbox.open((Python(),), TASK, 9) as box:
            await content(box, "1")
            await content(box, "import time; time.sleep(60)")

    async def cancelled():
        running = asyncio.create_task(play())
        await asyncio.sleep(0.4)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    before = len(os.listdir("/proc/self/fd"))
    asyncio.run(cancelled())
    assert len(os.listdir("/proc/self/fd")) <= before


def test_no_more_episodes_than_places_and_the_others_wait():
    tool, under_way, most = Python(limits=QUICK.limits, most=2), 0, 0

    async def play(number):
        nonlocal under_way, most
        async with Toolbox.open((tool,), TASK, 9) as box:
            under_way += 1
            most = max(most, under_way)
            answer = await content(box, f"{number}")
            under_way -= 1
            return answer

    async def plays():
        return await asyncio.gather(*map(play, range(6)))

    assert asyncio.run(plays()) == [f"{n}\n" for n in range(6)]
    assert most == 2


def test_episodes_with_sets_in_any_order_don_t_wait_for_each_other():
    one, other = Python(limits=QUICK.limits, most=1), Python(most=1)

    async def play(sets):
        async with places(sets):
            await asyncio.sleep(0.01)
            return True

    async def plays():
        orders = [(one, other), (other, one), (one, one)] * 4
        return await asyncio.wait_for(asyncio.gather(*map(play, orders)), 20)

    assert asyncio.run(plays()) == [True] * 12


def test_where_no_sandbox_works_the_remedy_is_told():
    nowhere = fake(SessionSandbox, probe=lambda: "no sandbox works here; install bubblewrap")
    with pytest.raises(UsageError, match="install bubblewrap"):
        told(Python(sandbox=nowhere), "1")


def test_files_that_are_none_are_refused():
    for files in (["a"], {"a": 1}, {"../a": "x"}):
        with pytest.raises(UsageError, match="files"):
            told(QUICK, "1", task=Task(id="t", prompt="", info={"files": files}))


def test_its_schema_is_known_before_an_episode():
    (schema,) = schemas_of((Python(),))
    assert schema["function"]["name"] == "python"
    assert list(schema["function"]["parameters"]["properties"]) == ["code"]
    with pytest.raises(UsageError, match="most is 0"):
        Python(most=0)
