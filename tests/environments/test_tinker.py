"""Tinker's environments, of tokens and of messages."""

import asyncio
from pathlib import Path
from random import Random

import pytest
from environments.foreign import tinker_style

from whet.environments.adapters.finding import foreign
from whet.environments.adapters.tinker_envs import TinkerEnv
from whet.types import Finish, Reply, UsageError

FILE = str(Path(__file__).parent / "foreign" / "tinker_style.py")


class Policy:
    """Says replies in turn, and keeps what it was asked with."""

    seed = 0

    def __init__(self, *replies):
        self.replies = iter(replies)
        self.heard, self.stops = [], []

    async def __call__(self, observation, *, stop=(), **how):
        self.heard.append(observation)
        self.stops.append(stop)
        reply = next(self.replies)
        return reply if isinstance(reply, Reply) else Reply(reply)


def world(name, **settings):
    return TinkerEnv(make=f"{FILE}:{name}", processes=1, **settings)


def played(env, *replies, seed=1):
    policy = Policy(*replies)
    return asyncio.run(env.play(env.draw(Random(seed), 1), policy)), policy


async def by_hand(env, seed, replies):
    """The rewards of the environment of tokens, stepped as Tinker's own loop steps it."""
    own = tinker_style.Higher(env.draw(Random(seed), 1).info["luck"])
    _, stop = await own.initial_observation()
    rewards, done = [], False
    while not done:
        tokens = own.renderer.tokenizer.encode(replies[len(rewards)] + stop[0])
        result = await own.step(tokens, extra={"stop_reason": "stop"})
        rewards.append(result.reward)
        done, stop = result.episode_done, result.next_stop_condition
    return rewards


@pytest.mark.parametrize("name", ["Higher", "Chat"])
def test_the_score_is_that_of_the_environment_stepped_by_hand(name):
    env = world(name)
    for seed in range(20):
        replies = [str(Random(seed * 10 + n).randint(0, 9)) for n in range(3)]
        verdict, _ = played(env, *replies, seed=seed)
        assert list(verdict.turn_rewards) == asyncio.run(by_hand(env, seed, replies))
        assert verdict.score == sum(verdict.turn_rewards)
        assert verdict.finish is Finish.STOP


def test_observations_of_tokens_are_heard_once_each():
    last = world("Higher").draw(Random(1), 1).info["luck"] % 3
    _, policy = played(world("Higher"), "1", "2\n\nUser:", "3")
    assert policy.heard == [
        f"User: above {last}?\n\nAssistant:",
        "\n\nUser: on?\n\nAssistant:",
        " on?\n\nAssistant:",  # it said `User:` itself
    ]
    assert policy.stops == [("\n\nUser:",)] * 3


def test_messages_are_heard_once_each():
    _, policy = played(world("Chat"), "1", "2", "3")
    assert policy.heard[1:] == [({"role": "user", "content": "on?"},)] * 2
    assert policy.stops == [(), ("\n",), ("\n",)]


def test_a_reply_that_was_cut_off_gets_no_stop_token():
    verdict, _ = played(world("Higher"), "1", Reply("2", Finish.LENGTH))
    assert verdict.score == verdict.turn_rewards[0] - 1 and verdict.note == "max_tokens"


def test_arguments_reach_the_function_that_makes_it():
    _, policy = played(world("Higher", arguments={"start": 40, "unknown": 1}), "1", "2", "3")
    assert policy.heard[0].startswith("User: above 4")


def test_turns_are_limited():
    verdict, policy = played(world("Higher", turns=2), "1", "2")
    assert verdict.finish is Finish.TURNS and len(policy.heard) == 2


def test_a_first_prompt_that_is_too_long_for_it_has_its_reward():
    verdict, policy = played(world("TooLong"))
    assert verdict.score == -0.5 and not policy.heard


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Forgetful", "rewrites the past"),
        ("Pictures", "only text is supported"),
        ("Blank", "neither renderer.tokenizer nor tokenizer"),
        ("Letters", "has no initial_observation and no step"),
    ],
)
def test_what_can_not_be_played_is_refused(name, told):
    with pytest.raises(UsageError, match=told):
        played(world(name), "1", "2", "3")


def test_the_front_door_tells_the_dialect():
    assert foreign(f"{FILE}:Higher") == TinkerEnv(make=f"{FILE}:Higher")
    assert foreign(f"{FILE}:Chat") == TinkerEnv(make=f"{FILE}:Chat")
