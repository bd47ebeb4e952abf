"""Players whose rollouts are not what was asked for, or not what was sampled."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from whet.rollouts.checks.delivered import SEEDS
from whet.rollouts.player import RolloutPlayer
from whet.types import Finish, Version


@dataclass(frozen=True, slots=True)
class Changing(RolloutPlayer):
    """Changes the rollouts of a request before it returns them, sealed anew."""

    async def play(self, request):
        groups = await RolloutPlayer.play(self, request)
        return tuple(replace(g, rollouts=tuple(self.changed(list(g.rollouts)))) for g in groups)

    def changed(self, rollouts):
        """By default, every rollout for itself."""
        return [self.one(rollout) for rollout in rollouts]

    def one(self, rollout):
        return rollout


def with_logp(rollout, logp):
    return replace(rollout, behaviour_logp=np.asarray(logp, np.float32)).sealed()


class Stale(Changing):
    """Its tokens are of an older version, and say so."""

    def one(self, rollout):
        old = Version(step=0, digest="older")
        return replace(
            rollout, spans=tuple(replace(s, version=old) for s in rollout.spans)
        ).sealed()


class Retokenising(Changing):
    """Reads its own text again: other ids for the same words, after the seal."""

    def one(self, rollout):
        ids = rollout.token_ids.copy()
        ids[-1] = (ids[-1] + 1) % 10
        return replace(rollout, token_ids=ids)


class Lost(Changing):
    """The first log-prob is no number."""

    def one(self, rollout):
        return with_logp(rollout, [np.nan, *rollout.behaviour_logp[1:]])


class Infinite(Changing):
    """The last log-prob is −∞, and its token stays in every denominator."""

    def one(self, rollout):
        return with_logp(rollout, [*rollout.behaviour_logp[:-1], -np.inf])


class Shifted(Changing):
    """Every log-prob belongs to the token before."""

    def one(self, rollout):
        return with_logp(rollout, np.roll(rollout.behaviour_logp, 1))


class Zeroed(Changing):
    """Log-probs are missing, and filled with 0."""

    def one(self, rollout):
        return with_logp(rollout, np.zeros(rollout.length))


class Likeliest(Changing):
    """The log-prob of the likeliest token stands where that of the sampled token is due.

    −H/2 is above every log-prob that is less likely than that; the exact one is not recorded.
    """

    def one(self, rollout):
        least = -0.5 * np.asarray(rollout.entropy)
        return with_logp(rollout, np.maximum(rollout.behaviour_logp, least))


class Untempered(Changing):
    """Log-probs at another temperature than that of the draw, to first order."""

    def one(self, rollout):
        return with_logp(rollout, 0.8 * rollout.behaviour_logp)


class Noisy(Changing):
    """Every log-prob has noise of a kernel that is not the learner's."""

    def one(self, rollout):
        rng = np.random.default_rng(rollout.seed)
        return with_logp(
            rollout, rollout.behaviour_logp + 0.02 * rng.standard_normal(rollout.length)
        )


class OneNoisy(Changing):
    """One rollout of a step has noise that the mean over the batch hides; the probe has none."""

    async def play(self, request):
        if tuple(play.seed for play in request.plays) == SEEDS:
            return await RolloutPlayer.play(self, request)
        return await Changing.play(self, request)

    def changed(self, rollouts):
        first, *rest = rollouts
        if int(first.task.id.rpartition("-")[2]) % 4:  # one of four tasks in a row
            return rollouts
        noise = 0.0045 * (-1.0) ** np.arange(first.length)
        return [with_logp(first, first.behaviour_logp + noise), *rest]


class Halved(Changing):
    """Log-probs are stored as bfloat16."""

    def one(self, rollout):
        kept = torch.tensor(rollout.behaviour_logp.copy()).bfloat16().float()
        return with_logp(rollout, kept.numpy())


class Doubling(Changing):
    """The first rollout stands twice in its group."""

    def changed(self, rollouts):
        return [rollouts[0], *rollouts[:-1]]


class Renamed(Changing):
    """The first rollout stands twice, under another id and seed."""

    def changed(self, rollouts):
        if len(rollouts) == 1:
            return rollouts
        first, second, *rest = rollouts
        return [first, replace(first, seed=second.seed, id=f"{first.id}b").sealed(), *rest]


class Dropping(Changing):
    """One rollout of every group is lost."""

    def changed(self, rollouts):
        return rollouts[:-1]


class Adding(Changing):
    """One rollout too many, of a seed that was not asked for."""

    def changed(self, rollouts):
        return [*rollouts, replace(rollouts[0], seed=rollouts[0].seed + 1, id="more").sealed()]


class Reordering(Changing):
    """Rollouts come back in the order in which they ended."""

    def changed(self, rollouts):
        return list(reversed(rollouts))


class Seedless(Changing):
    """All replies are drawn with the seed of the first one."""

    async def play(self, request):
        seed = request.plays[0].seed
        same = replace(request, plays=tuple(replace(p, seed=seed) for p in request.plays))
        groups = await RolloutPlayer.play(self, same)
        return tuple(
            replace(
                g,
                rollouts=tuple(
                    replace(r, seed=p.seed, play_seed=p.seed, id=f"{r.id}{n}").sealed()
                    for n, (r, p) in enumerate(zip(g.rollouts, request.plays, strict=True))
                ),
            )
            for g in groups
        )


class OtherTask(Changing):
    """Groups carry the task of another request: replies and answers are mixed."""

    async def play(self, request):
        groups = await RolloutPlayer.play(self, request)
        return tuple(self._other(group) for group in groups)

    def _other(self, group):
        task = replace(group.task, id=f"{group.task.id}-other", answer="9")
        rollouts = tuple(replace(r, task=task).sealed() for r in group)
        return replace(group, task=task, rollouts=rollouts)


class OtherDecoding(Changing):
    """It samples at another temperature than it was asked for, and says so."""

    async def play(self, request):
        plays = (replace(p, decoding=replace(p.decoding, temperature=0.7)) for p in request.plays)
        return await RolloutPlayer.play(self, replace(request, plays=tuple(plays)))


class TooLong(Changing):
    """It samples twice as many tokens as the limit."""

    async def play(self, request):
        plays = (replace(p, decoding=replace(p.decoding, max_new_tokens=8)) for p in request.plays)
        groups = await RolloutPlayer.play(self, replace(request, plays=tuple(plays)))
        how = request.plays[0].decoding
        return tuple(
            replace(g, rollouts=tuple(replace(r, decoding=how).sealed() for r in g)) for g in groups
        )


class Endless(Changing):
    """The token that ends a reply is cut off, and the reply said to be complete."""

    def one(self, rollout):
        if rollout.finish is not Finish.STOP or rollout.length == 1:
            return rollout
        return _cut(rollout)


class EndUntaught(Changing):
    """The token that ends a reply counts as padding, since both have one id."""

    def one(self, rollout):
        if rollout.finish is not Finish.STOP or rollout.length == 1:
            return rollout
        mask = rollout.action_mask.copy()
        mask[np.flatnonzero(mask)[-1]] = False
        return _kept(rollout, mask, rollout.token_ids)


class Complete(Changing):
    """Replies that were cut at the limit are said to be complete."""

    def one(self, rollout):
        acts = tuple(replace(act, finish=Finish.STOP) for act in rollout.acts)
        return replace(rollout, finish=Finish.STOP, acts=acts).sealed()


def _cut(rollout):
    last = np.flatnonzero(rollout.action_mask)[-1]
    mask, ids = rollout.action_mask[:last], rollout.token_ids[:last]
    return _kept(rollout, mask, ids)


def _kept(rollout, mask, ids):
    """The rollout with fewer sampled tokens at its end."""
    n = int(mask.sum())
    (span,) = rollout.spans
    (act,) = rollout.acts
    return replace(
        rollout,
        token_ids=ids,
        action_mask=mask,
        behaviour_logp=rollout.behaviour_logp[:n],
        entropy=rollout.entropy[:n],
        columns={name: x[:n] for name, x in rollout.columns.items()},
        spans=(replace(span, tokens=n),),
        acts=(replace(act, stop=act.stop - 1),),
    ).sealed()
