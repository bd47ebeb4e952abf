"""Bots that need no model: silence, chance, noise, and given words."""

from collections.abc import Iterator, Sequence
from random import Random

from whet.protocols import Bot, World
from whet.types import Prompt

_MARKERS = (
    '<tool_call>{"name": "x", "arguments": {}}</tool_call>',
    "<think>",
    "</think>",
    r"\boxed{",
    "<answer></answer>",
    "[]",
    "[[0]]",
)
_LONGEST, _LEGAL = 20_000, 0.5


def silent() -> Bot:
    """Always the empty reply."""

    async def reply(observation: Prompt, options: Sequence[str]) -> str:
        del observation, options
        return ""

    return reply


def random(world: World, rng: Random) -> Bot:
    """One of the options; where there are none, a few characters of the world's alphabet."""
    letters = world.alphabet or "0123456789abcdefghijklmnopqrstuvwxyz "

    async def reply(observation: Prompt, options: Sequence[str]) -> str:
        del observation
        if options:
            return rng.choice([*options])
        return "".join(rng.choices(letters, k=rng.randint(1, 4)))

    return reply


def noisy(world: World, rng: Random) -> Bot:
    """Legal moves, so that a play goes on, and in between noise.

    Noise is bytes, control characters, long lines, tool markers, shuffled words, or a move with
    additions.
    """
    letters = world.alphabet or "abc"

    async def reply(observation: Prompt, options: Sequence[str]) -> str:
        words = str(observation).split()
        rng.shuffle(words)
        move = rng.choice([*options]) if options else rng.choice(letters)
        if rng.random() < _LEGAL:
            return move
        kinds = (
            bytes(rng.randrange(256) for _ in range(rng.randint(0, 40))).decode("latin-1"),
            "".join(map(chr, rng.choices(range(32), k=5))),
            rng.choice(letters) * _LONGEST,
            rng.choice(_MARKERS) + move,
            " ".join(words[:20]),
            f"{move} {move}",
            f"9{move}",
            "9" * rng.randint(1, 400),
            "−١²½",
            "\ud83d",
        )
        return rng.choice(kinds)

    return reply


def recorded(replies: Iterator[str]) -> Bot:
    """The given replies in turn; nothing more behind the last one."""

    async def reply(observation: Prompt, options: Sequence[str]) -> str:
        del observation, options
        return next(replies, "")

    return reply
