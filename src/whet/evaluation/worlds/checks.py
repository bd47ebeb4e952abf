"""All checks of a world: fair, finite, repeatable, and won by its expert."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

from whet.evaluation.worlds import fairness, repeatability, soundness
from whet.evaluation.worlds.trial import Found, WorldTrial

CHECKS: Mapping[str, Callable[[WorldTrial], Awaitable[Found]]] = {
    "tasks": repeatability.tasks,
    "hidden": fairness.hidden,
    "expert wins": fairness.expert_wins,
    "silence loses": fairness.silence_loses,
    "noise survives": soundness.noise_survives,
    "illegal moves": fairness.illegal_moves,
    "random player": fairness.random_player,
    "replay equal": repeatability.replay_equal,
    "second process": repeatability.second_process,
    "isolation": repeatability.isolation,
    "global state": repeatability.global_state,
    "endings": soundness.endings,
    "cost": soundness.cost,
}


_STARTING = {"second process": 5}  # times the patience: a busy machine is slow to import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a check found. `passed` is None where there is nothing to check."""

    name: str
    passed: bool | None
    told: str


async def checked(trial: WorldTrial, seconds: float = 60.0) -> AsyncIterator[Check]:
    """All checks, in order. One fails where a play raises, or hangs for so many seconds."""
    for name in CHECKS:
        yield await check(trial, name, seconds)


async def check(trial: WorldTrial, name: str, seconds: float = 60.0) -> Check:
    """One check by its name."""
    try:
        async with asyncio.timeout(seconds * _STARTING.get(name, 1)):
            passed, told = await CHECKS[name](trial)
    except TimeoutError:
        passed, told = False, f"hangs for {seconds:g} s"
    except Exception as error:  # noqa: BLE001  (of the world: it is the finding)
        passed, told = False, f"{type(error).__name__}: {error}"
    return Check(name=name, passed=passed, told=told)
