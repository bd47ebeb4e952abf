"""Sessions: what they keep, where they stop, and that nothing is left of them."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from whet.sandbox import Bubblewrap, Landlock, Safest, SandboxFault, Unsafe
from whet.sandbox.interpreter import interpreter
from whet.sandbox.messages import Cell, SessionFolder, SessionLimits, SessionScript, StopReason
from whet.sandbox.metering import Account, Usage
from whet.sandbox.output_window import OutputWindow
from whet.sandbox.session import SandboxSession, SessionSandbox
from whet.types import UsageError

SOURCE = Path(__file__).parents[2] / "src"
NOBODY = 65_532
QUICK = SessionLimits(cpu_s=0.3, idle_s=0.3)
FILES = SessionFolder(files={"a.txt": "alpha\n", "b/c.txt": "olé"}, locked=frozenset({"b/c.txt"}))


@pytest.fixture(params=[Bubblewrap(), Landlock()], ids=lambda s: type(s).__name__)
def sandbox(request):
    if why := request.param.probe():
        pytest.skip(why)
    return request.param


def asked(session, message):
    session.say(Cell(source=message) if isinstance(message, str) else message)
    return session.hear()


def said(session, source):
    heard = asked(session, source)
    assert heard.stop is StopReason.DONE, heard
    return heard.output


def living():
    """The processes of this machine that are no zombies."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if ") Z " not in place.joinpath("stat").read_text():
                found.add(int(place.name))
    return found


def below(pid):
    """The living descendants of a process."""
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in map(int, (task / "children").read_text().split()):
            yield child
            yield from below(child)


def test_names_are_kept_and_the_last_value_is_shown(sandbox):
    with sandbox.open(SessionLimits(), SessionFolder()) as session:
        assert said(session, "x = 20\ndef double(n): return 2 * n") == ""
        assert said(session, "print('twice'); double(x) + 2") == "twice\n42\n"
        assert said(session, "None") == ""


def test_an_exception_is_told_in_two_lines_and_loses_nothing(sandbox):
    with sandbox.open(SessionLimits(), SessionFolder()) as session:
        told = said(session, "kept = 1\nprint('before')\nint('one')")
        error = "ValueError: invalid literal for int() with base 10: 'one'"
        assert told == f"before\nline 3: int('one')\n{error}\n"
        told = said(session, "def f():\n    return 1 / 0")
        assert said(session, "f()") == "line 1: f()\nZeroDivisionError: division by zero\n"
        assert said(session, "if:").startswith("line 1: if:\nSyntaxError")
        assert said(session, "kept") == "1\n"


def test_hashes_and_random_numbers_repeat_and_nothing_else_is_in_the_environment(sandbox):
    told = set()
    for _ in range(2):
        with sandbox.open(SessionLimits(), SessionFolder()) as session:
            told.add(said(session, "import random\nprint(hash('whet'), random.random(), __name__)"))
    assert len(told) == 1 and next(iter(told)).endswith("__main__\n")


def test_files_lie_in_the_folder_and_locked_ones_stay(sandbox):
    with sandbox.open(SessionLimits(), FILES) as session:
        assert said(session, "open('a.txt').read(), open('b/c.txt').read()") == (
            "('alpha\\n', 'olé')\n"
        )
        for attempt in ("open('b/c.txt', 'w')", "import os; os.unlink('b/c.txt')"):
            assert "OSError" in said(session, attempt) or "PermissionError" in said(
                session, attempt
            )
        assert said(session, "open('b/c.txt').read()") == "'olé'\n"


def test_a_folder_outlives_its_interpreter(sandbox):
    if isinstance(sandbox, Landlock) and os.geteuid():
        pytest.skip("an ordinary user's programs can't write behind Landlock")
    with sandbox.open(SessionLimits(), SessionFolder()) as session:
        count = "import os\nopen('log', 'a').write('once ')\nos._exit(1)"
        assert asked(session, count).stop is StopReason.ENDED
        assert said(session, "open('log').read()") == "'once '\n"  # and it was not run again
        assert "NameError" in said(session, "os")


def test_a_script_has_a_process_of_its_own_and_tells_its_status(sandbox):
    with sandbox.open(QUICK, SessionFolder()) as session:
        said(session, "x = 1")
        heard = asked(
            session, SessionScript(source="print(arguments['n'] * 2)", arguments={"n": 21})
        )
        assert (heard.stop, heard.output, heard.status) == (StopReason.DONE, "42\n", 0)
        heard = asked(session, SessionScript(source="print(x)"))
        assert heard.status == 1 and "NameError" in heard.output
        assert asked(session, SessionScript(source="while True: pass")).stop is StopReason.CPU
        assert (
            asked(session, SessionScript(source="import os; os.kill(os.getpid(), 9)")).status == -9
        )


def test_many_sessions_at_once_answer_for_themselves(sandbox):
    def play(number):
        with sandbox.open(SessionLimits(), SessionFolder()) as session:
            said(session, f"x = {number}")
            return [said(session, "x = x + 10\nx") for _ in range(2)]

    with ThreadPoolExecutor(6) as threads:
        told = list(threads.map(play, range(6)))
    assert told == [[f"{n + 10}\n", f"{n + 20}\n"] for n in range(6)]


def test_the_folder_of_another_session_is_out_of_reach(sandbox):
    secret = SessionFolder(files={"secret": "of another"})
    look = (
        "import os\nfound = []\nfor folder, inner, names in os.walk('/'):\n"
        "  inner[:] = [one for one in inner if one not in ('usr', 'lib', 'lib64')]\n"
        "  if 'secret' in names: found.append(folder)\nfound"
    )
    with (
        sandbox.open(SessionLimits(), secret) as other,
        sandbox.open(SessionLimits(cpu_s=60, idle_s=60), SessionFolder()) as session,
    ):
        place = json.dumps(f"/proc/{other._supervised.pid}/cwd/secret")
        assert said(session, look) == "[]\n"
        assert "Error" in said(session, f"open({place})")
        assert "of another" in said(other, "open('secret').read()")


def test_no_process_descriptor_or_folder_is_left(sandbox):
    with sandbox.open(SessionLimits(), SessionFolder()) as session:
        said(session, "1")
    files = len(os.listdir("/proc/self/fd"))
    folders = set(os.listdir(tempfile.gettempdir()))
    before = set(below(os.getpid()))
    for _ in range(2):
        session = sandbox.open(SessionLimits(), FILES)
        said(session, "import threading, time")
        session.say(Cell(source="threading.Thread(target=time.sleep, args=(60,)).start()"))
        session.kill()
        session.kill()
    patience = time.monotonic() + 20
    while set(below(os.getpid())) - before and time.monotonic() < patience:
        time.sleep(0.01)  # a process closes its files a moment before it is gone
    assert set(below(os.getpid())) <= before
    assert len(os.listdir("/proc/self/fd")) == files
    new = set(os.listdir(tempfile.gettempdir())) - folders
    assert not [name for name in new if name.startswith("whet-sandbox")]


def test_a_session_that_waits_can_be_killed_from_another_thread(sandbox):
    session = sandbox.open(SessionLimits(), SessionFolder())
    session.say(Cell(source="import time; time.sleep(60)"))
    timer = threading.Timer(0.2, session.kill)
    timer.start()
    with pytest.raises(SandboxFault, match="closed|ended"):
        session.hear()
    timer.join()
    with pytest.raises(SandboxFault, match="closed"):
        session.say(Cell(source="1"))


def test_how_it_ended_can_be_asked_after_the_end(sandbox):
    session = sandbox.open(SessionLimits(), SessionFolder())
    session.kill()
    assert re.search("ended with|killed", session._supervised.why())


def test_a_supervisor_that_was_killed_is_a_fault_and_closing_is_none(sandbox):
    """A sandbox that dies at the last instant: the call is a fault, what was answered stays."""
    session = sandbox.open(SessionLimits(), SessionFolder())
    assert said(session, "6 * 7") == "42\n"
    os.kill(session._supervised.pid, signal.SIGKILL)
    with pytest.raises(SandboxFault, match="ended"):
        asked(session, "6 * 7")
    session.kill()


def test_a_session_outlives_the_thread_that_opened_it(sandbox):
    with ThreadPoolExecutor(1) as thread:
        session = thread.submit(sandbox.open, SessionLimits(), SessionFolder()).result()
    time.sleep(0.1)
    with session:
        assert said(session, "1") == "1\n"


PARENT = """
import os, signal, sys, time
from whet.sandbox import Bubblewrap, Landlock
from whet.sandbox.messages import Cell, SessionFolder, SessionLimits
sandbox = {"Bubblewrap": Bubblewrap(), "Landlock": Landlock()}[sys.argv[1]]
session = sandbox.open(SessionLimits(), SessionFolder())
if sys.argv[2] == "fork":
    fork = os.fork()
    if fork == 0:
        time.sleep(60)
        os._exit(0)
    print(fork, flush=True)
session.say(Cell(source="while True: pass  # MARK" ))
print("ready", flush=True)
try:
    session.hear()
finally:
    print("unwound", flush=True)
"""


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_session_ends_with_its_parent(sandbox, way, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-c", PARENT, type(sandbox).__name__, "plain"]
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout.readline() == b"ready\n"
        ours = set(below(parent.pid))
        assert len(ours) >= 2
        parent.send_signal(way)
    patience = time.monotonic() + 20
    while (left := ours & living()) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not left
    while (folders := list(tmp_path.iterdir())) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not folders


def test_a_fork_of_the_parent_keeps_no_session_alive(sandbox):
    """A supervisor sees that its line is closed, which a fork must not hold open."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    words = [sys.executable, "-c", PARENT, type(sandbox).__name__, "fork"]
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        fork = int(parent.stdout.readline())
        assert parent.stdout.readline() == b"ready\n"
        ours = set(below(parent.pid)) - {fork}
        assert len(ours) >= 2
        parent.kill()
        parent.wait()
        patience = time.monotonic() + 20
        while (left := ours & living()) and time.monotonic() < patience:
            time.sleep(0.02)
        assert not left and fork in living()
        os.kill(fork, signal.SIGKILL)


def test_a_dead_bwrap_or_none_is_a_fault(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxFault, match="not installed"):
        Bubblewrap().open(SessionLimits(), SessionFolder())


def test_a_bwrap_that_fails_is_a_fault_that_says_why(tmp_path, monkeypatch):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho no namespaces for you >&2\nexit 1\n")
    tmp_path.chmod(0o755)
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    descriptors = len(os.listdir("/proc/self/fd"))
    with pytest.raises(SandboxFault, match="bwrap"):
        Bubblewrap().open(SessionLimits(), SessionFolder())
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_the_safest_opens_sessions():
    if why := Safest().probe():
        with pytest.raises(UsageError, match="install bubblewrap"):
            Safest().open(SessionLimits(), SessionFolder())
        pytest.skip(why)
    with Safest().open(SessionLimits(), SessionFolder()) as session:
        assert isinstance(session, SandboxSession) and isinstance(Safest(), SessionSandbox)
        assert said(session, "1 + 1") == "2\n"


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
@pytest.mark.parametrize("name", ["cpu_s", "idle_s", "wall_s"])
def test_limits_that_limit_nothing_or_everything_are_refused(name, value):
    with pytest.raises(UsageError, match=rf"limits\.{name} is .*; give"):
        SessionLimits(**{name: value})


@pytest.mark.parametrize("name", ["memory", "output", "written", "entries", "processes"])
def test_counts_have_a_least_value(name):
    with pytest.raises(UsageError, match=rf"limits\.{name} is 0; give"):
        SessionLimits(**{name: 0})


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../b", "a//b", "./a", "", "a\0b", "a/"])
def test_files_outside_of_the_folder_are_refused(name):
    with pytest.raises(UsageError, match=r"folder\.files"):
        SessionFolder(files={name: ""})


def test_locked_files_are_files_of_the_folder():
    with pytest.raises(UsageError, match=r"folder\.locked"):
        SessionFolder(files={"a": ""}, locked=frozenset({"b"}))


def test_messages_take_turns(sandbox):
    with sandbox.open(SessionLimits(), SessionFolder()) as session:
        with pytest.raises(RuntimeError, match="say one first"):
            session.hear()
        session.say(Cell(source="1"))
        with pytest.raises(RuntimeError, match="hear its answer first"):
            session.say(Cell(source="2"))
        assert session.hear().output == "1\n"


def sampled(limits, *samples):
    account = Account(limits, Usage(), 0.0)
    return [account.add(usage, written, now) for usage, written, now in samples], account


def test_a_program_that_waits_for_a_core_is_not_idle():
    busy = [(Usage(cpu_s=0.1 * n, busy_s=float(n)), 0, float(n)) for n in range(1, 40)]
    stops, account = sampled(SessionLimits(), *busy)
    assert set(stops) == {None} and account.idle_s == pytest.approx(0)


def test_time_of_which_nothing_is_seen_is_idle():
    stops, account = sampled(
        SessionLimits(idle_s=3), *[(Usage(), 0, float(n)) for n in range(1, 4)]
    )
    assert stops == [None, None, StopReason.IDLE] and account.idle_s == pytest.approx(3)


def test_a_program_that_waits_for_its_reader_is_not_idle_but_has_an_output_limit():
    limits = SessionLimits(idle_s=1, written=1 << 20)
    flood = [(Usage(), n << 18, float(n)) for n in range(1, 6)]
    stops, account = sampled(limits, *flood)
    assert stops == [None] * 4 + [StopReason.OUTPUT] and account.idle_s == 0


def test_cpu_time_of_processes_that_vanish_is_kept():
    times = [0.4, 0.0, 0.4, 0.0, 0.4]
    seen = [(Usage(cpu_s=cpu), 0, 0.1 * n) for n, cpu in enumerate(times)]
    stops, account = sampled(SessionLimits(cpu_s=1), *seen)
    assert account.cpu_s == pytest.approx(1.2) and stops[-1] is StopReason.CPU


def test_memory_is_that_of_all_processes():
    stops, _ = sampled(SessionLimits(memory=64 << 20), (Usage(memory=65 << 20), 0, 0.1))
    assert stops == [StopReason.MEMORY]


@pytest.mark.parametrize("text", ["", "short", "é" * 50, "a" * 51, "aé€😀" * 40, "x" * 5000])
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_window_shows_both_ends_and_counts_what_is_left_out(text, size):
    window, content = OutputWindow(50), text.encode()
    for start in range(0, len(content), size):
        window.add(content[start : start + size])
    if len(text) <= 50:
        assert window.text() == text
    else:
        middle = f"… {len(text) - 50} characters left out …"
        assert window.text() == f"{text[:25]}{middle}{text[-25:]}"
    assert window.bytes == len(content)


AS_ANOTHER = """
import json
from whet.sandbox import Bubblewrap, Landlock
from whet.sandbox.messages import Cell, SessionFolder, SessionLimits
def told(sandbox):
    if why := sandbox.probe():
        return why
    limits = SessionLimits(cpu_s=0.3, idle_s=0.3)
    with sandbox.open(limits, SessionFolder(files={"a": "b"})) as session:
        cells = ("x = open('a').read()", "x", "while True: pass", "x",
            "import time; time.sleep(9)", "import os; os._exit(0)", "6 * 7",
            "import threading, time; threading.Thread(target=time.sleep, args=(9,)).start()",
            "import os; os.write(3, bytes(16))", "6 * 7")
        answers = []
        for cell in cells:
            session.say(Cell(source=cell))
            heard = session.hear()
            answers.append([heard.stop.name, heard.output])
        return answers
print(json.dumps({type(s).__name__: told(s) for s in (Bubblewrap(), Landlock())}))
"""
UNDONE = "line 1: x\nNameError: name 'x' is not defined\n"
ANSWERS = [
    ["DONE", ""],
    ["DONE", "'b'\n"],
    ["CPU", ""],
    ["DONE", UNDONE],
    ["IDLE", ""],
    ["ENDED", ""],
    ["DONE", "42\n"],
    ["OUTLIVED", ""],
]


def test_sessions_of_an_ordinary_user_do_the_same():
    if os.geteuid() != 0:
        pytest.skip("the tests already run as an ordinary user")
    packages = [path for path in sys.path if path.endswith("site-packages")]
    places = [SOURCE, *packages]
    closed = [p for p in places for f in Path(p).resolve().parents if not f.stat().st_mode & 0o001]
    if closed:
        pytest.skip(f"another user can't read {closed[0]}")
    done = subprocess.run(
        [*interpreter().command, "-c", AS_ANOTHER],
        env={**interpreter().environment, "PYTHONPATH": ":".join(map(str, places))},
        cwd=tempfile.gettempdir(),
        user=NOBODY,
        group=NOBODY,
        extra_groups=(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    worked = {name: answers for name, answers in told.items() if isinstance(answers, list)}
    for answers in worked.values():
        assert answers[:8] == ANSWERS
        assert answers[8][0] == "ENDED" and answers[9] == ["DONE", "42\n"]
    if not worked:
        pytest.skip(f"neither works for an ordinary user: {told}")


def test_a_place_without_confinement_has_no_sessions():
    assert not isinstance(Unsafe(), SessionSandbox)
