"""Draws and plays of a world as one digest, to compare two processes.

python -m whet.evaluation.worlds.digest NAME LEVEL
"""

import asyncio
import os
import subprocess
import sys
from hashlib import blake2b
from random import Random

from whet import registry
from whet.environments.playing import play
from whet.evaluation.worlds.bots import random
from whet.protocols import World

_TASKS = 10


async def digest(world: World, level: int) -> str:
    """A hash of ten tasks of a level, and of a play of each by chance."""
    held = blake2b(digest_size=8)
    for place in range(_TASKS):
        task = world.draw(Random(place), level)
        rng = Random(f"digest {place}")
        played = await play(world, task, lambda _, rng=rng: random(world, rng))
        held.update(repr((task.prompt, task.answer, world.canonical(task))).encode())
        held.update(played.said().encode())
    return held.hexdigest()


def elsewhere(name: str, level: int) -> str:
    """The digest in a second process, with another hash seed; the world is found by its name.

    Raises `subprocess.CalledProcessError` where that process fails.
    """
    words = [sys.executable, "-m", "whet.evaluation.worlds.digest", name, str(level)]
    there = {**os.environ, "PYTHONHASHSEED": "12345"}
    done = subprocess.run(words, env=there, check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    found = registry.find("environment", sys.argv[1])()
    sys.stdout.write(asyncio.run(digest(found, int(sys.argv[2]))) + "\n")
