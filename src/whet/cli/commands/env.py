"""`whet env ACTION WORLD`: list worlds, show one, play it, check its promises, replay a play."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from random import Random
from typing import Any

from whet import registry
from whet.cli.arguments import EnvOptions
from whet.cli.commands import show
from whet.cli.options import parse
from whet.cli.replaying import replay
from whet.environments.finding import world as world_named
from whet.environments.playing import play
from whet.evaluation.worlds.checks import Check, checked
from whet.evaluation.worlds.trial import WorldTrial
from whet.invoked import command
from whet.protocols import World
from whet.registry import nearest
from whet.types import Prompt, UsageError, text_of
from whet.types.messages import messages_of

BROKEN = 1


def main(words: Sequence[str]) -> int:
    """Do what the first word says."""
    asked = parse(EnvOptions, words, "env")
    actions: Mapping[str, Callable[[EnvOptions], int]] = {
        "list": _list,
        "show": lambda asked: show.main([asked.world]),
        "play": _play,
        "check": _check,
        "replay": lambda asked: replay(asked.world, asked.rollout, as_json=asked.json),
    }
    if asked.action not in actions:
        raise UsageError(
            f"action is {asked.action!r}; {nearest(asked.action, actions)} "
            f"({command('env', '--help')})"
        )
    if asked.rollout and asked.action != "replay":
        raise UsageError(f"{asked.rollout!r} is one word too many for action {asked.action}")
    if asked.action == "replay" and not asked.rollout:
        raise UsageError(
            "action replay needs a run's folder, and the id or the number of a rollout"
        )
    if asked.action != "list" and not asked.world:
        raise UsageError(f"action {asked.action} needs a world; {command('env', 'list')} shows all")
    return actions[asked.action](asked)


def _worlds() -> dict[str, World]:
    loaded = {name: place.load() for name, place in registry.names("environment").items()}
    worlds = {n: c for n, c in loaded.items() if isinstance(c, type) and issubclass(c, World)}
    return {name: world() for name, world in worlds.items()}


def _list(asked: EnvOptions) -> int:
    worlds = _worlds()
    if asked.json:
        rows = [{"name": n, "levels": w.levels, "seats": w.seats} for n, w in worlds.items()]
        print(json.dumps(rows))
        return 0
    for name, world in worlds.items():
        low, high = world.levels
        about = (type(world).__doc__ or "").partition("\n")[0]
        seats = f", {len(world.seats)} seats" if len(world.seats) > 1 else ""
        print(f"{name:16} levels {low} to {high}{seats}: {about}")
    return 0


def _levels(world: World, level: int) -> range:
    low, high = world.levels
    if level and not low <= level <= high:
        raise UsageError(f"level is {level}; give {low} to {high}, or 0 for all of them")
    return range(level, level + 1) if level else range(low, high + 1)


def _check(asked: EnvOptions) -> int:
    if asked.plays < 1:
        raise UsageError(f"plays is {asked.plays}; give 1 or more")
    world = world_named(asked.world)
    found: dict[int, list[Check]] = {}
    for level in _levels(world, asked.level):
        trial = WorldTrial(world=world, level=level, name=asked.world, plays=asked.plays)
        found[level] = asyncio.run(_all_of(trial, told=not asked.json))
    if asked.json:
        print(
            json.dumps({level: [asdict(check) for check in rows] for level, rows in found.items()})
        )
    return BROKEN if any(c.passed is False for rows in found.values() for c in rows) else 0


async def _all_of(trial: WorldTrial, *, told: bool) -> list[Check]:
    """The checks of one level, each printed when it is done."""
    rows: list[Check] = []
    if told:
        print(f"level {trial.level}")
    async for check in checked(trial):
        rows.append(check)
        if told:
            mark = {True: "ok", False: "BROKEN", None: "-"}[check.passed]
            print(f"  {mark:6} {check.name:15} {check.told}", flush=True)
    return rows


def _play(asked: EnvOptions) -> int:
    """Play a task; every seat is at the keyboard."""
    world = world_named(asked.world)
    level = _levels(world, asked.level)[0]
    task = world.draw(Random(asked.seed), level)

    def seated(seat: str) -> Any:
        async def reply(observation: Prompt, options: Sequence[str]) -> str:
            print(text_of(messages_of(observation)) if observation else "", end="")
            if options:
                print(f"[{' '.join(options)}]")
            return input(f"{seat or 'you'}> ")

        return reply

    try:
        played = asyncio.run(play(world, task, seated))
    except EOFError:
        raise UsageError(
            "the input ended before the play; type a reply to each observation"
        ) from None
    for seat, verdict in played.verdicts.items():
        if verdict is not None:
            ended = f", {verdict.finish}" if verdict.finish else ""
            print(f"{seat or 'you'}: score {verdict.score:g}, {verdict.reason}{ended}")
    return 0
