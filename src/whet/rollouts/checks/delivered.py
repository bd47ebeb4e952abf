"""Weight identity: the player holds the weights that the learner sent, and computes with them."""

from dataclasses import replace
from math import inf, nan

import numpy as np
from numpy import ndarray

from whet.environments.single_turn import SingleTurn
from whet.protocols import Learner, Player
from whet.rollouts.checks.limits import TrustLimits
from whet.rollouts.checks.recorded import check_integrity
from whet.rollouts.checks.requested import check_request
from whet.types import Decoding, IntegrityError, Request, Task
from whet.types.weights import Weights

PROBE = Decoding(max_new_tokens=8)
SEEDS = (1, 2, 3, 4)
_LOW = ("bfloat16", "float16")
_STRAYS = 16


def probe_of(task: Task, decoding: Decoding) -> Request:
    """Four short plays of a task, not longer than the run's replies.

    A task without a prompt, as its environment makes it, gets the prompt "?".
    """
    how = replace(PROBE, max_new_tokens=min(PROBE.max_new_tokens, decoding.max_new_tokens))
    return Request.of(task if task.prompt else replace(task, prompt="?"), SEEDS, how)


async def check_weight_sync(
    player: Player, learner: Learner, weights: Weights, probe: Request, limits: TrustLimits
) -> None:
    """Weight identity: the player has the learner's weights, and computes its log-probs.

    Tensors are compared by digest where the player tells what it holds.  Log-probs of a fixed
    prompt are compared always, so that stale keys of the prompt are noticed, too.
    """
    _check_held(player, weights)
    probing = player.within(SingleTurn())
    groups = await probing.play(probe)
    check_request(probe, groups, probing)
    probed = [rollout for group in groups for rollout in group]
    check_integrity(probed)
    sampled = np.concatenate([r.behaviour_logp for r in probed])
    gap = _gap(np.abs(sampled - (await learner.logp(probed)).numpy()), learner.dtype)
    limit = limits.of(learner.dtype).probe
    if not gap <= (inf if limit is None else limit):
        usual = "" if limits.probe is not None else f", above the rounding of {learner.dtype}"
        raise IntegrityError(
            f"weights not delivered whole: on the probe, generator and learner log-probs differ "
            f"by {gap:.3g} (limits.probe is {limit}{usual}): the generator computes with other "
            "weights, or with keys of earlier ones, or gives log-probs that are not of its draws",
            probed,
        )


def _gap(apart: ndarray, dtype: str) -> float:
    """The largest of these differences; in low precision, the largest but for one token in 16.

    Where two experts of a model are about equally apt, rounding in low precision decides between
    them, and a log-prob changes by a nat or more.  It happens to single tokens; weights and keys
    that are not delivered change all of them.
    """
    if np.isnan(apart).any():
        return nan
    strays = len(apart) // _STRAYS if dtype in _LOW else 0
    return float(np.sort(apart)[::-1][strays])


def _check_held(player: Player, weights: Weights) -> None:
    """Raise `IntegrityError` for a version or a tensor that is not the one that was sent."""
    held, sent = player.held(), weights.version
    there, due = player.manifest(), weights.manifest
    odd = [n for n in sorted(there.keys() | due.keys()) if there.get(n) != due.get(n)]
    if held == sent and not (there and odd):
        return
    what = f"{odd[0]!r} is not the tensor that was sent ({len(odd)} of {len(due)} differ)"
    raise IntegrityError(
        f"weights not delivered: the player holds {held.digest} (version {held.step}), the "
        f"learner sent {sent.digest} (version {sent.step})" + (f"; {what}" if there and odd else "")
    )
