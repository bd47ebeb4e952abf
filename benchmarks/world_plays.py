"""Plays of worlds under the embedded engine with a tiny random model: rates, tokens, memory.

A random model breaks the rules at once.  So the world is given the expert's reply in place of the
sampled one, which has as many tokens: plays are as long as good ones, all tokens are sampled and
recorded, and their number is the same in every run.
"""

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from engine import never_ends

from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.environments.finding import terse_world
from whet.environments.playing import play
from whet.protocols import Bot, Environment, Policy, World
from whet.rollouts.player import RolloutPlayer
from whet.types import Decoding, Prompt, Reply, Request, Rollout, Task, Verdict

Row = dict[str, Any]
SLOTS, BUDGET = 512, 6000  # those of the recipe `world`
HEARD, SAID = 8, 8  # tokens of a turn of the talks
LEVELS = {"guess": 5, "calculator": 3}


def opened(alphabet: str, positions: int = 512) -> RolloutPlayer:
    """A player with the recipe's tiny model, whose replies never end by themselves."""
    model = source(alphabet, positions)
    engine = Embedded(device="cpu", threads=1, slots=SLOTS, budget=BUDGET)
    player = asyncio.run(engine.player(model, 0))
    generator: Any = player.generator
    never_ends(generator.backbone.model)
    return player


def source(alphabet: str, positions: int = 512) -> FromScratch:
    """The tiny model of the recipe `world`."""
    tokenizer = CharacterTokenizer(alphabet=alphabet)
    return FromScratch(shape="neox-tiny", tokenizer=tokenizer, positions=positions)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A policy's handle; the world hears the expert in its place."""

    policy: Policy
    bot: Bot

    async def __call__(
        self, observation: Prompt, *, options: Sequence[str] = (), state: str = ""
    ) -> Reply:
        """As many tokens as the expert's reply has characters."""
        said = await self.bot(observation, options)
        await self.policy(observation, state=state, max_new_tokens=len(said))
        return Reply(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered(Environment):
    """A world of one seat that hears its expert, whatever the policy says."""

    world: World

    async def play(self, task: Task, policy: Policy) -> Verdict | None:
        """A play as long as the expert's."""
        bot = self.world.expert(task, Random(0))
        if bot is None:
            raise ValueError(f"{type(self.world).__name__} has no expert")
        handle: Any = Spoken(policy, bot)
        return await self.world.play(task, handle)


async def at_most(concurrent: int, work: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """All results, in order, of work of which so much is under way at once."""
    places = asyncio.Semaphore(concurrent)

    async def placed(one: Coroutine[Any, Any, Any]) -> Any:
        async with places:
            return await one

    return await asyncio.gather(*map(placed, work))


async def rolled(
    player: RolloutPlayer, world: Environment, tasks: Sequence[Task], concurrent: int
) -> list[Rollout]:
    """A rollout of every task."""
    inside, how = player.within(world), Decoding(max_new_tokens=32)
    groups = await at_most(
        concurrent, [inside.play(Request.of(task, (n,), how)) for n, task in enumerate(tasks)]
    )
    return [rollout for (group,) in groups for rollout in group]


def peak_mib() -> float:
    """Largest resident memory of this process so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def plays(name: str, concurrent: int) -> Row:
    """Plays per second and memory of one world, in a process of its own.

    Resident memory is the growth of its peak over that of the loaded model with one play done.
    The share of the world is what the same plays take without a model, over what they take with it.
    """
    world = terse_world(name)
    steered, player = Steered(world=world), opened(world.alphabet)
    count = max(concurrent, 64)
    tasks = [world.draw(Random(str(n)), LEVELS[name]) for n in range(count)]
    asyncio.run(rolled(player, steered, tasks[:1], 1))  # warms up
    resident, before = peak_mib(), dict(player.token_counts())
    wall, cpu = time.perf_counter(), time.process_time()
    rollouts = asyncio.run(rolled(player, steered, tasks, concurrent))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    grown = peak_mib() - resident
    tokens = {key: n - before[key] for key, n in player.token_counts().items()}
    alone = time.process_time()
    asyncio.run(at_most(concurrent, [without_model(world, task) for task in tasks]))
    alone = time.process_time() - alone
    if not all(rollout.verdict and rollout.verdict.score == 1 for rollout in rollouts):
        raise RuntimeError("a play of the expert was not won")
    return {
        "world": f"{name} {LEVELS[name]}",
        "concurrent": concurrent,
        "plays": count,
        "turns": sum(len(rollout.acts) for rollout in rollouts) / count,
        **tokens,
        "plays/s": count / wall,
        "plays per CPU s": count / cpu,
        "world's share": alone / cpu,
        "peak grows, MiB": grown,
        "Python's peak, MiB": traced_peak(player, steered, tasks, concurrent),
    }


async def without_model(world: World, task: Task) -> None:
    """The same play with the expert alone."""
    bot = world.expert(task, Random(0))
    assert bot is not None
    await play(world, task, lambda seat: bot)


def traced_peak(
    player: RolloutPlayer, world: Environment, tasks: Sequence[Task], concurrent: int
) -> float:
    """Peak of Python's own allocations while the tasks are played once more; no tensors."""
    gc.collect()
    tracemalloc.start()
    asyncio.run(rolled(player, world, tasks, concurrent))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz "


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk(Environment):
    """Turns of so many heard and so many sampled tokens; `anew` ends the session behind each.

    With `gate` the talk waits before its end until the gate opens.
    """

    turns: int
    anew: bool = False
    gate: "Gate | None" = None

    async def play(self, task: Task, policy: Policy) -> Verdict:
        """A talk, which is won."""
        handle: Any = policy
        for turn in range(self.turns):
            await policy(heard(task, turn), max_new_tokens=SAID)
            if self.anew:
                handle.generator.end(handle.session)
        if self.gate is not None:
            await self.gate.wait()
        return Verdict.binary(correct=True)


def heard(task: Task, turn: int) -> str:
    """Random characters, other ones for every talk and turn."""
    return "".join(Random(f"{task.id} {turn}").choices(LETTERS, k=HEARD))


@dataclass(slots=True)
class Gate:
    """Opens once so many talks wait at it; the memory is measured then."""

    talks: int
    player: RolloutPlayer
    waiting: int = 0
    seen: Row = field(default_factory=dict)
    opens: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        """The last one measures, and lets all of them go on."""
        self.waiting += 1
        if self.waiting == self.talks:
            await asyncio.sleep(0.05)  # the decoding loop comes to rest
            self.seen = held_memory(self.player)
            self.opens.set()
        await self.opens.wait()


def talks(count: int) -> list[Task]:
    """Tasks that share no token of their first observation."""
    return [Task(id=f"talk {n}", prompt="-") for n in range(count)]


def prefill(turns: int, count: int = 16, pairs: int = 3) -> Row:
    """Tokens of so many talks with sessions that go on, and with sessions that begin anew."""
    player = opened(LETTERS, positions=turns * (HEARD + SAID) + 1)
    found, seconds = dict[bool, tuple[Row, set[tuple[int, ...]]]](), list[float]()
    for pair in range(pairs + 1):  # the first one warms up
        cpu = {}
        for anew in (False, True):
            before, began = dict(player.token_counts()), time.process_time()
            rollouts = asyncio.run(rolled(player, Talk(turns=turns, anew=anew), talks(count), 16))
            cpu[anew] = time.process_time() - began
            after = player.token_counts()
            counts = {key: after[key] - before[key] for key in after}
            found[anew] = counts, {tuple(r.token_ids.tolist()) for r in rollouts}
        if pair:
            seconds.append(cpu[True] / cpu[False])
    (kept, rows), (anew, others) = found[False], found[True]
    if rows != others:
        raise RuntimeError("both sides do not say the same")
    distinct = sum(map(len, rows))
    computed = [counts["prefilled"] + counts["reread"] for counts in (kept, anew)]
    both = [count + kept["decoded"] for count in computed]
    return {
        "turns": turns,
        "distinct tokens": distinct,
        "decoded": kept["decoded"],
        "prefilled, kept": computed[0],
        "prefilled, anew": computed[1],
        "kept / distinct": both[0] / distinct,
        "anew / kept": both[1] / both[0],
        "T/2": turns / 2,
        "CPU seconds, anew / kept": sorted(seconds)[len(seconds) // 2],
    }


def held_memory(player: RolloutPlayer) -> Row:
    """Python's memory, tokens with cached keys, and bytes of the cache, now."""
    gc.collect()
    generator: Any = player.generator
    scheduler = generator.scheduler
    caches = (scheduler.own, scheduler.prompts.kv_cache)
    tensors = [tensor for cache in caches for tensor in (*cache.keys, *cache.values)]
    return {
        "python": tracemalloc.get_traced_memory()[0],
        "tokens": sum(session.length for session in scheduler.sessions.values()),
        "reserved": sum(tensor.numel() * tensor.element_size() for tensor in tensors),
    }


def waiting(turns: int, count: int = 256) -> Row:
    """Memory of talks that all wait for the world at once, per talk."""
    positions = turns * (HEARD + SAID) + 1
    player = opened(LETTERS, positions)
    asyncio.run(rolled(player, Talk(turns=turns), talks(2), 2))  # warms up
    tracemalloc.start()
    before, gate = held_memory(player), Gate(count, player)
    asyncio.run(rolled(player, Talk(turns=turns, gate=gate), talks(count), count))
    tracemalloc.stop()
    seen, per_token = gate.seen, source(LETTERS, positions).size().cache_bytes
    return {
        "turns": turns,
        "waiting": count,
        "tokens each": turns * (HEARD + SAID),
        "with keys, each": seen["tokens"] / count,
        "cache bytes a token": per_token,
        "cache each, kB": per_token * seen["tokens"] / count / 1000,
        "reserved each, kB": seen["reserved"] / count / 1000,
        "Python each, kB": (seen["python"] - before["python"]) / count / 1000,
    }
