"""What every backend promises to those who run programs in it."""

import os
import pickle
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes import fake

from whet.sandbox import (
    Bubblewrap,
    Ending,
    Landlock,
    Limits,
    Program,
    ProgramResult,
    Safest,
    Sandbox,
    SandboxFault,
    Unsafe,
)
from whet.sandbox.interpreter import copied, interpreter
from whet.sandbox.safest import first
from whet.sandbox.slots import users
from whet.types import UsageError

SHORT = Limits(wall_s=0.5)


def backends():
    for backend in (Bubblewrap(), Landlock(), Unsafe()):
        why = backend.probe()
        marks = [pytest.mark.skip(reason=f"{backend}: {why}")] if why else []
        yield pytest.param(backend, marks=marks, id=type(backend).__name__)


@pytest.fixture(params=backends())
def sandbox(request):
    return request.param


def test_a_program_reads_and_says(sandbox):
    source = "import sys; print(input()[::-1]); print('é', file=sys.stderr); sys.exit(3)"
    done = sandbox.run(Program(source=source, stdin="olé".encode()), Limits())
    assert (done.ending, done.status) == (Ending.EXIT, 3)
    assert done.stdout.decode() == "élo\n" and done.stderr.decode() == "é\n"
    assert 0 < done.wall_s < Limits().wall_s and not done.well


def test_files_lie_beside_it(sandbox):
    files = {"data.txt": b"17", "part.py": b"def double(n): return 2 * n"}
    source = "import part; print(part.double(int(open('data.txt').read())))"
    assert sandbox.run(Program(source=source, files=files), Limits()).stdout == b"34\n"


def test_it_is_a_main_script_with_a_fixed_hash_seed_and_an_empty_environment(sandbox):
    source = "import os, sys; print(__name__, hash('whet'), sorted(os.environ), sys.argv)"
    said = {sandbox.run(Program(source=source), Limits()).stdout for _ in range(2)}
    assert len(said) == 1
    (line,) = said
    assert line.startswith(b"__main__") and b"PATH'" not in line.replace(b"LIBRARY_PATH'", b"")


def test_a_traceback_is_a_failure_of_the_program(sandbox):
    done = sandbox.run(Program(source="1 / 0"), Limits())
    assert done.status == 1 and b"ZeroDivisionError" in done.stderr and not done.well
    assert sandbox.run(Program(source="print("), Limits()).status == 1


def test_a_signal_is_told(sandbox):
    source = "import ctypes; ctypes.string_at(0)"
    assert sandbox.run(Program(source=source), Limits()).status == -11


def test_who_sleeps_is_killed_at_the_wall(sandbox):
    begun = time.monotonic()
    done = sandbox.run(Program(source="import time; print(1, flush=True); time.sleep(60)"), SHORT)
    assert done.ending is Ending.WALL and done.stdout == b"1\n"
    assert time.monotonic() - begun < 30


def test_who_computes_is_killed_by_the_kernel(sandbox):
    done = sandbox.run(Program(source="while True: pass"), Limits(wall_s=30, cpu_s=1))
    assert done.ending is Ending.CPU


def test_who_ignores_the_warning_is_killed_too():
    sandbox = Safest()
    if why := sandbox.probe():
        pytest.skip(why)
    source = "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    done = sandbox.run(Program(source=source), Limits(wall_s=30, cpu_s=1))
    assert not done.well and done.ending is not Ending.WALL


def test_who_says_too_much_is_killed(sandbox):
    done = sandbox.run(Program(source="while True: print('x' * 99)"), Limits(output=1000))
    assert done.ending is Ending.OUTPUT and len(done.stdout) == 1000


def test_memory_has_a_limit(sandbox):
    source = "held = bytearray(900 << 20)\nprint('much')\nmore = bytearray(900 << 20)"
    done = sandbox.run(Program(source=source), Limits())
    assert done.stdout == b"much\n" and b"MemoryError" in done.stderr


def test_threads_and_pipes_work(sandbox):
    source = (
        "from threading import Thread\nimport queue\nq = queue.Queue()\n"
        "t = Thread(target=lambda: q.put(42)); t.start(); t.join(); print(q.get())"
    )
    assert sandbox.run(Program(source=source), Limits()).stdout == b"42\n"


def test_two_programs_talk(sandbox):
    asks = "import os; os.write(3, b'ping'); print(os.read(3, 9).decode())"
    answers = "import os; os.write(3, os.read(3, 9)[::-1]); print(os.read(3, 9))"
    one, other = sandbox.pair(Program(source=asks), Program(source=answers), Limits())
    assert one.stdout == b"gnip\n" and other.stdout == b"b''\n"


def test_where_one_of_two_dies_the_other_hears_of_it(sandbox):
    listening = Program(source="import os; print(os.read(3, 9))")
    one, other = sandbox.pair(Program(source="import os; os._exit(7)"), listening, Limits())
    assert one.status == 7 and other.stdout == b"b''\n"


def test_many_threads_at_once_get_their_own_answers(sandbox):
    def answer(n):
        return sandbox.run(Program(source="print(int(input()) ** 2)", stdin=b"%d" % n), Limits())

    with ThreadPoolExecutor(8) as threads:
        said = [int(done.stdout) for done in threads.map(answer, range(16))]
    assert said == [n * n for n in range(16)]


def test_pairs_do_not_wait_for_each_other_for_ever(sandbox):
    program = Program(source="import os; os.write(3, b'x'); print(os.read(3, 1))")
    with ThreadPoolExecutor(6) as threads:
        both = threads.map(lambda _: sandbox.pair(program, program, Limits()), range(6))
        assert [done.stdout for pair in both for done in pair] == [b"b'x'\n"] * 12


def test_no_descriptor_is_left_open(sandbox):
    sandbox.run(Program(source=""), Limits())
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        sandbox.run(Program(source="", files={"a": b"1"}), Limits())
        sandbox.pair(Program(source=""), Program(source=""), Limits())
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_backend_is_a_value(sandbox):
    assert isinstance(sandbox, Sandbox)
    assert pickle.loads(pickle.dumps(sandbox)) == sandbox and hash(sandbox) == hash(sandbox)


def test_the_zygote_starts_again_where_it_was_killed():
    sandbox = Landlock()
    if why := sandbox.probe():
        pytest.skip(why)
    from whet.sandbox.landlock import _OPEN

    _OPEN[0].process.kill()
    _OPEN[0].process.wait()
    assert sandbox.run(Program(source="print(1)"), Limits()).stdout == b"1\n"


def test_the_zygote_outlives_the_thread_that_started_it():
    sandbox = Landlock()
    if why := sandbox.probe():
        pytest.skip(why)
    from whet.sandbox import landlock

    while landlock._OPEN:
        landlock._OPEN.pop().close()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(sandbox.run, Program(source=""), Limits()).result()
    process = landlock._OPEN[0].process
    time.sleep(0.1)
    assert process.poll() is None
    assert sandbox.run(Program(source="print(1)"), Limits()).stdout == b"1\n"
    assert landlock._OPEN[0].process is process


def test_the_first_that_works_is_chosen():
    broken, working = fake(Sandbox, probe=lambda: "no"), fake(Sandbox, probe=lambda: "")
    assert first((broken, working)) is working


def test_where_none_works_the_remedy_is_told_and_nothing_unsafe_is_run():
    broken = fake(Sandbox, probe=lambda: "no kernel")
    with pytest.raises(UsageError, match=r"\(FakeSandbox: no kernel; .*\); install") as caught:
        first((broken, broken))
    assert "\n" not in str(caught.value)


def test_the_safest_runs_programs_wherever_one_of_the_two_works():
    sandbox = Safest()
    if why := sandbox.probe():
        assert "install bubblewrap" in why
        with pytest.raises(UsageError):
            sandbox.run(Program(source=""), Limits())
    else:
        assert sandbox.run(Program(source="print(6 * 7)"), Limits()).stdout == b"42\n"


def test_bubblewrap_that_is_not_there_is_a_fault(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert Bubblewrap().probe() == "bwrap is not installed"
    with pytest.raises(SandboxFault, match="not installed"):
        Bubblewrap().run(Program(source=""), Limits())


@pytest.mark.parametrize(
    ("field", "value"),
    [("wall_s", 0), ("cpu_s", float("inf")), ("memory", 1 << 20), ("files", 1), ("processes", 0)],
)
def test_limits_that_limit_nothing_or_everything_are_refused(field, value):
    with pytest.raises(UsageError, match=rf"limits\.{field} is .*; give"):
        Limits(**{field: value})


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/b", "..", ""])
def test_files_elsewhere_are_refused(name):
    with pytest.raises(UsageError, match="plain names"):
        Program(source="", files={name: b""})


def test_an_outcome_is_well_where_it_ends_with_0():
    assert ProgramResult(ending=Ending.EXIT, status=0).well
    assert not ProgramResult(ending=Ending.WALL, status=0).well


def test_slots_of_root_have_users_of_their_own():
    with users(3, 2) as (one, other), users(3, 1) as (third,):
        if os.geteuid():
            assert one is other is third is None
        else:
            assert len({one, other, third}) == 3 and min(one, other, third) > 60_000


def test_a_copy_of_the_interpreter_runs_where_the_original_is_out_of_reach():
    made = copied(interpreter())
    assert os.stat(made.executable).st_mode & 0o005 == 0o005
    pid = os.posix_spawn(
        made.executable, [*made.command, "-c", "import heapq, ctypes, json"], made.environment
    )
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
