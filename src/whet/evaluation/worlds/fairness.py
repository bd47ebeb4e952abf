"""Checks of what a world pays, and to whom."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite, sqrt
from random import Random
from statistics import fmean

from whet.evaluation.intervals import estimate
from whet.evaluation.worlds.bots import random, silent
from whet.evaluation.worlds.trial import Seated, WorldTrial, verdict_of
from whet.protocols import Bot, World
from whet.types import Task, text_of
from whet.types.messages import messages_of

_WON = 0.95  # of plays, by an expert where nothing is left to chance
_KNOWN = frozenset({"world", "level", "turns", "luck"})  # fields that say nothing of a solution
_LUCKY = 10  # times as many plays where luck or an opponent decides, too
_WRONG = "no such move"
_SLACK = 1.5  # standard deviations of a count, at most √plays / 2 each, on both sides


async def hidden(trial: WorldTrial) -> tuple[bool, str]:
    """An opening tells no more of its own `info` than of another task's, but what the world shows.

    A short secret stands in some opening by chance, so both are counted.
    """
    tasks = [trial.task(place) for place in range(trial.plays)]
    openings = [text_of(messages_of(task.prompt)) for task in tasks]
    secrets = [_secrets(task, trial.world) for task in tasks]
    own, others = Counter[str](), Counter[str]()
    for opening, mine, other in zip(openings, secrets, secrets[1:] + secrets[:1], strict=True):
        own.update(name for name, value in mine.items() if _told(value, opening))
        others.update(name for name, value in other.items() if _told(value, opening))
    slack = _SLACK * sqrt(trial.plays)
    leaks = sorted(name for name in own if own[name] > others[name] + slack)
    if leaks:
        return False, f"{', '.join(leaks)} in {own[leaks[0]]} of {trial.plays} openings"
    return True, f"{sum(own.values())} values in their own openings, {sum(others.values())} others"


def _secrets(task: Task, world: World) -> Mapping[str, object]:
    held = {k: v for k, v in task.info.items() if k not in _KNOWN | world.shown}
    return {**held, "answer": task.answer}


async def expert_wins(trial: WorldTrial) -> tuple[bool | None, str]:
    """The expert wins 95 % of plays; with luck or an opponent, it does better than chance."""
    if trial.world.expert(trial.task(0), Random(0)) is None:
        return None, "the world has no expert"
    certain = len(trial.world.seats) == 1 and "luck" not in trial.task(0).info
    plays = trial.plays if certain else _LUCKY * trial.plays
    scores, won = [], []
    for place in range(plays):
        task, seat = trial.task(place), trial.world.seats[place % len(trial.world.seats)]
        played = await trial.played(task, _against_chance(trial, task, seat, place))
        verdict = verdict_of(played, seat)
        scores.append(verdict.score)
        won.append(bool(verdict.correct))
    told = f"wins {fmean(won):.2f}, mean score {fmean(scores):.2f} of {plays} plays"
    if certain:
        return fmean(won) >= _WON, told
    chance = fmean(await trial.scores_by_chance(plays))
    return fmean(scores) > chance, f"{told}; the random player's {chance:.2f}"


def _against_chance(trial: WorldTrial, task: Task, seat: str, place: int) -> Seated:
    """The expert at one seat, chance at the others."""
    chance = trial.by_chance(place)

    def seated(name: str) -> Bot:
        expert = trial.world.expert(task, Random(place)) if name == seat else None
        return expert or chance(name)

    return seated


async def silence_loses(trial: WorldTrial) -> tuple[bool, str]:
    """Empty replies never win, and earn no more than the random player."""
    scores = []
    for place in range(trial.plays):
        played = await trial.played(trial.task(place), lambda seat: silent())
        first = verdict_of(played, next(iter(played.verdicts)))
        if first.correct:
            return False, f"an empty reply wins task {trial.task(place).id}"
        scores.append(first.score)
    chance = fmean(await trial.scores_by_chance(trial.plays))
    told = f"mean score {fmean(scores):.2f}, the random player's {chance:.2f}"
    return fmean(scores) <= chance + 1e-9, told


async def illegal_moves(trial: WorldTrial) -> tuple[bool | None, str]:
    """A move that is not listed ends the play unwon, or leaves everything as it was."""
    tried = 0
    for place in range(trial.plays):
        rng = Random(f"illegal {place}")
        after = rng.randint(0, 2)
        played = await trial.played(trial.task(place), _erring(trial, rng, after))
        bad = next((n for n, t in enumerate(played.turns) if t.reply == _WRONG), None)
        if bad is None or not played.turns[bad].options:
            continue
        tried += 1
        one = played.turns[bad]
        later = next((t for t in played.turns[bad + 1 :]), None)
        if later is not None and (later.seat, later.options) != (one.seat, one.options):
            return False, f"{_WRONG!r} is taken for a move in task {trial.task(place).id}"
        if later is None and verdict_of(played, one.seat).correct:
            return False, f"{_WRONG!r} wins task {trial.task(place).id}"
    return (True, f"{tried} tried") if tried else (None, "the world lists no options")


def _erring(trial: WorldTrial, rng: Random, after: int) -> Seated:
    """Chance, but for one wrong move after so many replies."""
    said = 0

    def seated(seat: str) -> Bot:
        chance = random(trial.world, rng)

        async def reply(observation: object, options: Sequence[str]) -> str:
            nonlocal said
            said += 1
            wrong = said == after + 1
            return _WRONG if wrong else await chance(str(observation), options)

        return reply

    return seated


async def random_player(trial: WorldTrial) -> tuple[bool, str]:
    """The mean score of the random player, which a trained policy has to beat."""
    scores = await trial.scores_by_chance(trial.plays)
    return all(map(isfinite, scores)), str(estimate(scores))


def _told(value: object, opening: str) -> bool:
    """Whether a value of info stands in the opening, as a word of its own."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        text = repr(value)
        return len(text) > 2 and text in opening  # noqa: PLR2004  (an empty list or text)
    text = str(value)
    return bool(text) and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", opening) is not None
