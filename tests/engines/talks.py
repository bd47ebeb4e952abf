"""Scripted talks, the same for every generator: turns with observations, and forks of all kinds."""

import asyncio
from dataclasses import dataclass, field
from random import Random

import numpy as np
from tiny import VOCABULARY

from whet.types import Decoding

HOW = Decoding(max_new_tokens=9, stop=("c", "xd"))


def words(rng, count):
    """Tokens of a world."""
    return [rng.randrange(2, VOCABULARY) for _ in range(count)]


@dataclass
class Row:
    """One session's row, as its player keeps it."""

    generator: object
    name: str
    seed: int
    tokens: list
    offset: int = 0
    logp: list = field(default_factory=list)
    entropy: list = field(default_factory=list)
    chosen: list = field(default_factory=list)
    replies: list = field(default_factory=list)

    async def ask(self, observation=(), how=HOW, fork_of="", begun=0):
        """One turn, whose last `begun` tokens were said before."""
        self.tokens += observation
        said = await self.generator.generate(
            self.tokens,
            how,
            seed=self.seed,
            offset=self.offset,
            session=self.name,
            fork_of=fork_of,
            said=begun,
        )
        self.take(said)
        return said

    def take(self, said):
        """Append what was said."""
        self.tokens += said.token_ids.tolist()
        self.offset += len(said.token_ids)
        self.logp += said.logp.tolist()
        self.entropy += said.entropy.tolist()
        self.chosen += said.token_ids.tolist()
        self.replies.append(len(said.token_ids))


async def talk(generator, name, opening, seed, turns=5, pauses=0, how=HOW):  # noqa: PLR0913, PLR0917
    """A conversation of some turns."""
    rng, clock = Random(f"{name}{seed}"), Random(seed)
    row = Row(generator, name, seed, list(opening))
    for turn in range(turns):
        await row.ask(words(rng, rng.choice([0, 1, 2, 7, 30])) if turn else [], how)
        for _ in range(clock.randrange(pauses + 1)):
            await asyncio.sleep(0)
    generator.end(name)
    return [row]


async def tree(generator, name, opening, seed, depth=2):
    """A talk that is forked at every kind of place, as are some of its forks, while it goes on."""
    rng = Random(f"{name}{seed}")
    parent = Row(generator, name, seed, list(opening))
    await parent.ask()
    await parent.ask(words(rng, 4))
    return await _forked(parent, len(opening), rng, depth)


async def _forked(parent, line, rng, depth):
    size = len(parent.tokens)
    last = parent.replies[-1]
    places = {
        "inside the line": line - 1,
        "after the line": line,
        "one more": line + 1,
        "inside": (line + size) // 2,
        "before the reply": size - last,
        "before the last": size - 1,
        "at the end": size,
    }
    going = []
    for place, cut in places.items():
        for more in ((), tuple(words(rng, 3))):
            name = f"{parent.name}/{place}{len(more)}"
            child = Row(parent.generator, name, len(name) + parent.seed, [*parent.tokens[:cut]])
            going.append(_branch(child, list(more), parent.name, rng.randrange(99), depth))
    rows = await asyncio.gather(_on(parent, rng), *going)
    return [row for some in rows for row in some]


async def _on(row, rng):
    await row.ask(words(rng, 2))
    row.generator.end(row.name)
    return [row]


async def _branch(child, more, parent, luck, depth):
    rng = Random(luck)
    cut = len(child.tokens)
    await child.ask(more, fork_of=parent)
    if depth > 1 and child.name.endswith(("/inside3", "end3")):
        return await _forked(child, cut, rng, depth - 1)
    return await _on(child, rng)


def everything(generator, work, openings, seeds):
    """All talks at once; their rows by name."""

    async def run():
        talks = (
            work(generator, f"{i}:{seed}", opening, seed)
            for i, opening in enumerate(openings)
            for seed in seeds
        )
        return await asyncio.gather(*talks)

    return {row.name: row for rows in asyncio.run(run()) for row in rows}


def assert_equal(ours, theirs):
    """The same tokens, log-probs and entropies within 1e-5."""
    assert ours.keys() == theirs.keys()
    for name, row in theirs.items():
        assert ours[name].tokens == row.tokens, name
        assert ours[name].replies == row.replies, name
        np.testing.assert_allclose(ours[name].logp, row.logp, atol=1e-5, rtol=0)
        np.testing.assert_allclose(ours[name].entropy, row.entropy, atol=1e-4, rtol=0)
