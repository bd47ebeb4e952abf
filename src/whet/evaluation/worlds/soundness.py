"""Checks that a world survives any reply, ends as it says, and is quick."""

import inspect
import re
from math import isfinite
from random import Random
from statistics import median

import numpy as np

from whet.environments.playing import Played
from whet.evaluation.worlds.bots import noisy
from whet.evaluation.worlds.trial import WorldTrial
from whet.types import Finish, Verdict


async def noise_survives(trial: WorldTrial) -> tuple[bool, str]:
    """No reply raises, and all scores lie in the bounds of the world."""
    low, high = trial.world.bounds
    for place in range(trial.noisy_plays):
        task, rng = trial.task(place), Random(f"noise {place}")
        played = await trial.played(task, lambda seat, rng=rng: noisy(trial.world, rng))
        for verdict in played.verdicts.values():
            if verdict is not None and not _sound(verdict, low, high):
                return False, f"score {verdict.score} of {task.id}, not in [{low:g}, {high:g}]"
            if verdict is not None and len(verdict.turn_rewards) not in (0, *_sizes(played)):
                return False, f"{len(verdict.turn_rewards)} turn rewards of {task.id}"
    return True, f"{trial.noisy_plays} plays, all scores in [{low:g}, {high:g}]"


async def endings(trial: WorldTrial) -> tuple[bool | None, str]:
    """The endings of all plays so far, and those that the world's file names and no play had."""
    source = inspect.getsource(inspect.getmodule(trial.world) or type(trial.world))
    claimed = {Finish[name] for name in re.findall(r"Finish\.([A-Z]+)", source)}
    missing = sorted(claimed - trial.finishes)
    told = ", ".join(sorted(f or "as the last reply" for f in trial.finishes))
    if missing:
        return None, f"{told}; in no play {', '.join(missing)}"
    return True, told


async def cost(trial: WorldTrial) -> tuple[None, str]:
    """The time of the world between two replies."""
    worst = float(np.quantile(trial.milliseconds, 0.99))
    return None, f"median {median(trial.milliseconds):.3f} ms a reply, 99 % {worst:.3f} ms"


def _sound(verdict: Verdict, low: float, high: float) -> bool:
    return verdict.judged and isfinite(verdict.score) and low <= verdict.score <= high


def _sizes(played: Played) -> set[int]:
    """Numbers of replies by seat."""
    return {sum(turn.seat == seat for turn in played.turns) for seat in played.verdicts}
