"""Nothing gets out of a sandbox, whoever runs it."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from whet.sandbox import Bubblewrap, Landlock, Limits, Program, Unsafe, leaks
from whet.sandbox.attacks import ATTACKS
from whet.sandbox.interpreter import interpreter
from whet.types import UsageError

SOURCE = Path(__file__).parents[2] / "src"
NOBODY = 65_533

AS_ANOTHER = """
import json
from whet.sandbox import Bubblewrap, Landlock, leaks
from whet.sandbox import Limits, Program
thread = "from threading import Thread; t = Thread(target=print, args=(42,)); t.start(); t.join()"
def works(backend):
    alone = backend.run(Program(source=thread), Limits())
    ping = Program(source="import os; os.write(3, b'x'); print(os.read(3, 1))")
    pair = backend.pair(ping, ping, Limits())
    return [done.stdout.decode() for done in (alone, *pair)]
backends = (Bubblewrap(), Landlock())
told = {
    type(b).__name__: {"why": b.probe()} if b.probe() else {**leaks(b), "works": works(b)}
    for b in backends
}
print(json.dumps(told))
"""


@pytest.mark.parametrize("sandbox", [Bubblewrap(), Landlock()], ids=lambda s: type(s).__name__)
def test_no_attack_gets_anything(sandbox):
    if why := sandbox.probe():
        pytest.skip(why)
    found = leaks(sandbox)
    assert len(found) == len(ATTACKS) + 1
    assert {name: what for name, what in found.items() if what} == {}


def test_no_attack_of_an_ordinary_user_gets_anything():
    """Root's tests as somebody else: with one user for all, and no right to mount."""
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
    reasons = {name: found.pop("why") for name, found in told.items() if "why" in found}
    worked = [found.pop("works") for found in told.values() if found]
    assert worked == [["42\n", "b'x'\n", "b'x'\n"]] * len(worked)
    held = {name: {k: v for k, v in found.items() if v} for name, found in told.items()}
    assert held == {"Bubblewrap": {}, "Landlock": {}}
    if len(reasons) == len(told):
        pytest.skip(f"neither works for an ordinary user: {reasons}")


def test_what_is_known_to_leak_is_not_attacked():
    with pytest.raises(UsageError, match="give Safest"):
        leaks(Unsafe())


def test_the_attacks_attack():
    """Without a sandbox the harmless ones among them succeed, so that their silence means much."""
    facts = {"secret": __file__, "victim": os.getpid(), "processes": 16, "disk": 1 << 20}
    for name in ("read a secret", "read by climbing", "read environments", "fill the disk"):
        program = Program(source=ATTACKS[name], stdin=json.dumps(facts).encode())
        assert Unsafe().run(program, Limits()).stdout, name


def owners():
    """Users of the processes that run; those that only wait to be buried by init don't."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if ") Z " not in place.joinpath("stat").read_text():
                yield place.stat().st_uid


@pytest.mark.parametrize("sandbox", [Bubblewrap(), Landlock()], ids=lambda s: type(s).__name__)
def test_nothing_is_left_of_a_fork_bomb(sandbox):
    if why := sandbox.probe():
        pytest.skip(why)
    source = "import os, time\nos.setsid() if os.fork() == 0 else None\nwhile True: os.fork()"
    done = sandbox.run(Program(source=source), Limits(wall_s=0.7))
    assert not done.well
    if os.geteuid() == 0:
        from whet.sandbox.slots import _QUEUES

        ours = {user for queue in _QUEUES.values() for user in queue.queue}
        assert not [user for user in owners() if user in ours]
    assert sandbox.run(Program(source="print(1)"), Limits()).stdout == b"1\n"
