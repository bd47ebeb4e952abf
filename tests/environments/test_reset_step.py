"""Environments with `reset` and `step`: observations, actions, rewards, and how they end."""

import asyncio
from pathlib import Path
from random import Random

import pytest
from environments.foreign import steps
from environments.playing import Handle, Said

from whet.data.problems import Problems
from whet.environments.adapters.finding import foreign
from whet.environments.adapters.reset_and_step import ResetStep
from whet.types import Finish, Reason, Task, UsageError

FILE = str(Path(__file__).parent / "foreign" / "steps.py")


def world(name, **settings):
    return ResetStep(make=f"{FILE}:{name}", processes=1, **settings)


def played(env, *replies, task=None):
    said = Said()
    rest = iter(replies)

    async def bot(observation, options):
        return next(rest)

    handle = Handle({"": bot}, said)
    verdict = asyncio.run(env.play(task or env.draw(Random(1), 1), handle))
    return verdict, said


def start(seed, length=7):
    return steps.Walk(length).reset(seed=seed)[0]


def to_the_right(env):
    task = env.draw(Random(1), 1)
    return 6 - start(task.info["luck"])


def test_the_score_is_that_of_the_environment_stepped_by_hand():
    env = world("Walk")
    for n in range(20):
        task = env.draw(Random(n), 1)
        rng = Random(n)
        moves = [rng.choice("12") for _ in range(50)]
        own = steps.Walk()
        own.reset(seed=task.info["luck"])
        rewards, ended = [], False
        for move in moves:
            _, reward, ended, _, _ = own.step(int(move))
            rewards.append(reward)
            if ended:
                break
        verdict, _ = played(env, *moves, task=task)
        assert verdict.score == sum(rewards)
        assert verdict.turn_rewards == tuple(rewards)
        assert verdict.finish is (Finish.STOP if ended else Finish.TURNS)
        assert verdict.correct is (sum(rewards) >= 1)


def test_the_options_are_the_legal_actions():
    env = world("Walk")
    _, said = played(env, *"2" * to_the_right(env))
    assert {options for _, _, options, _ in said.asks} == {("1", "2")}


def test_an_observation_is_rendered_described_or_printed():
    place = 6 - to_the_right(world("Walk"))
    right = "2" * (6 - place)
    assert played(world("Walk"), *right)[1].observations()[0] == str(place)
    assert played(world("Drawn"), *right)[1].observations()[0] == "." * place + "@"
    described = world("Walk", describe=f"{FILE}:describe", arguments={"length": 7})
    assert played(described, *right)[1].observations()[0] == f"{place} of 7"


def test_actions_have_names_of_the_user_or_of_an_enum():
    right = to_the_right(world("Walk"))
    named = world("Walk", options=("left", "right", "stay"))
    verdict, said = played(named, *["Right"] * right)
    assert verdict.score == 1 and said.asks[0][2] == ("left", "right")
    verdict, _ = played(world("Named"), *[r"I go \boxed{right}"] * right)
    assert verdict.score == 1


@pytest.mark.parametrize("reply", ["up", "3", "99", "", "left or right"])
def test_an_illegal_reply_ends_the_play(reply):
    verdict, said = played(world("Walk"), reply)
    assert verdict.finish is Finish.ILLEGAL and verdict.reason is Reason.BAD_FORMAT
    assert (verdict.score, verdict.correct) == (0.0, False)
    assert len(said.asks) == 1


def test_illegal_replies_are_corrected_so_many_times():
    env = world("Walk", corrections=2)
    right = "2" * to_the_right(env)
    verdict, said = played(env, "up", "3", *right)
    assert verdict.score == 1 and len(verdict.turn_rewards) == len(said.asks)
    assert "'up' is no action; reply with one of 1, 2" in said.observations()[1]
    assert "3 is not legal now" in said.observations()[2]
    assert played(env, "up", "up", "up")[0].finish is Finish.ILLEGAL


def test_turns_are_limited():
    verdict, said = played(world("Walk", turns=2), "2", "1")
    assert verdict.finish is Finish.TURNS and len(said.asks) == 2


def test_the_older_form_is_played():
    env = world("Old")
    verdict, _ = played(env, *"2" * (6 - start(5)))
    assert verdict.score == 1 and verdict.finish is Finish.STOP


def test_words_go_in_where_there_are_no_actions():
    env = world("Guess")
    task = env.draw(Random(2), 1)
    own = steps.Guess()
    own.reset(seed=task.info["luck"])
    wrong = str(own.number % 8 + 1)
    verdict, said = played(env, wrong, str(own.number), task=task)
    assert verdict.score == pytest.approx(0.9) and said.observations() == ["1 to 8?", "\nno\n"]
    cut, _ = played(env, wrong, wrong, wrong, task=task)
    assert cut.score == pytest.approx(-0.3) and cut.finish is Finish.STOP


def test_other_actions_are_read_by_a_function_of_the_user():
    with pytest.raises(UsageError, match="actions of Box.*environment.read"):
        played(world("Continuous"), "0.5")
    env = world("Continuous", read=f"{FILE}:read")
    assert played(env, *["0.5"] * to_the_right(env))[0].score == 1
    assert played(env, "much")[0].finish is Finish.ILLEGAL


def test_a_chat_gets_the_observation_behind_its_last_message():
    env = world("Guess")
    chat = ({"role": "system", "content": "Play."}, {"role": "user", "content": "Guess: "})
    task = Task(id="t", prompt=chat, info={"luck": 1})
    _, said = played(env, "9", "9", "9", task=task)
    first, second, _ = said.observations()
    assert first == (chat[0], {"role": "user", "content": "Guess: 1 to 8?"})
    assert second == "no"


def test_its_tasks_are_seeds_and_a_corpus_draws_them():
    corpus = Problems(family=world("Walk"), levels=(1, 1))
    lucks = {corpus.task("train", n).info["luck"] for n in range(8)}
    assert len(lucks) == 8
    assert corpus.task("train", 3) == corpus.task("train", 3)


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("Walk", {"turns": 0}, "turns is 0"),
        ("Walk", {"corrections": -1}, "corrections is -1"),
        ("Walk", {"options": ("a", "b")}, "has 2 names for 3 actions"),
        ("Broken", {}, "step of Broken returned tuple"),
        ("Discrete", {"arguments": {"n": 2}}, "has no reset and no step"),
    ],
)
def test_what_can_not_be_is_refused(name, settings, told):
    with pytest.raises(UsageError, match=told):
        played(world(name, **settings), "1")


def test_a_task_without_luck_is_refused():
    with pytest.raises(UsageError, match="has no number `luck`"):
        played(world("Walk"), "1", task=Task(id="t", prompt=""))


def test_the_front_door_tells_the_dialect():
    assert foreign(f"{FILE}:Walk") == ResetStep(make=f"{FILE}:Walk")


def test_the_command_line_takes_a_file():
    from whet.cli.choices import choose
    from whet.protocols import Environment

    chosen = choose(Environment, f"{FILE}:Guess", "environment")
    assert chosen.part == ResetStep(make=f"{FILE}:Guess")


def test_frozen_lake_of_gymnasium_gives_the_same_score():
    gymnasium = pytest.importorskip("gymnasium")
    arguments = {"id": "FrozenLake-v1", "render_mode": "ansi"}
    env = ResetStep(make="gymnasium:make", arguments=arguments, turns=30, processes=1)
    for n in range(5):
        task, rng = env.draw(Random(n), 1), Random(n)
        moves = [str(rng.randrange(4)) for _ in range(30)]
        own, total = gymnasium.make(**arguments), 0.0
        own.reset(seed=task.info["luck"])
        for move in moves:
            _, reward, ended, cut, _ = own.step(int(move))
            total += float(reward)
            if ended or cut:
                break
        assert played(env, *moves, task=task)[0].score == total
