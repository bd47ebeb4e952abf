"""The teacher of plays: which tasks, which seats, which players."""

import asyncio
from collections import Counter
from random import Random

import pytest

from whet.data.problems import Problems
from whet.data.procedural.lock import Lock
from whet.data.splits import split_of
from whet.environments.game.frozen_lake import FrozenLake
from whet.environments.game.guess import Guess
from whet.environments.game.tic_tac_toe import TicTacToe
from whet.environments.opponents import Chance, Expert, NoisyExpert, Scripted
from whet.environments.teaching import Transcripts
from whet.types import UsageError

LAKE = FrozenLake(rules="")


def tasks(world, low, high=0):
    return Problems(family=world, levels=(low, high or low))


def examples(teacher, count=40, step=0):
    return [asyncio.run(teacher.example(step, index)) for index in range(count)]


def test_the_same_place_has_the_same_play():
    teacher = Transcripts(tasks=tasks(LAKE, 1, 2), players=(Chance(), Expert()))
    assert examples(teacher) == examples(teacher)
    assert len({task.id for task, _ in examples(teacher)}) == 40


def test_plays_are_of_training_tasks():
    teacher = Transcripts(tasks=tasks(LAKE, 1, 2))
    splits = {split_of(LAKE.canonical(task)) for task, _ in examples(teacher)}
    assert splits == {"train"}


def test_the_expert_alone_wins_in_the_least_turns():
    teacher = Transcripts(tasks=tasks(LAKE, 1))
    for task, said in examples(teacher, 20):
        assert said.turns[0][0] == task.prompt
        assert len(said.turns) == task.info["turns"] // 2


def test_players_are_drawn_by_their_weights():
    teacher = Transcripts(
        tasks=tasks(Guess(rules=""), 5), players=(Expert(), Chance()), weights=(0.25, 0.75)
    )
    halved = sum(said.turns[0][1] == "16." for _, said in examples(teacher, 400))
    assert 90 <= halved <= 140  # 100 of the expert and 300/31 of chance; 3 standard deviations


def test_either_seat_is_imitated():
    teacher = Transcripts(tasks=tasks(TicTacToe(rules=""), 1), players=(Chance(),))
    openings = Counter(said.turns[0][0].count("O") for _, said in examples(teacher, 100))
    assert set(openings) == {0, 1}
    assert min(openings.values()) > 30


@pytest.mark.full
@pytest.mark.parametrize(
    ("noise", "least", "most"), [(0.0, 100, 100), (0.5, 48, 77), (1.0, 12, 38)]
)
def test_a_noisy_expert_says_the_experts_move_unless_it_draws_one(noise, least, most):
    """Of 100 first moves in noise 0.5, the expert's are 1/2 + 1/2 · 1/4; 3 standard deviations."""
    as_expert = 0
    for index in range(100):
        task = LAKE.draw(Random(index), 1)
        players = (Expert(), NoisyExpert(noise=noise))
        bots = [player.sit(LAKE, task, Random(index)) for player in players]
        best, said = (asyncio.run(bot(task.prompt, ("U", "D", "L", "R"))) for bot in bots)
        as_expert += best == said
    assert least <= as_expert <= most


def test_a_later_reply_without_options_is_the_experts():
    task = LAKE.draw(Random(0), 1)
    best = Expert().sit(LAKE, task, Random(0))
    noisy = NoisyExpert(noise=1.0).sit(LAKE, task, Random(0))
    assert asyncio.run(noisy(task.prompt, ("L",))) == "L"
    asyncio.run(best(task.prompt, ()))
    assert asyncio.run(noisy(task.prompt, ())) == asyncio.run(best(task.prompt, ()))


def test_a_first_reply_without_options_is_refused_unless_there_is_no_noise():
    task = LAKE.draw(Random(0), 1)
    with pytest.raises(UsageError, match="FrozenLake lists no options"):
        asyncio.run(NoisyExpert(noise=0.1).sit(LAKE, task, Random(0))(task.prompt, ()))
    assert asyncio.run(NoisyExpert(noise=0.0).sit(LAKE, task, Random(0))(task.prompt, ()))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"players": ()}, "players"),
        ({"weights": (1.0, 1.0)}, "weights"),
        ({"weights": (0.0,)}, "weights"),
        ({"weights": (-1.0,)}, "weights"),
        ({"tasks": Problems(family=Lock(), levels=(1, 1))}, "no World"),
    ],
)
def test_what_can_not_be_drawn_is_refused(changed, named):
    with pytest.raises(UsageError, match=named):
        Transcripts(**{"tasks": tasks(LAKE, 1), **changed})


@pytest.mark.parametrize("noise", [-0.1, 1.1])
def test_noise_is_a_probability(noise):
    with pytest.raises(UsageError, match=r"noisy_expert\.noise"):
        NoisyExpert(noise=noise)


def test_all_splits_of_a_world_with_one_opening_have_all_tasks():
    guess = Problems(family=Guess(rules=""), levels=(2, 2))
    for split in ("train", "dev", "test"):
        held = guess.held_out(split, 60)
        assert {task.info["secret"] for task in held} == {1, 2, 3}
        assert len({task.id for task in held}) == 60


def test_a_player_that_differs_between_processes_is_refused():
    async def move(observation, options):
        return options[0]

    with pytest.raises(UsageError, match="transcripts holds an object without a text of its own"):
        Transcripts(tasks=tasks(LAKE, 1), players=(Scripted(move=move),))


def test_an_expert_that_raises_is_named_with_its_task():
    class Careless(Guess):
        def expert(self, task, rng):
            async def raising(observation, options):
                raise KeyError("lost")

            return raising

    teacher = Transcripts(tasks=tasks(Careless(rules=""), 2))
    told = r"Careless or a player of its warm-up fails in task '(guess/2|careless-2).*': KeyError"
    with pytest.raises(UsageError, match=told):
        asyncio.run(teacher.check_players())
    with pytest.raises(UsageError, match=told):
        asyncio.run(teacher.example(0, 0))
