"""What a player returns is compared with what it was asked for."""

import asyncio
import re
from dataclasses import replace
from math import log

import numpy as np
import pytest
from sabotaged import Changing, brief, said

from whet.rollouts.checks.requested import check_request
from whet.rollouts.checks.seeds import check_seeds
from whet.rollouts.player import RolloutPlayer
from whet.types import Finish, Group, IntegrityError, Play, Request, Rollout, Task


class Doubling(Changing):
    """A rollout is there twice, under two ids; another one is lost."""

    def changed(self, rollouts):
        return [rollouts[0], replace(rollouts[0], id="b"), *rollouts[1:-1]]


class Dropping(Changing):
    """A rollout of every group is lost."""

    def changed(self, rollouts):
        return rollouts[:-1]


class Reordering(Changing):
    """Rollouts come back in the order in which they ended."""

    def changed(self, rollouts):
        return sorted(rollouts, key=lambda r: (r.length, -r.seed))


class Adding(Changing):
    """A rollout of a seed that nobody asked for."""

    def changed(self, rollouts):
        return [*rollouts, replace(rollouts[0], seed=1, play_seed=1, id="more").sealed()]


class Mixing(Changing):
    """A group carries the task of another request."""

    def one(self, rollout):
        return replace(rollout, task=replace(rollout.task, id="other"))


class Relabelled(Changing):
    """Rollouts of another prompt, under the task that was asked for."""

    def one(self, rollout):
        heard = {"role": "user", "content": "8="}
        return replace(rollout, messages=(heard, *rollout.messages[1:]))


class Hotter(Changing):
    """The decoding is another one, and the rollouts say so."""

    def one(self, rollout):
        return replace(rollout, decoding=replace(rollout.decoding, temperature=1.5))


class Longer(Changing):
    """Replies have more tokens than their limit."""

    async def play(self, request):
        plays = [replace(p, decoding=replace(p.decoding, max_new_tokens=9)) for p in request.plays]
        groups = await RolloutPlayer.play(self, replace(request, plays=tuple(plays)))
        how = request.plays[0].decoding
        return tuple(
            replace(g, rollouts=tuple(replace(r, decoding=how).sealed() for r in g)) for g in groups
        )


class Seedless(Changing):
    """One seed draws all replies of a group; the rollouts carry those that were asked for."""

    async def play(self, request):
        first = request.plays[0].seed
        same = tuple(replace(play, seed=first) for play in request.plays)
        groups = await RolloutPlayer.play(self, replace(request, plays=same))
        return tuple(
            replace(g, rollouts=tuple(map(_reseeded, g.rollouts, request.plays))) for g in groups
        )


def _reseeded(rollout, play):
    name = f"{rollout.id}-{play.seed}"
    return replace(rollout, seed=play.seed, play_seed=play.seed, id=name).sealed()


def _of_two(rollout):
    return rollout.finish is Finish.STOP and rollout.length > 1


class Trimmed(Changing):
    """The token that ends a reply is cut off."""

    def one(self, rollout):
        if not _of_two(rollout):
            return rollout
        return _shorter(rollout, rollout.token_ids[:-1], rollout.action_mask[:-1])


class MaskedEnd(Changing):
    """The token that ends a reply is masked as padding, whose id it has."""

    def one(self, rollout):
        if not _of_two(rollout):
            return rollout
        mask = rollout.action_mask.copy()
        mask[-1] = False
        return _shorter(rollout, rollout.token_ids, mask)


def _shorter(rollout, ids, mask):
    n = rollout.length - 1
    return replace(
        rollout,
        token_ids=ids,
        action_mask=mask,
        behaviour_logp=rollout.behaviour_logp[:n],
        entropy=rollout.entropy[:n],
        columns={name: x[:n] for name, x in rollout.columns.items()},
        spans=(replace(rollout.spans[0], tokens=n),),
        acts=(replace(rollout.acts[0], stop=rollout.acts[0].stop - 1),),
    )


class Complete(Changing):
    """Replies that were cut are said to be complete."""

    def one(self, rollout):
        acts = tuple(replace(act, finish=Finish.STOP) for act in rollout.acts)
        return replace(rollout, acts=acts, finish=Finish.STOP)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Doubling, "asked for"),
        (Dropping, "asked for.*has no rollout"),
        (Reordering, "asked for.*out of order"),
        (Adding, "asked for.*seed 1 was not asked for"),
        (Mixing, "asked for.*'other'"),
        (Relabelled, "asked for.*another prompt"),
        (Hotter, r"asked for.*temperature=1\.5"),
        (Longer, "wrong end.*its limit is 4"),
        (Seedless, "seeds are ignored"),
        (Trimmed, "wrong end.*no end token"),
        (MaskedEnd, "masked end"),
        (Complete, "wrong end.*no end token"),
    ],
)
def test_another_answer_than_was_asked_for_stops_the_run_at_once(kind, told, tmp_path):
    message, taken = said(brief({"played": kind}), tmp_path)
    assert taken == 0
    assert re.search(told, message), message


def test_the_healthy_twin_ends_without_a_word(tmp_path):
    assert said(brief({"played": Changing}), tmp_path) == ("", 2)


def test_of_two_plays_with_one_seed_each_is_compared_with_its_own():
    """A prompt with a hint beside the same one without."""
    run = brief({})
    player, _ = asyncio.run(run.engine.open(run.model, 0))
    task, how = run.corpus.task("train", 1), run.decoding
    plays = (Play(seed=5, decoding=how), Play(seed=5, decoding=how, prompt="22="))
    request = Request(task=task, plays=plays)
    groups = asyncio.run(player.play(request))
    check_request(request, groups, player)
    turned = [replace(group, rollouts=group.rollouts[::-1]) for group in groups]
    with pytest.raises(IntegrityError, match="another prompt"):
        check_request(request, turned, player)


def rollout_of(seed, ids, logp):
    """A rollout with these log-probs, one for each token."""
    n = len(ids)
    return Rollout(
        task=Task(id="t", prompt="?"),
        seed=seed,
        token_ids=np.array([0, *ids], np.int32),
        action_mask=np.array([False] + [True] * n),
        behaviour_logp=np.full(n, logp, np.float32),
    )


def test_a_sure_policy_may_repeat_itself_and_an_unsure_one_may_not():
    """Fifty tokens of probability 1/2: two equal ones of eight have chance < C(8,2) 2^-50."""
    sure = [rollout_of(i, range(50), log(0.999)) for i in range(8)]
    check_seeds([Group.of(sure)])
    unsure = [rollout_of(i, range(i, i + 200), log(0.5)) for i in range(8)]
    check_seeds([Group.of(unsure)])
    with pytest.raises(IntegrityError, match="1 of 1 groups"):
        check_seeds([Group.of([*unsure[:7], rollout_of(8, range(200), log(0.5))])])


def test_equal_short_replies_of_a_fair_die_are_chance():
    """Eight throws of a die show a face twice in each of a hundred groups."""
    rng = np.random.default_rng(0)
    groups = [
        Group.of([rollout_of(i, [int(face)], -log(6)) for i, face in enumerate(faces)])
        for faces in rng.integers(0, 6, (100, 8))
    ]
    check_seeds(groups)
    loaded = [Group.of([rollout_of(i, [0, 1, 2], -log(6)) for i in range(8)]) for _ in range(20)]
    with pytest.raises(IntegrityError, match="20 of 20 groups"):
        check_seeds(loaded)
