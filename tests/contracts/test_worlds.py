"""Contracts of every world under the embedded engine, at its lowest level, with a random model."""

import asyncio
import string
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

import pytest
from chatml import renderer
from environments.playing import WORLDS, chance, tasks
from tiny import embedded, tiny

from whet.engines.tokenizers import CharacterTokenizer
from whet.protocols import Environment
from whet.rollouts.player import RolloutPlayer
from whet.types import Decoding, Finish, Reply, Request

POSITIONS = 4096
HOW = Decoding(max_new_tokens=3)
ENDINGS = {Finish.STOP, Finish.LENGTH, Finish.CONTEXT, Finish.TURNS, Finish.CALLS, Finish.ILLEGAL}


@dataclass(frozen=True)
class Dubbed(Environment):
    """A world that hears a legal move in place of each reply, so that its plays are long."""

    world: Any

    async def play(self, task, policy):
        return await self.world.play(task, Dub(policy, task, {}))


@dataclass(frozen=True)
class Dub:
    """The policy's handle; the world hears the random player."""

    policy: Any
    task: Any
    seats: dict

    @property
    def seed(self):
        return self.policy.seed

    async def __call__(self, observation, *, options=(), **how):
        said = await self.policy(observation, options=options, **how)
        move = chance(self.task, Random(f"{self.seed}{said}"))
        return Reply(await move(observation, options), said.finish)

    def fork(self, number):
        raise AssertionError(f"forked into {number}")

    def seat(self, name):
        return self.seats.setdefault(name, Dub(self.policy.seat(name), self.task, {}))

    def end(self, verdict):
        self.policy.end(verdict)


@lru_cache
def words(alphabet):
    return renderer(CharacterTokenizer(alphabet=alphabet or string.printable).build())


@lru_cache
def model(size):
    return tiny("llama", vocab_size=size, max_position_embeddings=POSITIONS, num_hidden_layers=1)


def player_of(world):
    said = words(world.alphabet)
    generator = embedded(model(len(said.tokenizer)))
    generator.decode, generator.ends = said.text, said.ends
    return RolloutPlayer(generator, said)


def played(world, environment, name):
    """Rollouts of two tasks, twice each."""
    player = player_of(world).within(environment)

    async def all_of_them():
        few = tasks(name, world.levels[0], 2, rules="")
        return await asyncio.gather(*(player.play(Request.of(task, (5, 6), HOW)) for task in few))

    return [r for groups in asyncio.run(all_of_them()) for group in groups for r in group], player


@pytest.fixture(scope="module", params=WORLDS)
def rollouts(request):
    """A world, and its rollouts with the words of a random model and with legal moves."""
    world = WORLDS[request.param](rules="")
    raw, _ = played(world, world, request.param)
    legal, player = played(world, Dubbed(world), request.param)
    return world, raw, legal, player.renderer


def test_plays_end_with_a_verdict_within_bounds(rollouts):
    world, raw, legal, _ = rollouts
    low, high = world.bounds
    for rollout in (*raw, *legal):
        assert rollout.verdict is not None and not rollout.verdict.fault, rollout.verdict
        assert low <= rollout.score <= high
        assert rollout.finish in ENDINGS


def test_every_seat_that_was_asked_has_a_rollout(rollouts):
    world, raw, legal, _ = rollouts
    assert {rollout.seat for rollout in (*raw, *legal)} == set(world.seats)


def test_plays_of_legal_moves_fit_into_their_turns(rollouts):
    _, _, legal, _ = rollouts
    for rollout in legal:
        assert 1 <= len(rollout.acts) <= rollout.task.info["turns"]
        assert rollout.finish not in (Finish.ILLEGAL, Finish.CONTEXT)


def test_turn_rewards_are_the_credit_of_replies(rollouts):
    _, raw, legal, _ = rollouts
    for rollout in (*raw, *legal):
        paid = rollout.verdict.turn_rewards
        assert len(paid) in (0, len(rollout.acts))
        assert sum(rollout.verdict.credit) == pytest.approx(sum(paid))


def test_the_alphabet_covers_what_the_world_says(rollouts):
    """No token of an observation is unknown, and it is the observation again when decoded."""
    _, raw, legal, said = rollouts
    for rollout in (*raw, *legal):
        heard = rollout.token_ids[~rollout.action_mask].tolist()
        assert said.tokenizer.unk_token_id not in heard
        assert said.tokenizer.decode(heard) == "".join(rollout.turns[::2])
