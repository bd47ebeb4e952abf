"""Recipes of worlds and agents: every wrong setting is answered in one line, before any compute."""

import asyncio

import pytest

from whet.cli.main import main
from whet.recipes.code_agent import code_agent
from whet.recipes.search_agent import search_agent
from whet.recipes.self_play import self_play
from whet.recipes.tool_agent import tool_agent
from whet.recipes.world import world
from whet.training.preflight import preflight
from whet.types import UsageError


@pytest.mark.parametrize("level", [-1, 1, 99])
def test_a_level_that_the_world_lacks_is_named(level):
    with pytest.raises(UsageError, match=f"level is {level}, but Guess has levels 2 to 10"):
        world(level=level)


@pytest.mark.parametrize("noise", [-1.0, 2.0])
def test_a_share_that_is_none_is_named_as_the_recipe_does(noise):
    with pytest.raises(UsageError, match=f"noise is {noise:g}; give a share"):
        world(noise=noise)


@pytest.mark.parametrize("name", ["tool_agent", "against"])
@pytest.mark.parametrize("recipe", [world, self_play])
def test_an_environment_that_needs_settings_is_no_world(recipe, name):
    with pytest.raises(UsageError, match=f"world is '{name}', which can't be made by name"):
        recipe(world=name)


@pytest.mark.parametrize("action", ["play", "check"])
def test_the_command_env_says_so_too(action, capsys):
    assert main(["env", action, "tool_agent"]) == 2
    assert "world is 'tool_agent', which can't be made by name" in capsys.readouterr().err


def test_single_turn_is_no_world():
    with pytest.raises(UsageError, match="world is 'single_turn', which is no World"):
        world(world="single_turn")


@pytest.mark.parametrize(("noise", "player"), [(0.5, "NoisyExpert"), (1.0, "Chance")])
def test_a_world_without_options_has_no_random_replies(noise, player):
    with pytest.raises(UsageError, match=f"of {player} is 1.*lists no options.*--noise 0"):
        asyncio.run(preflight(world(world="database", noise=noise)))


@pytest.mark.full
def test_a_world_without_options_is_imitated_by_its_expert_alone():
    run = world(world="database", noise=0.0)
    assert asyncio.run(preflight(run)) == []


def test_a_world_has_no_notes_on_openings_that_are_alike_or_on_a_missing_reward():
    assert asyncio.run(preflight(world(world="guess"))) == []
    assert asyncio.run(preflight(world(world="household"))) == []


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [
        (tool_agent, {"tools": ("nosuch",)}),
        (tool_agent, {"tools": ()}),
        (tool_agent, {"reward": "math"}),
        (search_agent, {"reward": "math"}),
        (code_agent, {"calls": -1}),
        (code_agent, {"reward": "math"}),
    ],
)
def test_a_setting_that_a_tiny_agent_ignores_is_refused(recipe, settings):
    [name] = settings
    with pytest.raises(UsageError, match=f"{name} is .*, which has no effect without a model"):
        recipe(**settings)


def test_an_exception_of_a_users_world_is_told_in_one_line(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def mine():\n    raise RuntimeError('no\\nluck')\n")
    with pytest.raises(UsageError, match="can't be made by name: RuntimeError: no luck"):
        world(world=str(file))


def test_a_class_that_does_not_say_its_settings_is_no_world(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("mine = int\n")
    with pytest.raises(UsageError, match="is no World"):
        world(world=f"{file}:mine")


@pytest.mark.parametrize(("recipe", "calls", "least"), [(tool_agent, 1, 2), (search_agent, 0, 1)])
def test_fewer_calls_than_the_expert_makes_are_refused(recipe, calls, least):
    with pytest.raises(UsageError, match=f"calls is {calls}, .* give {least} or more"):
        recipe(calls=calls)


@pytest.mark.parametrize(("recipe", "name"), [(world, "guess"), (self_play, "kuhn")])
def test_noise_without_a_warmup_is_refused(recipe, name):
    with pytest.raises(UsageError, match=r"noise is 0\.7, which has no effect with a model"):
        recipe(world=name, model="folder", noise=0.7)


def test_a_world_of_two_seats_is_for_self_play():
    with pytest.raises(UsageError, match="2 seats; give the recipe self_play"):
        world(world="tic_tac_toe")
