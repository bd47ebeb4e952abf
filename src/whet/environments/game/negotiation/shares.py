"""Shares of a pool of goods, and what they are worth."""

from collections.abc import Iterator, Sequence
from itertools import product
from random import Random

Goods = Sequence[int]  # how many of each kind, or what one of each is worth

KINDS = 3
WORTH = 10  # of the whole pool, to either seat
_GOODS = {1: (3, 4), 2: (5, 6), 3: (7, 9)}  # by level: least and most goods in the pool


def drawn(rng: Random, level: int) -> tuple[Goods, Sequence[Goods]]:
    """A pool, and two different rows of values, such that both seats can have half of it."""
    low, high = _GOODS[level]
    while True:
        pool = [rng.randint(1, high - 2) for _ in range(KINDS)]
        if low <= sum(pool) <= high:
            rows = [[*row] for row in shares([WORTH] * KINDS) if value(pool, row) == WORTH]
            values = rng.sample(rows, min(2, len(rows)))
            if values[1:] and fair(pool, values):
                return pool, values


def fair(pool: Goods, values: Sequence[Goods]) -> bool:
    """True if some shares give both seats half of what the pool is worth to them."""
    return any(2 * min(worths(one, pool, values)) >= WORTH for one in shares(pool))


def pareto(share: Goods, pool: Goods, values: Sequence[Goods]) -> bool:
    """True if no other share of the first seat gives one seat more and the other no less."""
    has = worths(share, pool, values)
    others = (worths(one, pool, values) for one in shares(pool))
    return not any(o != has and o[0] >= has[0] and o[1] >= has[1] for o in others)


def worths(share: Goods, pool: Goods, values: Sequence[Goods]) -> tuple[int, int]:
    """What a share of the first seat, and the rest for the second, are worth to them."""
    return value(share, values[0]), value(rest(pool, share), values[1])


def shares(pool: Goods) -> Iterator[tuple[int, ...]]:
    """All that a seat can take from a pool."""
    return product(*(range(count + 1) for count in pool))


def rest(pool: Goods, share: Goods) -> tuple[int, ...]:
    """What is left of a pool."""
    return tuple(a - b for a, b in zip(pool, share, strict=True))


def common(one: Goods, other: Goods) -> int:
    """The number of goods that are in both."""
    return sum(map(min, one, other))


def value(goods: Goods, worth: Goods) -> int:
    """What goods are worth."""
    return sum(a * b for a, b in zip(goods, worth, strict=True))


def written(goods: Goods) -> str:
    """Goods as text, such as `1 0 2`."""
    return " ".join(map(str, goods))
