"""What hostile programs do to their session: they are answered, and the session goes on."""

import re

import pytest
from hostile_cells import ATTACKS

from whet.sandbox import Bubblewrap, Landlock
from whet.sandbox.messages import Cell, Folder, SessionLimits, Stop

LIMITS = SessionLimits(
    cpu_s=0.3,
    idle_s=0.3,
    output=500,
    memory=256 << 20,
    disk=4 << 20,
    entries=200,
    processes=8,
)
ROOM = 60  # characters that say what was left out


def asked(session, source):
    session.say(Cell(source=source))
    return session.hear()


@pytest.fixture(scope="module", params=[Bubblewrap(), Landlock()], ids=lambda s: type(s).__name__)
def session(request):
    if why := request.param.probe():
        pytest.skip(why)
    with request.param.open(LIMITS, Folder()) as session:
        yield session


@pytest.mark.parametrize("name", ATTACKS)
def test_a_hostile_cell_is_answered_and_the_next_ones_are_not_its(session, name):
    source, stops, output = ATTACKS[name]
    asked(session, "import os; os._exit(0)")  # an interpreter without a past
    heard = asked(session, source)
    assert heard.stop in stops, heard
    assert re.fullmatch(output, heard.output), heard
    assert len(heard.output) <= LIMITS.output + ROOM
    for number in range(3):
        after = asked(session, f"print({number} * 7)\nimport time; time.sleep(0.02)")
        assert (after.stop, after.output) == (Stop.DONE, f"{number * 7}\n"), after
    space = asked(session, "import glob, os\n[os.unlink(n) for n in glob.glob('*')]\nNone")
    assert (space.stop, space.output) == (Stop.DONE, "")


def test_an_answer_before_its_time_spoils_only_the_programs_own_cells(session):
    """The nonce twice: the second is read as an answer to the next cell, which it isn't."""
    twice = "import os, sys\nhead = sys._getframe(3).f_locals['head']\nos.write(3, head[:16])"
    frames = "import sys\nf, n = sys._getframe(), 0\nwhile 'head' not in f.f_locals:\n"
    frames += "  f, n = f.f_back, n + 1\nprint(n)"
    depth = int(asked(session, frames).output)
    first = asked(session, twice.replace("(3)", f"({depth})"))
    assert first.stop is Stop.DONE and first.output == "16\n"
    second = asked(session, "print('second')")
    assert second.stop is Stop.ENDED and second.output in ("", "second\n")
    assert asked(session, "print('third')").output == "third\n"


@pytest.mark.full
def test_a_gigabyte_of_output_is_read_and_cut():
    for sandbox in (Bubblewrap(), Landlock()):
        if sandbox.probe():
            continue
        with sandbox.open(SessionLimits(cpu_s=60, written=2 << 30), Folder()) as session:
            heard = asked(session, "for _ in range(1000): print('z' * 999_999)")
            assert heard.stop is Stop.DONE
            assert "… 999996000 characters left out …" in heard.output
