"""Replies of conversations: each ends with its first end token, or at its limit."""

from collections.abc import Iterator, Sequence

import numpy as np

from whet.protocols import Player
from whet.rollouts.checks.recorded import check_integrity
from whet.types import Act, Finish, IntegrityError, Play, Request, Rollout


def check_replies(request: Request, rollouts: Sequence[Rollout], player: Player) -> None:
    """No reply of a conversation goes on behind an end token, or is longer than its play allows.

    An environment may end a reply earlier, by stop strings and limits of its own.  Tokens that were
    forced on the policy may be any.

    Raises `IntegrityError` with the task, the seed and the number of the reply.
    """
    ends = player.renderer.ends
    most = max(map(_most, request.plays), default=0)
    for rollout in rollouts if ends else ():
        for number, (act, ids) in enumerate(_sampled(rollout), 1):
            if odd := _odd(act, ids, ends, most):
                check_integrity([rollout])  # tokens that were changed since are called so
                raise IntegrityError(
                    f"wrong end: reply {number} to task {rollout.task.id!r}, seed {rollout.seed}, "
                    f"{odd}",
                    [rollout],
                )


def _most(play: Play) -> int:
    """The most tokens of a reply; one that a play begins with may be of a larger limit."""
    begun = 0 if play.begun is None else play.begun[0].decoding.max_new_tokens + 1
    return max(begun, play.decoding.max_new_tokens) + len(play.prefix)


def _sampled(rollout: Rollout) -> Iterator[tuple[Act, list[int]]]:
    """Each reply with the tokens that the policy sampled."""
    ids, own = rollout.chosen_ids, ~rollout.external
    for act, spoken in zip(rollout.acts, rollout.spoken, strict=True):
        yield act, ids[spoken][own[spoken]].tolist()


def _odd(act: Act, ids: Sequence[int], ends: frozenset[int], most: int) -> str:
    """What is wrong with the tokens of a reply; empty for nothing."""
    if len(ids) > most:
        return f"has {len(ids)} tokens, and its limit is {most}"
    inside = np.isin(np.array(ids[:-1], np.int64), list(ends))
    if inside.any():
        return f"goes on behind an end token (at {int(inside.argmax())} of {len(ids)})"
    if act.finish is Finish.LENGTH and ids and ids[-1] in ends:
        return "ends with an end token, but is said to be cut"
    return ""
