"""A tool agent: the policy calls tools until it answers, and the answer is rewarded."""

from collections.abc import Mapping
from dataclasses import replace

from whet.calls.finding import tools as found
from whet.environments.agents.tool_agent import ToolAgent
from whet.environments.code.calculator import Calculator
from whet.protocols import Algorithm
from whet.recipes.rlvr import rlvr
from whet.recipes.world import tiny
from whet.training.run import Run
from whet.types import UsageError


def tool_agent(
    *,
    model: str = "",
    data: str = "",
    tools: tuple[str, ...] = ("calc",),
    calls: int = 8,
    reward: str = "declared",
    algorithm: str | Algorithm = "dapo",
) -> Run:
    """Train a policy that calls tools.

    `model`, `data` and `reward` are as in the recipe rlvr.  `tools` are calc, lookup, python and
    workspace, or file.py:function for a function of your own; `calls` limits the calls of an
    episode.  Without `model` and `data`, a tiny model from random weights learns the world
    calculator: to look up a value, to calculate with it, and to repeat the result.
    """
    if bool(model) != bool(data):
        raise UsageError("model and data belong together; give both, or neither for a tiny model")
    if model:
        run = rlvr(model=model, data=data, reward=reward, algorithm=algorithm)
        return replace(run, environment=ToolAgent(tools=found(tools), calls=calls))
    without_model({"reward": (reward, "declared"), "tools": (tools, ("calc",))})
    check_calls(calls, 2)
    return tiny(Calculator(rules="", calls=calls), 2, 0.85, algorithm)


def check_calls(calls: int, least: int) -> None:
    """Raise `UsageError` for fewer calls than the expert makes: the tiny model imitates it."""
    if 0 <= calls < least:
        raise UsageError(
            f"calls is {calls}, but the tiny model's world needs {least}; give {least} or more"
        )


def without_model(settings: Mapping[str, tuple[object, object]]) -> None:
    """Raise `UsageError` for a setting other than its default: a tiny model has no use for it."""
    for name, (value, default) in settings.items():
        if value != default:
            raise UsageError(
                f"{name} is {value!r}, which has no effect without a model: the world of the tiny "
                "one has its own; give model and data, or leave it out"
            )
