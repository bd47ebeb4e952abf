"""Whatever happens inside a worker, the caller hears of it and the next call works."""

import ctypes
import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from subprocess import run

import pytest

from whet.sandbox.workers import Died, Failed, Workers
from whet.sandbox.workers.pool import _POOLS

ALONE = Workers(count=1, memory=1 << 30)
HASTY = replace(ALONE, limit_s=0.5)  # in the same process


def wait_gone(pid):
    """Until the process is no more; pytest's own limit is the patience."""
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)


def has(worker, name):
    return worker.call(eval, f"'{name}' in __import__('sys').modules")


@pytest.fixture(scope="module")
def worker():
    with ALONE as worker:
        yield worker


def test_a_value_comes_back(worker):
    assert worker.call(divmod, 17, 5) == (3, 2)


def test_a_worker_loads_no_torch(worker):
    from whet.rewards.adapters.script_calls import call
    from whet.rewards.verifiable.gym_scorers import harmless
    from whet.rewards.verifiable.math.symbolic import agree

    for function in (call, harmless, agree):
        assert worker.call(str, function)
    assert not has(worker, "torch")
    assert not has(worker, "whet.types")


def test_the_room_of_workers_and_sandboxes_loads_no_torch_by_itself():
    program = "import sys, whet.sandbox, whet.sandbox.workers; print('torch' in sys.modules)"
    done = run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_error_is_raised_again_and_says_where_it_came_from(worker):
    with pytest.raises(ZeroDivisionError) as caught:
        worker.call(divmod, 1, 0)
    assert "in a worker process" in caught.value.__notes__[0]


def test_an_error_that_cannot_travel_is_told(worker):
    with pytest.raises(Failed, match="JSONDecodeError: Expecting value"):
        worker.call(json.loads, "")
    assert worker.call(abs, -1) == 1


def test_a_value_that_cannot_travel_is_an_error(worker):
    with pytest.raises(Failed, match="PicklingError"):
        worker.call(eval, "lambda: 0")


def test_what_hangs_is_killed(worker):
    pid = worker.call(os.getpid)
    with pytest.raises(TimeoutError, match=r"sleep was killed after 0\.5 s"):
        HASTY.call(time.sleep, 60)
    wait_gone(pid)
    assert worker.call(os.getpid) != pid


def test_what_hangs_in_c_is_killed_too(worker):
    assert worker.call(abs, -1) == 1
    with pytest.raises(TimeoutError):
        HASTY.call(eval, "9**9**9**9")


@pytest.mark.parametrize(
    "crash", [(os._exit, 3), (os.kill, 0, signal.SIGKILL), (ctypes.string_at, 0)]
)
def test_who_dies_is_replaced(worker, crash):
    function, *arguments = crash
    if function is os.kill:
        arguments[0] = worker.call(os.getpid)
    with pytest.raises(Died, match="a worker process died"):
        worker.call(function, *arguments)
    assert worker.call(abs, -1) == 1


def test_who_dies_while_idle_is_replaced(worker):
    pid = worker.call(os.getpid)
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)
    time.sleep(0.3)
    assert worker.call(os.getpid) != pid


def test_memory_has_a_limit(worker):
    with pytest.raises(MemoryError):
        worker.call(bytearray, 2 << 30)


def test_many_threads_at_once_get_their_own_answers():
    with Workers(count=2, memory=1 << 30) as workers, ThreadPoolExecutor(16) as threads:
        answers = threads.map(lambda n: workers.call(divmod, n, 7), range(200))
        assert list(answers) == [divmod(n, 7) for n in range(200)]


def test_nothing_is_left_after_closing():
    workers = Workers(count=2, memory=1 << 29)
    pids = {workers.call(os.getpid) for _ in range(20)}
    assert workers in _POOLS
    workers.close()
    assert workers not in _POOLS
    for pid in pids:
        wait_gone(pid)
    assert workers.call(abs, -1) == 1
    workers.close()


def test_only_so_many_pools_are_open_at_once():
    before = [Workers(count=1, memory=(1 << 30) + n) for n in range(9)]
    assert [workers.call(abs, -1) for workers in before] == [1] * 9
    assert before[0] not in _POOLS and before[-1] in _POOLS
    assert before[0].call(abs, -1) == 1
    for workers in before:
        workers.close()


def test_equal_workers_share_their_processes():
    with Workers(count=1, memory=1 << 28) as one:
        assert one.call(os.getpid) == Workers(count=1, memory=1 << 28, limit_s=9).call(os.getpid)


SCRIPT = """
import os, sys
print("main", flush=True)
from whet.sandbox.workers import Workers
pid = Workers(count=1).call(os.getpid)
Workers(count=1).call(print, "from the worker")
print(pid, flush=True)
if sys.argv[1] == "die":
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("end", ["leave", "die"])
def test_a_script_needs_no_guard_and_leaves_nothing_behind(tmp_path, end):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    done = run([sys.executable, path, end], capture_output=True, text=True, check=False)
    assert done.stdout.split()[0] == "main" and done.stdout.count("main") == 1
    assert "from the worker" in done.stderr
    wait_gone(int(done.stdout.split()[1]))
