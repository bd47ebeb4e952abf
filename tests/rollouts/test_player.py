"""The player with a generator that says what it is told to: everything is written down once."""

import numpy as np
import pytest
from echoing import END, NEW, OLD, Echoing, ids, played

from whet.types import Finish, Reply, UsageError, Verdict


async def twice(task, policy):
    first = await policy(task.prompt)
    await policy(f"|{len(first)}")


def test_a_conversation_is_one_row_of_ids_that_only_grows():
    [group], generator = played(twice)
    one, other = group
    assert one.token_ids.tolist() == ids("3+4=") + ids("30") + [END] + ids("|2") + ids("33") + [END]
    flags = "0000" + "111" + "00" + "111"
    assert one.action_mask.tolist() == [c == "1" for c in flags]
    assert one.turns == ("3+4=", "30", "|2", "33")
    assert one.spoken == (slice(0, 3), slice(3, 6))
    assert [(a.start, a.stop, a.message) for a in one.acts] == [(4, 7, 1), (9, 12, 3)]
    assert one.length == 6 and one.version == NEW and one.forced_len == 0
    assert one.self_certainty is not None and one.self_certainty.tolist() == [2.0] * 6
    assert one.char_ends is not None and one.char_ends.tolist() == [1, 2, 2, 1, 2, 2]
    assert one.seal == one.imprint()
    assert one.id != other.id and one.seed == 3
    calls = [c for c in generator.calls if c["session"] == generator.calls[0]["session"]]
    assert calls[1]["prompt"] == one.token_ids.tolist()[:9]  # what came before, and nothing else
    assert [c["offset"] for c in calls] == [0, 3]
    assert sorted(generator.ended) == sorted({c["session"] for c in generator.calls})


def test_tokens_of_others_begin_the_first_reply_only():
    hint = tuple(ids("12"))
    [[rollout]], generator = played(twice, seeds=(3,), prefix=hint, length=4)
    assert rollout.turns == ("3+4=", "1232", "|4", "34")
    assert rollout.forced_len == 2
    assert rollout.external.tolist() == [True] * 2 + [False] * 5
    assert rollout.behaviour_logp.tolist()[:3] == [0.0, 0.0, -0.5]
    assert [c["how"].max_new_tokens for c in generator.calls] == [2, 4]  # a hint counts as length
    assert [c["offset"] for c in generator.calls] == [2, 4]


def test_an_interrupted_reply_goes_on_under_the_new_weights():
    async def once(task, policy):
        reply = await policy(task.prompt)
        assert isinstance(reply, Reply) and reply.finish is Finish.STOP

    [[rollout]], generator = played(once, Echoing(interrupted=2), seeds=(5,))
    assert rollout.reply == "505254"
    assert [(s.tokens, s.version) for s in rollout.spans] == [(4, OLD), (3, NEW)]
    assert rollout.version == OLD  # staleness counts from the oldest token
    assert [c["how"].max_new_tokens for c in generator.calls] == [9, 7, 5]
    assert [c["offset"] for c in generator.calls] == [0, 2, 4]


def test_a_fork_shares_what_was_said_and_stores_it_as_parent_and_place():
    async def forking(task, policy):
        await policy(task.prompt)
        trunk, branch = policy.fork(2)
        await trunk("")  # go on: nothing is said by the world
        await branch("+")
        twig, _ = branch.fork(2)
        await twig("=")
        twig.end(Verdict.binary(correct=True))
        with pytest.raises(UsageError, match="fork"):
            await policy("too late")
        return Verdict.binary(correct=False)

    [group], generator = played(forking, seeds=(3,))
    trunk, twig, silent = group
    assert trunk.parent == "" and trunk.forked_at == 0
    assert (twig.parent, twig.forked_at) == (trunk.id, 3)
    assert (silent.parent, silent.forked_at) == (twig.id, 6)
    assert np.array_equal(trunk.token_ids[:7], twig.token_ids[:7])
    assert trunk.turns[2] == "" and trunk.length == 6
    assert len({trunk.seed, twig.seed, silent.seed}) == 3
    sessions = [c["session"] for c in generator.calls]
    assert [c["fork_of"] for c in generator.calls] == ["", sessions[0], sessions[0], sessions[2]]
    assert len({r.id for r in group}) == 3
    assert [r.verdict and r.verdict.correct for r in group] == [False, True, False]
    assert len(generator.ended) == len(set(generator.ended)) == 5


def test_every_seat_is_a_group_of_its_own():
    async def two(task, policy):
        white = policy.seat("white")
        assert policy.seat("white") is white
        first = await white(task.prompt)
        await policy.seat("black")(f"|{first}")
        await white("+")

    groups, _ = played(two)
    assert [(g.seat, len(g)) for g in groups] == [("white", 2), ("black", 2)]
    seeds = [r.seed for g in groups for r in g]
    assert len(set(seeds)) == 4
    assert groups[0][0].turns[0] == "3+4=" and groups[1][0].turns[0].startswith("|")


def test_a_reply_can_be_shortened_and_named():
    async def short(task, policy):
        await policy(task.prompt, max_new_tokens=1, state="start", stop=("x",))

    [[rollout]], generator = played(short, seeds=(3,))
    assert rollout.length == 1 and rollout.finish is Finish.LENGTH
    assert rollout.acts[0].state == "start"
    assert generator.calls[0]["how"].stop == ("x",)


def test_a_world_that_fails_frees_its_sessions():
    async def failing(task, policy):
        await policy(task.prompt)
        raise KeyError("the world ended")

    generator = Echoing()
    with pytest.raises(UsageError, match="the world ended"):
        played(failing, generator)
    assert len(set(generator.ended)) == 2


def test_a_second_turn_of_a_chat_is_refused_by_name():
    async def chatting(task, policy):
        await policy("3+4=")
        await policy(({"role": "tool", "content": "7"},))

    with pytest.raises(UsageError, match="chat"):
        played(chatting)
