"""A recorded play is played again with its replies; another observation is an integrity error."""

import asyncio
from dataclasses import dataclass, replace
from random import Random

import pytest
from echoing import END, TASK, TOKENIZER, Echoing, World, ids, played

from whet.environments.against import Against
from whet.environments.game.tic_tac_toe import TicTacToe
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.rollouts.replay import replay, replayed
from whet.types import (
    Decoding,
    Fault,
    Finish,
    IntegrityError,
    Over,
    Play,
    Reason,
    Request,
    Verdict,
    WorldBug,
)

RENDERER = TextRenderer(TOKENIZER, frozenset({END}))


def again(run, rollouts, task=TASK):
    world = run if not callable(run) else World(run)
    return asyncio.run(replay(world, task, rollouts, RENDERER))


async def counting(task, policy):
    """Answers with the number of characters so far, and scores it."""
    said = await policy(task.prompt)
    for _ in range(2):
        said += await policy(f"|{len(said)}")
    return Verdict.points(len(said) / 10, correct=False, turn_rewards=(1, 2, 3))


async def seated(task, policy):
    """Two seats that hear each other, with verdicts of their own."""
    white, black = policy.seat("white"), policy.seat("black")
    heard = task.prompt
    for _ in range(2):
        heard = await white(heard)
        heard = await black(f"|{heard}")
    white.end(Verdict.points(0.25, correct=False))
    black.end(Verdict.points(0.75, correct=False))


async def forking(task, policy):
    """A fork of a fork, each leaf with a verdict of its own."""
    await policy(task.prompt)
    one, two = policy.fork(2)
    two, three = two.fork(2)
    for number, branch in enumerate((one, two, three)):
        await branch(f"|{number}")
        branch.end(Verdict.points(number / 4, correct=False))


@pytest.mark.parametrize("run", [counting, seated, forking])
def test_a_replay_has_the_recorded_verdicts_and_tokens(run):
    groups, _ = played(run, seeds=(3, 4))
    every = [rollout for group in groups for rollout in group]
    for rollout in every:
        play = [rollout, *(r for r in every if r.play_seed == rollout.play_seed and r != rollout)]
        assert replace(again(run, play), credit=()) == replace(rollout.verdict, credit=())
        found = asyncio.run(replayed(World(run), TASK, play, RENDERER))
        tokens = {one.seed: one.token_ids.tolist() for one in found}
        assert tokens == {one.seed: one.token_ids.tolist() for one in play}


def test_another_observation_is_named_with_both_texts():
    [[rollout]], _ = played(counting, seeds=(3,))

    async def changed(task, policy):
        await policy(task.prompt)
        await policy("|7")

    with pytest.raises(IntegrityError, match=r"observation 2 .* was '\|2', and is '\|7'") as caught:
        again(changed, [rollout])
    assert caught.value.rollouts == (rollout,)


def test_another_opening_is_named_with_both_texts():
    [[rollout]], _ = played(counting, seeds=(3,))
    with pytest.raises(IntegrityError, match=r"observation 1 .* was '3\+4=', and is '9='"):
        again(counting, [rollout], replace(TASK, prompt="9="))


def test_a_difference_that_the_world_hides_is_found():
    [[rollout]], _ = played(counting, seeds=(3,))

    async def hiding(task, policy):
        try:
            await policy("9=")
        except IntegrityError:
            return Verdict.binary(correct=True)

    with pytest.raises(IntegrityError, match="observation 1"):
        again(hiding, [rollout])


def test_a_world_that_ends_early_is_named_with_the_missing_reply():
    [[rollout]], _ = played(counting, seeds=(3,))

    async def shorter(task, policy):
        await policy(task.prompt)
        return Verdict.binary(correct=True)

    with pytest.raises(IntegrityError, match="ended after 1 of the 3 replies .* '33'"):
        again(shorter, [rollout])


def test_a_world_that_asks_more_is_named_with_its_observation():
    [[rollout]], _ = played(counting, seeds=(3,))

    async def longer(task, policy):
        await counting(task, policy)
        await policy("|5")

    with pytest.raises(IntegrityError, match=r"ended after 3 replies.*asks for another.*'\|5'"):
        again(longer, [rollout])


def test_a_seat_that_is_not_opened_is_named():
    groups, _ = played(seated, seeds=(3,))
    black, white = [group.rollouts[0] for group in sorted(groups, key=lambda group: group.seat)]

    async def alone(task, policy):
        seat = policy.seat("white")
        await seat(task.prompt)
        await seat(black.turns[1])

    with pytest.raises(IntegrityError, match="seat 'black'"):
        again(alone, [black, white])


def test_a_changed_seat_is_found_from_the_other_ones_rollout():
    groups, _ = played(seated, seeds=(3,))
    rollouts = [group.rollouts[0] for group in groups]

    async def changed(task, policy):
        await policy.seat("white")(task.prompt)
        await policy.seat("black")("|1")

    with pytest.raises(IntegrityError, match="observation 1"):
        again(changed, rollouts)


def test_the_prompt_that_a_play_had_is_shown_again():
    generator = Echoing()
    player = RolloutPlayer(generator, RENDERER, World(counting))
    play = Play(seed=3, decoding=Decoding(max_new_tokens=9), prompt="8+8=")
    [[rollout]] = asyncio.run(player.play(Request(task=TASK, plays=(play,))))
    assert rollout.shown == "8+8=" and rollout.task == TASK
    assert again(counting, [rollout]).score == rollout.score


def test_forced_words_are_said_again():
    [[rollout]], _ = played(counting, seeds=(3,), prefix=tuple(ids("55")))
    assert rollout.turns[1].startswith("55")
    assert again(counting, [rollout]).score == rollout.score


@pytest.mark.parametrize("caught", [True, False])
def test_a_conversation_without_tokens_left_ends_in_the_same_way(caught):
    async def endless(task, policy):
        try:
            await policy(task.prompt)
            while True:
                await policy("|")
        except Over as over:
            if not caught:
                raise
            return Verdict(reason=Reason.PARTIAL, score=0.5, finish=over.finish)

    @dataclass
    class Short(Echoing):
        @property
        def positions(self):
            return 16

    how = {
        "spent": Decoding(max_new_tokens=9, max_episode_tokens=7),
        "full": Decoding(max_new_tokens=8),
    }
    for name, decoding in how.items():
        player = RolloutPlayer(Short() if name == "full" else Echoing(), RENDERER, World(endless))
        [[rollout]] = asyncio.run(player.play(Request.of(TASK, (3,), decoding)))
        assert rollout.finish is (Finish.CONTEXT if name == "full" else Finish.LENGTH)
        assert again(endless, [rollout]).score == rollout.score


def test_a_play_that_a_fault_ended_ends_by_a_fault():
    async def failing(task, policy):
        await policy(task.prompt)
        raise Fault("the server is gone")

    async def sound(task, policy):
        await policy(task.prompt)
        await policy("|")

    [[rollout]], _ = played(failing, seeds=(3,))
    assert again(sound, [rollout]).fault


def test_a_bug_comes_with_the_rollouts_that_find_it_again():
    async def brittle(task, policy):
        await policy(task.prompt)
        await policy("|")
        raise KeyError("x")

    with pytest.raises(WorldBug, match="KeyError: 'x'") as caught:
        played(brittle, seeds=(3,))
    [rollout] = caught.value.rollouts
    assert len(rollout.acts) == 2 and rollout.verdict is None
    with pytest.raises(WorldBug, match="KeyError: 'x'"):
        again(brittle, [rollout])


@pytest.mark.parametrize("seed", range(6))
def test_a_bot_at_another_seat_answers_as_it_did(seed):
    world = Against(world=TicTacToe())
    task = world.world.draw(Random(seed), 1)
    player = RolloutPlayer(Echoing(), RENDERER, world)
    groups = asyncio.run(player.play(Request.of(task, (seed,), Decoding(max_new_tokens=4))))
    rollouts = [rollout for group in groups for rollout in group]
    verdict = asyncio.run(replay(world, task, rollouts, RENDERER))
    assert verdict == rollouts[0].verdict
