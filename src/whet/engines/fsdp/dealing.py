"""The share of each rank: its rollouts, its micro-batches, passes that only accompany others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from whet.engines.embedded.packing import PackedRollouts, pack, slices
from whet.types import Rollout, Task

_GHOST = Rollout(
    task=Task(id="ghost", prompt=""),
    seed=0,
    token_ids=np.zeros(3, np.int32),
    action_mask=np.array([False, True, True]),
    behaviour_logp=np.zeros(2, np.float32),
)


@dataclass(frozen=True, slots=True)
class Deal:
    """The share of one rank in the computation of some rollouts.

    All ranks have `rounds` forward passes, because each of them is a collective: a rank with fewer
    micro-batches fills up with ghosts.
    """

    mine: tuple[int, ...]  # places of this rank's rollouts, ascending
    parts: tuple[slice, ...]  # its micro-batches, of `mine`
    rounds: int  # forward passes of every rank

    @property
    def ghosts(self) -> int:
        """Forward passes of this rank that only accompany those of others."""
        return self.rounds - len(self.parts)


def deal(rollouts: Sequence[Rollout], budget: int, ranks: int, rank: int) -> Deal:
    """The share of `rank`; every rank works out the same deal by itself.

    Whole families of one opening are dealt, longest first, each to the rank that has least tokens.
    One rank has all rollouts in their order.
    """
    places = shares(rollouts, ranks)
    held = [tuple(slices([rollouts[i] for i in own], budget)) for own in places]
    return Deal(places[rank], held[rank], max(len(parts) for parts in held))


def shares(rollouts: Sequence[Rollout], ranks: int) -> list[tuple[int, ...]]:
    """The places of every rank's rollouts, ascending."""
    families: dict[bytes, list[int]] = {}
    for place, rollout in enumerate(rollouts):
        opening = int(rollout.action_mask.argmax()) if rollout.length else len(rollout.token_ids)
        families.setdefault(rollout.token_ids[:opening].tobytes(), []).append(place)
    price = {
        opening: _price(opening, [rollouts[i] for i in of]) for opening, of in families.items()
    }
    load, dealt = [0] * ranks, [list[int]() for _ in range(ranks)]
    for opening in sorted(families, key=lambda one: -price[one]):  # stable: the first one first
        least = load.index(min(load))
        load[least] += price[opening]
        dealt[least] += families[opening]
    return [tuple(sorted(own)) for own in dealt]


def _price(opening: bytes, rollouts: Sequence[Rollout]) -> int:
    """Number of tokens of a family; prefixes that forks share are counted for each of them."""
    width = np.dtype(np.int32).itemsize
    before = len(opening) // width
    return before + sum(longest(rollout) - before for rollout in rollouts if rollout.length)


def longest(rollout: Rollout) -> int:
    """Number of computed tokens of a rollout by itself: all before its last sampled one."""
    return int(np.flatnonzero(rollout.action_mask)[-1]) if rollout.length else 0


def ghost(device: torch.device) -> PackedRollouts:
    """A call of two tokens, whose result is not used."""
    return pack([_GHOST], device)
