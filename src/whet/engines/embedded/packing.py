"""Packing of rollouts into one forward call: shared tokens once, no token that predicts nothing.

Rollouts with the same opening share it. Forked rollouts share every common prefix: their rows form
a trie, and its edges are segments.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from whet.engines.embedded.forest import Packed, Segment, build_forest, common
from whet.engines.embedded.kept_tokens import KeptTokens
from whet.types import Rollout
from whet.types.kept import KEPT, kept_ids, kept_of


@dataclass(frozen=True, slots=True)
class PackedRollouts:
    """Rollouts as model inputs: n tokens, of which N sampled ones are predicted."""

    tokens: Int[Tensor, " n"]
    positions: Int[Tensor, " n"]
    forest: Packed
    source: Int[Tensor, " N"]  # index of the input token that predicts each sampled token
    choice: Int[Tensor, " N"]
    temperature: Float[Tensor, " N"]
    kept: KeptTokens | None  # None: no rollout's sampling was truncated
    observed: "Observed"


class Observed(NamedTuple):
    """The M observation tokens of rollouts, in their order, and what predicts each of them."""

    source: Int[Tensor, " M"]
    token: Int[Tensor, " M"]
    temperature: Float[Tensor, " M"]


class _Row(NamedTuple):
    """The computed tokens of a rollout: all before its last sampled token."""

    opening: tuple[int, ...]  # tokens before the first sampled one
    own: tuple[int, ...]
    chosen: tuple[tuple[int, int], ...]  # (position, id) of each sampled token
    observed: tuple[tuple[int, int], ...]  # the same of each observation token
    temperature: float
    forked: bool

    @property
    def tokens(self) -> tuple[int, ...]:
        return self.opening + self.own


def _row(rollout: Rollout) -> _Row:
    tokens = tuple(rollout.token_ids.tolist())
    places = np.flatnonzero(rollout.action_mask).tolist()
    first, last = (places[0], places[-1]) if places else (len(tokens), len(tokens))
    return _Row(
        opening=tokens[:first],
        own=tokens[first:last],
        chosen=tuple((place, tokens[place]) for place in places),
        observed=tuple((int(place), tokens[place]) for place in np.flatnonzero(rollout.observed)),
        temperature=rollout.decoding.logp_temperature,
        forked=bool(rollout.parent),
    )


@dataclass(slots=True)
class _Family:
    """Rows with the same opening, and the number of tokens that they need together."""

    rows: list[_Row] = field(default_factory=list)
    forked: bool = False
    price: int = 0

    def priced(self, row: _Row) -> int:
        """Number of tokens of the family with this row added."""
        if row.forked and not self.forked:
            before = [*self.rows, row]
            met = [_met(one, before[:k]) for k, one in enumerate(before)]
            return len(row.opening) + sum(len(r.own) for r in before) - sum(met)
        opening = 0 if self.rows else len(row.opening)
        return self.price + opening + len(row.own) - (_met(row, self.rows) if self.forked else 0)

    def add(self, row: _Row) -> None:
        """Add a row to the family."""
        self.price = self.priced(row)
        self.forked |= row.forked
        self.rows.append(row)


def _met(row: _Row, others: Sequence[_Row]) -> int:
    """Number of own tokens that a row shares with one of the others."""
    return max((common(row.own, other.own) for other in others), default=0)


def slices(rollouts: Sequence[Rollout], budget: int) -> Iterator[slice]:
    """Micro-batches of consecutive rollouts, each of at most `budget` tokens or one rollout."""
    start, spent = 0, 0
    families: dict[tuple[int, ...], _Family] = {}
    for index, row in enumerate(map(_row, rollouts)):
        family = families.setdefault(row.opening, _Family())
        more = family.priced(row) - family.price
        if index > start and spent + more > budget:
            yield slice(start, index)
            start, spent, family = index, 0, _Family()
            families = {row.opening: family}
            more = family.priced(row)
        spent += more
        family.add(row)
    if start < len(rollouts):
        yield slice(start, len(rollouts))


@dataclass(slots=True)
class _Layout:
    """Segments laid end to end."""

    segments: list[Segment] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)

    def lay(self, run: Sequence[int], path: tuple[int, ...]) -> tuple[int, ...]:
        """Append a segment after `path`; the path that ends with it."""
        first = sum(self.segments[k].length for k in path)
        self.segments.append(Segment(len(self.tokens), len(run), path))
        self.tokens.extend(run)
        self.positions.extend(range(first, first + len(run)))
        return (*path, len(self.segments) - 1)

    def grow(self, rows: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Append the trie of these rows, depth first; the path of each row."""
        paths: list[tuple[int, ...]] = [()] * len(rows)
        waiting: list[tuple[list[int], int, tuple[int, ...]]] = [(list(range(len(rows))), 0, ())]
        while waiting:
            members, start, path = waiting.pop()
            first = rows[members[0]]
            end = min(common(first, rows[k]) for k in members)
            if end > start:
                path = self.lay(first[start:end], path)
            branches: dict[int, list[int]] = {}
            for k in members:
                paths[k] = path
                if len(rows[k]) > end:
                    branches.setdefault(rows[k][end], []).append(k)
            waiting.extend((branch, end, path) for branch in reversed(branches.values()))
        return paths

    def at(self, path: tuple[int, ...], places: Sequence[int]) -> Iterator[int]:
        """Token indices of ascending positions on a path."""
        segments = iter([self.segments[k] for k in path])
        before, segment = 0, next(segments)
        for place in places:
            while place >= before + segment.length:
                before += segment.length
                segment = next(segments)
            yield segment.start + place - before


def _paths(layout: _Layout, rows: Sequence[_Row]) -> list[tuple[int, ...]]:
    """Append all rows; the path of each."""
    families: dict[tuple[int, ...], list[int]] = {}
    for k, row in enumerate(rows):
        families.setdefault(row.opening, []).append(k)
    paths: dict[int, tuple[int, ...]] = {}
    openings: dict[tuple[int, ...], tuple[int, ...]] = {}
    for k, row in enumerate(rows):
        family = families[row.opening]
        if k in paths:
            continue
        if any(rows[i].forked for i in family):
            grown = layout.grow([rows[i].tokens for i in family])
            paths.update(zip(family, grown, strict=True))
            continue
        if row.opening not in openings:
            openings[row.opening] = layout.lay(row.opening, ())
        path = openings[row.opening]
        paths[k] = layout.lay(row.own, path) if row.own else path
    return [paths[k] for k in range(len(rows))]


def pack(rollouts: Sequence[Rollout], device: torch.device | str = "cpu") -> PackedRollouts:
    """Lay rollouts end to end, without those that have no sampled token."""
    rows = [_row(rollout) for rollout in rollouts if rollout.length]
    layout = _Layout()
    source: list[int] = []
    heard: list[int] = []
    for row, path in zip(rows, _paths(layout, rows), strict=True):
        # a token at position p is predicted by the one at p − 1
        source.extend(layout.at(path, [place - 1 for place, _ in row.chosen]))
        heard.extend(layout.at(path, [place - 1 for place, _ in row.observed]))
    return PackedRollouts(
        tokens=torch.tensor(layout.tokens, device=device),
        positions=torch.tensor(layout.positions, device=device),
        forest=build_forest(layout.segments, device),
        source=torch.tensor(source, device=device),
        choice=torch.tensor([token for row in rows for _, token in row.chosen], device=device),
        temperature=torch.tensor(
            [row.temperature for row in rows for _ in row.chosen], device=device
        ),
        kept=_kept([rollout for rollout in rollouts if rollout.length], device),
        observed=Observed(
            torch.tensor(heard, dtype=torch.long, device=device),
            torch.tensor(
                [token for row in rows for _, token in row.observed],
                dtype=torch.long,
                device=device,
            ),
            torch.tensor([row.temperature for row in rows for _ in row.observed], device=device),
        ),
    )


def _kept(rollouts: Sequence[Rollout], device: torch.device | str) -> KeptTokens | None:
    if not any(KEPT in rollout.columns for rollout in rollouts):
        return None
    columns = [kept_of(rollout.columns, rollout.length) for rollout in rollouts]
    sizes, ids = kept_ids(np.concatenate(columns))
    return KeptTokens(torch.from_numpy(sizes), torch.from_numpy(ids.astype(np.int64)).to(device))
