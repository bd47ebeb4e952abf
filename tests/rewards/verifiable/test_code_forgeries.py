"""No forgery is paid, reads anything or leaves anything, on either sandbox."""

import pytest

from whet.rewards.verifiable.code import Code
from whet.rewards.verifiable.code.forgery_checks import names, tried
from whet.sandbox import Bubblewrap, Landlock, Limits

SHORT = 9  # every so manieth is tried without `-m full`
WORK = [one for one in (Bubblewrap(), Landlock()) if not one.probe()]


def attempts():
    for sandbox in WORK:
        for place, name in enumerate(names()):
            marks = [pytest.mark.full] if place % SHORT else []
            yield pytest.param(sandbox, name, marks=marks, id=f"{type(sandbox).__name__}-{name}")


@pytest.mark.parametrize(("sandbox", "name"), list(attempts()))
def test_a_forgery_obtains_nothing(sandbox, name):
    judge = Code(sandbox=sandbox, limits=Limits(wall_s=4.0, cpu_s=3.0), total_s=60.0)
    found = tried(name, judge)
    assert (found.paid, found.leaked, found.left) == ("", "", ""), found


def test_there_are_many():
    assert len(names()) == len(set(names())) >= 60
