"""One question, one answer."""

import asyncio

import pytest

from whet.environments import load
from whet.protocols import Environment
from whet.registry import names
from whet.types import Task

CHAT = ({"role": "user", "content": "6 × 7?"},)


@pytest.mark.parametrize("prompt", ["6 × 7?", CHAT], ids=["text", "chat"])
def test_it_asks_once_and_judges_nothing(prompt):
    heard = []

    async def policy(observation):
        heard.append(observation)
        return "42"

    world = load("single_turn")
    assert isinstance(world, Environment)
    assert asyncio.run(world.play(Task(id="t", prompt=prompt), policy)) is None
    assert heard == [prompt]


def test_the_front_door():
    assert "single_turn" in names("environment")
