"""Places: the tokens of a reply where a tree may fork."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from whet.protocols import Part
from whet.sampling.structured.points import said_in_reply, token_at
from whet.types import Rollout


class ForkPlaces(Part, ABC):
    """The tokens before which a tree may fork."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, rollout: Rollout, scores: Float[ndarray, " N"]) -> Float[ndarray, " N"]:
        """The scores of the places, and −inf for all other tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyToken(ForkPlaces):
    """Before any token, as in TreeRL."""

    def __call__(self, rollout: Rollout, scores: Float[ndarray, " N"]) -> Float[ndarray, " N"]:
        return scores


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStarts(ForkPlaces):
    """At the starts of lines: a line has the highest score of its tokens, as in FR3E.

    Every reply starts a line. So does the whole reply, where the engine can't tell which characters
    a token completes.
    """

    def __call__(self, rollout: Rollout, scores: Float[ndarray, " N"]) -> Float[ndarray, " N"]:
        found = np.full(rollout.length, -np.inf)
        for start, stop in pairwise([*self.starts(rollout), rollout.length]):
            found[start] = scores[start:stop].max()
        return found

    def starts(self, rollout: Rollout) -> list[int]:
        """The first token of every line, among all sampled tokens."""
        found: set[int] = set()
        for reply, said in enumerate(rollout.spoken):
            if said.start == said.stop:
                continue
            text = said_in_reply(rollout, reply)
            lines = [n + 1 for n, char in enumerate(text) if char == "\n"]
            starts = [token_at(rollout, reply, char) for char in lines]
            found |= {said.start, *(start for start in starts if start is not None)}
        return sorted(found)
