"""The part of a recorded rollout that another play begins with."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from numpy import ndarray

from whet.rollouts.row import Row
from whet.types import Finish, Play, Rollout, UsageError, Version

UNSTEADY = (
    "it answers the same replies in another way when it is played again; let it draw nothing but "
    "what the task says, or give --sampling.shape chains"
)


class RecordedTokens(NamedTuple):
    """Consecutive sampled tokens of one version, with their columns."""

    ids: list[int]
    version: Version | None
    columns: dict[str, ndarray]


@dataclass(frozen=True, slots=True)
class Begun:
    """The first `tokens` sampled tokens of a rollout, and the replies that they belong to."""

    rollout: Rollout
    tokens: int

    def has(self, act: int) -> bool:
        """Whether some tokens of reply number `act` are taken over."""
        spoken = self.rollout.spoken
        return act < len(spoken) and spoken[act].start < self.tokens

    def complete(self, row: Row, most: int) -> bool:
        """Whether a row's next reply is taken over as a whole; the row ends as it did.

        A reply that was cut at a length limit is complete if the limit was `most` tokens: a reply
        of a paused play goes on.
        """
        act = len(row.acts)
        row.finish = self.rollout.acts[act].finish
        spoken = self.rollout.spoken[act]
        if spoken.stop > self.tokens:
            return False
        later = act + 1 < len(self.rollout.spoken)
        ended = row.finish is Finish.STOP
        return ended or later or spoken.stop - spoken.start >= most

    def heard(self, act: int) -> list[int]:
        """Token ids of the observation before reply number `act`."""
        acts = self.rollout.acts
        return self.rollout.token_ids[acts[act - 1].stop if act else 0 : acts[act].start].tolist()

    def said(self, act: int) -> Iterator[RecordedTokens]:
        """The tokens that are taken over of reply number `act`, version by version."""
        rollout, spoken = self.rollout, self.rollout.spoken[act]
        ids, stop = rollout.chosen_ids, min(spoken.stop, self.tokens)
        known = {n: x for n, x in rollout.columns.items() if n != "char_ends"}
        known["logp"] = rollout.behaviour_logp
        if rollout.entropy is not None:
            known["entropy"] = rollout.entropy
        start = 0
        for span in rollout.spans:
            part = slice(max(start, spoken.start), min(start + span.tokens, stop))
            start += span.tokens
            if part.start < part.stop:
                columns = {name: column[part] for name, column in known.items()}
                yield RecordedTokens(ids[part].tolist(), span.version, columns)

    def repeat(self, row: Row) -> list[int] | None:
        """Append the recorded tokens of a row's next reply; None where nothing of it is recorded.

        Raises `UsageError` if the row has heard something else than the recorded one.
        """
        act = len(row.acts)
        if not self.has(act):
            return None
        if row.token_ids[row.acts[-1].stop if row.acts else 0 :] != self.heard(act):
            raise UsageError(UNSTEADY)
        said: list[int] = []
        for ids, version, columns in self.said(act):
            row.choose(ids, version, columns)
            said += ids
        return said


def named(play: Play) -> tuple[object, ...] | Play:
    """The play, with the id of the rollout that it begins with.

    The verdict of that rollout holds measured times, which no name may depend on.
    """
    if play.begun is None:
        return play
    rollout, tokens = play.begun
    return replace(play, begun=None), rollout.id, tokens


def hint_of(play: Play) -> float:
    """The share of a solution that the play tells, or the rollout that it begins with."""
    return play.hint if play.begun is None else max(play.hint, play.begun[0].hint)
