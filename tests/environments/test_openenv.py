"""OpenEnv: a server by its WebSocket, and Python objects."""

import asyncio
import time
from pathlib import Path
from random import Random

import pytest
from environments.foreign.openenv_server import served
from environments.foreign.openenv_style import Guess, Guessing
from environments.playing import Handle, Said

from whet.environments.adapters.finding import foreign
from whet.environments.adapters.openenv_actions import Actions, shown
from whet.environments.adapters.openenv_objects import OpenEnvObject
from whet.environments.adapters.openenv_servers import OpenEnvServer
from whet.types import Fault, Finish, UsageError

FILE = str(Path(__file__).parent / "foreign" / "openenv_style.py")


@pytest.fixture(scope="module")
def server():
    with served() as (url, running):
        yield url, running


def played(env, *replies, seed=1):
    said, rest = Said(), iter(replies)

    async def bot(observation, options):
        return next(rest)

    task = env.draw(Random(seed), 1)
    return asyncio.run(env.play(task, Handle({"": bot}, said))), said


def by_hand(env, seed, replies):
    own = Guessing()
    own.reset(env.draw(Random(seed), 1).info["luck"])
    rewards = []
    for reply in replies:
        seen = own.step(Guess(int(reply)))
        rewards.append(seen.reward)
        if seen.done:
            break
    return rewards


def scripts():
    for seed in range(20):
        yield seed, [str(Random(seed * 10 + n).randint(1, 8)) for n in range(3)]


def test_a_server_gives_the_score_of_its_environment(server):
    env = OpenEnvServer(url=server[0])
    for seed, replies in scripts():
        verdict, said = played(env, *replies, seed=seed)
        assert list(verdict.turn_rewards) == by_hand(env, seed, replies)
        assert verdict.score == sum(verdict.turn_rewards)
        assert verdict.finish is Finish.STOP
        assert said.observations()[0] == "1 to 8?"


def test_an_object_gives_the_score_of_its_environment():
    env = OpenEnvObject(make=f"{FILE}:Guessing", processes=1)
    for seed, replies in scripts():
        verdict, _ = played(env, *replies, seed=seed)
        assert list(verdict.turn_rewards) == by_hand(env, seed, replies)


def test_a_client_is_awaited_and_takes_the_named_field():
    with pytest.raises(UsageError, match="declares no class of actions"):
        played(OpenEnvObject(make=f"{FILE}:Client", processes=1), "1")
    env = OpenEnvObject(make=f"{FILE}:Client", action="guess", processes=1)
    with pytest.raises(Fault, match="guess is 1, which is not in"):  # text, as no schema says int
        played(env, "1")


def test_episodes_at_a_server_do_not_meet(server):
    env = OpenEnvServer(url=server[0])

    async def several():
        async def bot(observation, options):
            return "1"

        tasks = [env.draw(Random(n), 1) for n in range(6)]
        return await asyncio.gather(*(env.play(t, Handle({"": bot}, Said())) for t in tasks))

    verdicts = asyncio.run(several())
    expected = [sum(by_hand(env, n, ["1"] * 3)) for n in range(6)]
    assert [verdict.score for verdict in verdicts] == expected


@pytest.mark.parametrize("reply", ["nine", "9", "1.5", "true", '{"guess": 1}'])
def test_an_action_that_is_none_is_illegal(server, reply):
    for env in (OpenEnvServer(url=server[0]), OpenEnvObject(make=f"{FILE}:Guessing", processes=1)):
        verdict, _ = played(env, reply)
        assert verdict.finish is Finish.ILLEGAL and verdict.score == 0


def test_illegal_actions_are_corrected_so_many_times(server):
    env = OpenEnvServer(url=server[0], corrections=1)
    verdict, said = played(env, "9", "1", "1", "1")
    assert "not in 1 to 8" in said.observations()[1]
    assert sum(verdict.turn_rewards) == verdict.score and len(verdict.turn_rewards) == len(
        said.asks
    )


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("error", "EXECUTION_ERROR: no disk"),
        ("close", "closed the connection"),
        ("text", "is no JSON"),
    ],
)
def test_a_failing_server_is_a_fault(broken, told):
    with served(broken) as (url, _), pytest.raises(Fault, match=told):
        played(OpenEnvServer(url=url), "1")


def test_an_answer_that_does_not_come_is_a_fault():
    with served("hang") as (url, _), pytest.raises(TimeoutError):
        played(OpenEnvServer(url=url, seconds=0.3), "1")


def test_connections_are_closed_at_the_end():
    with served() as (url, running):
        played(OpenEnvServer(url=url), "1", "1", "1")
        limit = time.monotonic() + 20
        while running.open and time.monotonic() < limit:
            time.sleep(0.01)
        assert running.open == 0


def test_a_server_that_is_not_there_is_refused_at_the_start():
    env = OpenEnvServer(url="http://127.0.0.1:9")
    with pytest.raises(UsageError, match="gives no schema.*start the server"):
        env.check()
    with pytest.raises(Fault):
        played(env, "1")


SEVERAL = {"properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}}


def test_actions_of_several_fields_are_objects():
    assert Actions(SEVERAL).of('{"x": 1, "y": 2}') == ({"x": 1, "y": 2}, "")
    assert "a reply is a JSON object with x, y" in Actions(SEVERAL).of("1, 2")[1]
    assert Actions(SEVERAL, "y").of("3") == ({"y": 3}, "")
    with pytest.raises(UsageError, match="environment.action is 'z'; give one of x, y"):
        Actions(SEVERAL, "z").of("3")


@pytest.mark.parametrize(
    ("observation", "field", "text"),
    [
        ({"message": "hi"}, "", "hi"),
        ({"message": "hi", "left": 2}, "", "hi"),
        ({"left": 2, "at": [1]}, "", '{"at": [1], "left": 2}'),
        ({"message": "hi", "more": "ho"}, "more", "ho"),
        ({"message": "hi", "left": 2}, "left", "2"),
    ],
)
def test_an_observation_is_its_text_or_json(observation, field, text):
    assert shown({"observation": observation, "reward": None, "done": False}, field) == {
        "text": text,
        "reward": 0.0,
        "ended": False,
        "cut": False,
    }


def test_a_field_that_is_not_observed_is_refused():
    with pytest.raises(UsageError, match="environment.observe is 'z'; give one of message"):
        shown({"observation": {"message": "hi"}}, "z")
    with pytest.raises(Fault, match="without an observation"):
        shown({"result": 1}, "")


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"url": "localhost:1"}, "environment.url"), ({"url": "http://x", "turns": 0}, "turns is 0")],
)
def test_settings_that_can_not_be_are_refused(settings, told):
    with pytest.raises(UsageError, match=told):
        OpenEnvServer(**settings)


def test_the_front_door_tells_the_dialect():
    assert foreign("http://127.0.0.1:8000") == OpenEnvServer(url="http://127.0.0.1:8000")
    assert foreign(f"{FILE}:Guessing") == OpenEnvObject(make=f"{FILE}:Guessing")
