"""Sampling of one reply into the row of a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import ndarray

from whet.protocols import Generator, Renderer
from whet.rollouts.row import Row
from whet.types import ContextFull, Decoding, EpisodeSpent, Finish, Reply, UsageError
from whet.types.replies import OPEN


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


def within_budget(how: Decoding, row: Row, positions: int, shortened: str = "") -> Decoding:
    """The decoding of a row's next reply: at most what is left of the episode and of the context.

    Raises `EpisodeSpent` or `ContextFull` where nothing is left, and `UsageError` for a reply that
    no context could hold.  `positions` is the length of the
    context; 0: not known.  `shortened` says why it is shorter than the model declares.
    """
    most, budget = how.max_new_tokens, how.max_episode_tokens
    if budget:
        if row.chosen >= budget:
            raise EpisodeSpent(
                f"{row.chosen} tokens are sampled, and decoding.max_episode_tokens is {budget}"
            )
        most = min(most, budget - row.chosen)
    why = f" ({shortened})" if shortened else ""
    if positions:
        if how.max_new_tokens >= positions:
            raise UsageError(
                f"decoding.max_new_tokens is {how.max_new_tokens}, but the model has {positions} "
                f"positions for prompt and reply{why}; give less"
            )
        if len(row.token_ids) >= positions:
            raise ContextFull(
                f"a reply has no room behind {len(row.token_ids)} tokens: the model has "
                f"{positions} positions{why}"
            )
        most = min(most, positions - len(row.token_ids))
    return replace(how, max_new_tokens=most)


def read(renderer: Renderer, row: Row, text: str, before: str) -> Reply:
    """The last reply of a row, as its environment reads it; the text `before` opened it."""
    if not row.tools:
        return Reply(text, row.finish, before=before)
    thought = before if before.rstrip().endswith(OPEN) else ""
    words, calls = renderer.calls(thought + text, row.tools)
    return Reply(text, row.finish, before=before, calls=calls, words=words)


def certain(size: int) -> dict[str, ndarray]:
    """Columns of external tokens: log-prob 0, entropy 0, self-certainty 0."""
    zeros = np.zeros(size, np.float32)
    return {"logp": zeros, "entropy": zeros, "self_certainty": zeros}
