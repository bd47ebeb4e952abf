"""Replies of conversations are compared with their limits and their ends, one by one."""

import asyncio
from dataclasses import dataclass, replace

import numpy as np
import pytest
from sabotaged import brief

from whet.protocols import Environment
from whet.rollouts.checks import check_request
from whet.sampling.structured.chains import Chains
from whet.types import Act, Finish, IntegrityError, Over, Request

SEEDS = range(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice(Environment):
    """Two replies; the second one is shorter and has a stop string of its own."""

    async def play(self, task, policy):
        await policy(task.prompt)
        try:
            await policy("+1=", max_new_tokens=2, stop=("7",))
        except Over:
            return


def asked(tokens=6):
    run = brief({})
    player, _ = asyncio.run(run.engine.open(run.model, 0))
    how = replace(run.decoding, max_new_tokens=tokens, temperature=2.0)
    return player.within(Twice()), Request.of(run.corpus.task("train", 1), SEEDS, how)


def answered(tokens=6):
    player, request = asked(tokens)
    return player, request, asyncio.run(player.play(request))


def changed(groups, one):
    return [replace(g, rollouts=tuple(one(r).sealed() for r in g)) for g in groups]


def test_sound_conversations_pass_in_every_shape():
    player, request, groups = answered()
    check_request(request, groups, player)
    assert any(len(rollout.acts) == 2 for rollout in groups[0])
    finishes = {act.finish for rollout in groups[0] for act in rollout.acts}
    assert finishes == {Finish.STOP, Finish.LENGTH}
    shaped = replace(request, shape=Chains())
    check_request(shaped, asyncio.run(player.play(shaped)), player)


def test_a_later_reply_that_is_too_long_is_found():
    player, request, groups = answered()
    short = tuple(
        replace(play, decoding=replace(play.decoding, max_new_tokens=4)) for play in request.plays
    )
    told = changed(groups, lambda r: replace(r, decoding=short[0].decoding))
    with pytest.raises(IntegrityError, match=r"wrong end: reply 1 .* its limit is 4"):
        check_request(replace(request, plays=short), told, player)


def test_an_end_token_within_a_reply_is_found():
    """Two replies of a row are said to be one."""

    def joined(rollout):
        if len(rollout.acts) < 2 or rollout.acts[0].finish is not Finish.STOP:
            return rollout
        first, second = rollout.acts
        whole = Act(start=first.start, stop=second.stop, message=1, finish=second.finish)
        keep = [*range(first.start, first.stop), *range(second.start, second.stop)]
        ids = rollout.token_ids[[*range(first.start), *keep]]
        return replace(
            rollout,
            token_ids=ids,
            action_mask=np.array([False] * first.start + [True] * len(keep)),
            acts=(replace(whole, stop=first.start + len(keep)),),
        )

    player, request, groups = answered()
    with pytest.raises(IntegrityError, match="goes on behind an end token"):
        check_request(request, changed(groups, joined), player)


def test_a_complete_reply_that_is_said_to_be_cut_is_found():
    def cut(rollout):
        acts = tuple(replace(act, finish=Finish.LENGTH) for act in rollout.acts)
        return replace(rollout, acts=acts)

    player, request, groups = answered()
    with pytest.raises(IntegrityError, match="ends with an end token, but is said to be cut"):
        check_request(request, changed(groups, cut), player)
