"""Steps of worlds alone, and calls of tools: what they cost without a model.

A step goes from a reply to the next observation or the verdict, and includes the recording of the
turn.  An opening goes from the start of a play to its first observation.  The seats are the world's
expert, or where it has none the random player.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from whet import registry
from whet.calls.shipped.calc import calc
from whet.calls.shipped.lookup import Lookup
from whet.calls.shipped.python_cells import Python
from whet.calls.shipped.search import Search
from whet.calls.toolbox import OpenToolbox, Toolbox
from whet.calls.tools import Offered
from whet.environments.playing import play
from whet.environments.tool_talk import quick
from whet.evaluation.worlds.bots import random
from whet.protocols import Bot, World
from whet.types import Prompt, Task, ToolCall

Row = dict[str, Any]


def worlds() -> list[tuple[str, World]]:
    """The worlds of the registry that bring tasks of their own and need no argument."""
    found = []
    for name in registry.names("environment"):
        kind = registry.find("environment", name)
        if isinstance(kind, type) and issubclass(kind, World):
            found.append((name, kind()))
    return found


@dataclass(slots=True)
class Clock:
    """Seconds that a world takes between its calls of bots."""

    last: float = 0.0
    openings: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    begun: bool = False

    def start(self) -> None:
        """A play begins."""
        self.begun, self.last = False, time.perf_counter()

    def stop(self) -> None:
        """A bot is asked, or the play has ended."""
        (self.steps if self.begun else self.openings).append(time.perf_counter() - self.last)
        self.begun = True

    def around(self, bot: Bot) -> Bot:
        """The same bot, whose own time is not the world's."""

        async def reply(observation: Prompt, options: Sequence[str]) -> str:
            self.stop()
            said = await bot(observation, options)
            self.last = time.perf_counter()
            return said

        return reply


def at_seat(clock: Clock, world: World, task: Task, rng: Random, seat: str) -> Bot:
    """The expert, or the random player where the world has none, with a clock around it."""
    del seat
    return clock.around(world.expert(task, rng) or random(world, rng))


async def steps_of(name: str, world: World, plays: int) -> Row:
    """Times of so many plays at the lowest level."""
    level, clock, drawn, characters = world.levels[0], Clock(), list[float](), list[int]()
    by_expert = world.expert(world.draw(Random("0"), level), Random(0)) is not None
    for place in range(-2, plays):  # the first two warm up
        began = time.perf_counter()
        task = world.draw(Random(str(place)), level)
        drawn.append(time.perf_counter() - began)
        rng = Random(f"bot {place}")

        clock.start()
        done = await play(world, task, partial(at_seat, clock, world, task, rng))
        clock.stop()
        characters += [len(turn.observation) for turn in done.turns]
        if place < 0:
            clock, drawn, characters = Clock(), [], []
    steps = sorted(clock.steps)
    return {
        "world": name,
        "bot": "expert" if by_expert else "random",
        "plays": plays,
        "steps": len(steps),
        "steps/s": len(steps) / (sum(steps) + sum(clock.openings)),
        "step ms, median": 1e3 * statistics.median(steps),
        "step ms, p99": 1e3 * steps[int(0.99 * (len(steps) - 1))],
        "opening ms": 1e3 * statistics.median(clock.openings),
        "draw ms": 1e3 * statistics.median(drawn),
        "characters": statistics.mean(characters),
    }


def steps(plays: int) -> list[Row]:
    """A row per world."""
    return [asyncio.run(steps_of(name, world, plays)) for name, world in worlds()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tooling:
    """A tool, and the n-th call of it with the answer that it has to give (None: any text)."""

    name: str
    offered: Offered
    call: Callable[[int], ToolCall]
    answer: Callable[[int], str] | None = None


def tooling() -> list[Tooling]:
    """The tools that are measured; the *quick* ones run without a thread, as in worlds."""
    table = {f"k{n}": n for n in range(512)}
    lookup = Lookup(Task(id="t", prompt="", info={"tables": {"v": table}})).lookup
    passages = [(f"title {n}", f"word{n} and word{n + 1} are in passage {n}") for n in range(200)]
    search = Search(passages).search

    def calculating(n: int) -> ToolCall:
        return ToolCall(name="calc", arguments={"expression": f"{n}+5"})

    def looking(n: int) -> ToolCall:
        return ToolCall(name="lookup", arguments={"key": f"k{n % 512}"})

    def searching(n: int) -> ToolCall:
        return ToolCall(name="search", arguments={"query": f"word{n % 200}"})

    def running(n: int) -> ToolCall:
        return ToolCall(name="python", arguments={"code": f"x = {n}\nx + 5"})

    return [
        Tooling(name="calc, quick", offered=quick(calc), call=calculating, answer=plus_five),
        Tooling(name="calc", offered=calc, call=calculating, answer=plus_five),
        Tooling(name="lookup, quick", offered=quick(lookup), call=looking),
        Tooling(name="lookup", offered=lookup, call=looking),
        Tooling(name="search, quick", offered=quick(search), call=searching),
        Tooling(name="search", offered=search, call=searching),
        Tooling(name="python", offered=Python(), call=running, answer=plus_five),
    ]


def plus_five(n: int) -> str:
    """What the n-th calculation gives."""
    return str(n + 5)


async def calls_of(tool: Tooling, calls: int) -> Row:
    """Round trips through a toolbox, one after the other: arguments are checked, results printed.

    Raises `RuntimeError` for an answer that is wrong.
    """
    async with AsyncExitStack() as stack:
        began = time.perf_counter()
        task = Task(id="t", prompt="")
        box = await stack.enter_async_context(Toolbox.open([tool.offered], task, calls + 1))
        await _called(box, tool, 0)
        opening = time.perf_counter() - began
        took = []
        for n in range(1, calls + 1):
            began = time.perf_counter()
            await _called(box, tool, n)
            took.append(time.perf_counter() - began)
    took.sort()
    return {
        "tool": tool.name,
        "calls": calls,
        "calls/s": calls / sum(took),
        "call ms, median": 1e3 * statistics.median(took),
        "call ms, p99": 1e3 * took[int(0.99 * (calls - 1))],
        "opening and first call, ms": 1e3 * opening,
    }


async def _called(box: OpenToolbox, tool: Tooling, n: int) -> None:
    (message,) = await box.answer((tool.call(n),))
    said = str(message["content"]).strip()
    wrong = said.startswith("error") or (tool.answer is not None and said != tool.answer(n))
    if wrong:
        raise RuntimeError(f"call {n} of {tool.name} was answered {said!r}")


def tools(calls: int) -> list[Row]:
    """A row per tool."""
    return [asyncio.run(calls_of(tool, calls)) for tool in tooling()]
