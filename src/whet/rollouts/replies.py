"""Sampling of one reply into the row of a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import ndarray

from whet.protocols import Generator
from whet.rollouts.row import Row
from whet.types import Decoding, Finish, UsageError


@dataclass(frozen=True, slots=True)
class ReplySampler:
    """A conversation as its generator knows it."""

    generator: Generator
    seed: int
    session: str
    fork_of: str  # session that it was forked from
    pause_at: int  # sampled tokens of the conversation at which it is interrupted; 0: never

    async def sample(self, row: Row, how: Decoding, given: int) -> list[int]:
        """Sample until the reply, of which `given` tokens are known, ends or the play is paused.

        New weights may arrive in between.
        """
        said: list[int] = []
        pause = self.pause_at or row.chosen + how.max_new_tokens
        left = min(how.max_new_tokens, max(1, pause - row.chosen))
        while True:
            found = await self.generator.generate(
                row.token_ids,
                replace(how, max_new_tokens=left),
                seed=self.seed,
                offset=row.chosen,
                session=self.session,
                fork_of=self.fork_of,
                said=given + len(said),
            )
            ids = found.token_ids.tolist()
            columns = {"logp": found.logp, **found.columns}
            if found.entropy is not None:
                columns["entropy"] = found.entropy
            start = 0
            for size, version in found.spans:
                part = slice(start, start + size)
                row.choose(ids[part], version, {k: x[part] for k, x in columns.items()})
                start += size
            said += ids
            left -= len(ids)
            if found.finish is not None or not left:  # interrupted behind the last token
                row.finish = found.finish or Finish.LENGTH
                return said


def limited(how: Decoding, stop: Sequence[str], max_new_tokens: int) -> Decoding:
    """The decoding of one reply, with what its environment asks for.

    Raises `UsageError` for an empty stop string and a negative limit.
    """
    if max_new_tokens < 0:
        raise UsageError(
            f"max_new_tokens is {max_new_tokens}; give 1 or more, or 0 for decoding.max_new_tokens"
        )
    if "" in stop:  # "" is in every string, so a plain string is refused too
        raise UsageError(f"stop is {stop!r}; give a tuple of strings, none of them empty")
    most = min(max_new_tokens or how.max_new_tokens, how.max_new_tokens)
    return replace(how, max_new_tokens=most, stop=(*how.stop, *stop))


def certain(size: int) -> dict[str, ndarray]:
    """Columns of external tokens: log-prob 0, entropy 0, self-certainty 0."""
    zeros = np.zeros(size, np.float32)
    return {"logp": zeros, "entropy": zeros, "self_certainty": zeros}
