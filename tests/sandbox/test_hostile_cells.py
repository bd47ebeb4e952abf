"""What hostile programs do to their session: they are answered, and the session goes on."""

import re
from contextlib import ExitStack

import pytest
from hostile_cells import ATTACKS

from whet.sandbox import Bubblewrap, Landlock
from whet.sandbox.messages import Cell, SessionFolder, SessionLimits, StopReason

LIMITS = SessionLimits(
    cpu_s=0.2,
    idle_s=0.2,
    output=500,
    written=4 << 20,
    memory=256 << 20,
    disk=4 << 20,
    entries=200,
    processes=8,
)
ANEW = "import os; os._exit(0)"  # the next cell gets an interpreter without a past
ROOM = 60  # characters that say what was left out


def asked(session, source):
    session.say(Cell(source=source))
    return session.hear()


def attempts():
    """Every attack on every sandbox; those that take a while on one of them, and in full runs."""
    works = [one for one in (Bubblewrap(), Landlock()) if not one.probe()]
    for place, sandbox in enumerate(works):
        for name, (_, stops, _) in ATTACKS.items():
            slow = place > 0 and StopReason.CPU in stops
            marks = [pytest.mark.full] if slow else []
            yield pytest.param(sandbox, name, marks=marks, id=f"{type(sandbox).__name__}-{name}")


@pytest.fixture(scope="module")
def opened():
    """The session of a sandbox; all attacks are made on the same one."""
    with ExitStack() as held:
        known = {}

        def session(sandbox):
            if sandbox not in known:
                known[sandbox] = held.enter_context(sandbox.open(LIMITS, SessionFolder()))
            return known[sandbox]

        yield session


@pytest.mark.parametrize(("sandbox", "name"), list(attempts()))
def test_a_hostile_cell_is_answered_and_the_next_ones_are_not_its(opened, sandbox, name):
    session, (source, stops, output) = opened(sandbox), ATTACKS[name]
    asked(session, ANEW)
    heard = asked(session, source)
    assert heard.stop in stops, heard
    assert re.fullmatch(output, heard.output), heard
    assert len(heard.output) <= LIMITS.output + ROOM
    for number in range(3):
        after = asked(session, f"print({number} * 7)\nimport time; time.sleep(0.02)")
        assert (after.stop, after.output) == (StopReason.DONE, f"{number * 7}\n"), after
    asked(session, ANEW)
    emptied = asked(session, "import glob, os\n[os.unlink(n) for n in glob.glob('*')]\nNone")
    assert (emptied.stop, emptied.output) == (StopReason.DONE, "")


@pytest.mark.parametrize("sandbox", [Bubblewrap(), Landlock()], ids=lambda s: type(s).__name__)
def test_an_answer_before_its_time_spoils_only_the_programs_own_cells(opened, sandbox):
    """The nonce twice: the second is read as an answer to the next cell, which it isn't."""
    if why := sandbox.probe():
        pytest.skip(why)
    session = opened(sandbox)
    twice = "import os, sys\nhead = sys._getframe(3).f_locals['head']\nos.write(3, head[:16])"
    frames = "import sys\nf, n = sys._getframe(), 0\nwhile 'head' not in f.f_locals:\n"
    frames += "  f, n = f.f_back, n + 1\nprint(n)"
    depth = int(asked(session, frames).output)
    first = asked(session, twice.replace("(3)", f"({depth})"))
    assert first.stop is StopReason.DONE and first.output == "16\n"
    second = asked(session, "print('second')")
    assert second.stop is StopReason.ENDED and second.output in ("", "second\n")
    assert asked(session, "print('third')").output == "third\n"


@pytest.mark.full
def test_a_gigabyte_of_output_is_read_and_cut():
    for sandbox in (Bubblewrap(), Landlock()):
        if sandbox.probe():
            continue
        with sandbox.open(SessionLimits(cpu_s=60, written=2 << 30), SessionFolder()) as session:
            heard = asked(session, "for _ in range(1000): print('z' * 999_999)")
            assert heard.stop is StopReason.DONE
            assert "… 999996000 characters left out …" in heard.output
