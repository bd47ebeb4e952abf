"""Checks of worlds: a sound one passes all of them, and each broken one is caught."""

import asyncio

import broken_worlds
import pytest
from broken_worlds import Sound

from whet.evaluation.worlds.checks import CHECKS, check, checked
from whet.evaluation.worlds.trial import WorldTrial
from whet.protocols import World
from whet.registry import find

BROKEN = [
    kind
    for kind in vars(broken_worlds).values()
    if isinstance(kind, type) and issubclass(kind, World) and kind not in (World, Sound)
]


def trial_of(kind):
    name = f"{broken_worlds.__file__}:{kind.__name__}"
    return WorldTrial(world=kind(), level=2, name=name, plays=30, noisy_plays=60)


def test_a_sound_world_passes_all():
    async def all_of():
        return [found async for found in checked(trial_of(Sound))]

    found = asyncio.run(all_of())
    assert [one.name for one in found] == list(CHECKS)
    assert {one.name: one.told for one in found if one.passed is False} == {}


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_broken_world_is_caught_by_the_check_that_its_docstring_names(kind):
    seconds = 1.0 if kind.__name__ == "Hangs" else 30.0
    found = asyncio.run(check(trial_of(kind), kind.__doc__, seconds))
    assert found.passed is False, found.told


def test_there_are_more_than_a_dozen():
    assert len(BROKEN) > 12


def test_a_world_that_imports_a_clock_is_caught(tmp_path):
    path = tmp_path / "late.py"
    path.write_text(
        "import time\nfrom broken_worlds import Sound\n\n"
        "class Late(Sound):\n    __slots__ = ()\n"
        "    def observation(self, turn):\n        return f'{time.time()}\\n'\n"
    )
    trial = WorldTrial(world=find("environment", str(path))(), level=2, name=str(path))
    found = asyncio.run(check(trial, "global state"))
    assert (found.passed, found.told) == (False, "its module imports time")
    assert asyncio.run(check(trial, "replay equal")).passed is False
