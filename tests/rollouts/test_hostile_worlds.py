"""Environments that do what they should not: nothing that they do reaches a rollout unseen."""

import asyncio
from dataclasses import dataclass, field

import numpy as np
import pytest
from echoing import END, TASK, TOKENIZER, Echoing, World, ids, played

from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.types import Decoding, Finish, IntegrityError, Reason, Request, UsageError, Verdict
from whet.types.completions import Completion


async def begun(call):
    """A reply that is under way."""
    task = asyncio.create_task(call)
    await asyncio.sleep(0)
    return task


async def cancelled(call):
    """A reply that its environment no longer waits for."""
    task = await begun(call)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def same(one, other):
    """The rollouts of two plays, whatever their names are."""
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(a.token_ids, b.token_ids)
        assert np.array_equal(a.action_mask, b.action_mask)
        assert np.array_equal(a.behaviour_logp, b.behaviour_logp)
        assert (a.spans, a.acts, a.messages) == (b.spans, b.acts, b.messages)
        assert a.columns.keys() == b.columns.keys()


@pytest.mark.parametrize("prefix", [(), tuple(ids("12"))])
@pytest.mark.parametrize("first", [True, False])
def test_a_reply_that_is_cancelled_leaves_no_trace(prefix, first):
    async def steadily(task, policy):
        await policy(task.prompt)
        await policy("+")

    async def wavering(task, policy):
        if first:
            await cancelled(policy("9="))
        await policy(task.prompt)
        if not first:
            await cancelled(policy("1|2"))
        await policy("+")

    wanted, _ = played(steadily, seeds=(3,), prefix=prefix)
    found, _ = played(wavering, seeds=(3,), prefix=prefix)
    same(found[0], wanted[0])


def test_an_interrupted_reply_that_is_cancelled_leaves_no_trace():
    async def wavering(task, policy):
        reply = await begun(policy(task.prompt))
        await asyncio.sleep(0)  # new weights interrupt it, and it goes on
        reply.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reply
        await policy(task.prompt)

    [[rollout]], generator = played(wavering, Echoing(interrupted=1), seeds=(3,))
    assert [call["offset"] for call in generator.calls] == [0, 2, 0]
    assert rollout.turns == ("3+4=", "30") and rollout.length == 3
    assert [(a.start, a.stop) for a in rollout.acts] == [(4, 7)]


def test_a_reply_that_is_refused_leaves_no_trace():
    async def strange(task, policy):
        with pytest.raises(UsageError, match="no tokens"):
            await policy("")
        await policy(task.prompt)
        with pytest.raises(UsageError, match="chat"):
            await policy(({"role": "tool", "content": "7"},))
        for wrong in ({"max_new_tokens": -1}, {"stop": "ab"}, {"stop": ("a", "")}):
            with pytest.raises(UsageError, match=next(iter(wrong))):
                await policy("5", **wrong)
        await policy("|2")

    async def plain(task, policy):
        await policy(task.prompt)
        await policy("|2")

    same(played(strange)[0][0], played(plain)[0][0])


def test_a_conversation_waits_for_one_reply_at_a_time():
    async def hasty(task, policy):
        reply = await begun(policy(task.prompt))
        with pytest.raises(UsageError, match="pending reply"):
            await policy("|1")
        with pytest.raises(UsageError, match="pending reply"):
            policy.fork(2)
        await reply

    async def patient(task, policy):
        await policy(task.prompt)

    same(played(hasty)[0][0], played(patient)[0][0])


def test_what_was_forked_is_closed():
    async def forking(task, policy):
        await policy(task.prompt)
        trunk, _ = policy.fork(2)
        with pytest.raises(UsageError, match="forked"):
            policy.fork(2)
        with pytest.raises(UsageError, match="forked"):
            policy.end(Verdict.binary(correct=True))
        trunk.end(Verdict.binary(correct=True))
        return Verdict.binary(correct=False)

    [group], _ = played(forking, seeds=(3,))
    assert len({r.id for r in group}) == len(group) == 2
    assert [r.verdict and r.verdict.correct for r in group] == [True, False]


def test_after_the_play_nothing_is_asked():
    late = []

    async def leaving(task, policy):
        await policy(task.prompt)

        async def afterwards():
            await asyncio.sleep(0.001)
            await policy("+")

        late.append(asyncio.create_task(afterwards()))

    async def run():
        generator = Echoing()
        player = RolloutPlayer(generator, TextRenderer(TOKENIZER, frozenset({END})), World(leaving))
        await player.play(Request.of(TASK, (3,), Decoding(max_new_tokens=9)))
        with pytest.raises(UsageError, match="the play is over"):
            await late[0]
        return generator

    generator = asyncio.run(run())
    assert len(generator.calls) == len(generator.ended) == 1


def test_where_one_play_fails_the_others_end_at_once():
    ended = []

    async def one_fails(task, policy):
        try:
            await policy(task.prompt)
            if policy.seed == 3:
                raise OSError("the world ended")
            await asyncio.Event().wait()
        finally:
            ended.append(policy.seed)

    async def run():
        generator = Echoing()
        world = World(one_fails)
        player = RolloutPlayer(generator, TextRenderer(TOKENIZER, frozenset({END})), world)
        with pytest.raises(OSError, match="the world ended"):
            await player.play(Request.of(TASK, (3, 4, 5), Decoding(max_new_tokens=9)))
        return generator

    generator = asyncio.run(run())
    assert sorted(ended) == [3, 4, 5]
    assert len(set(generator.ended)) == 3


@dataclass
class Unsound(Echoing):
    """A generator whose weights did not arrive."""

    async def generate(self, prompt, how, **more):
        raise IntegrityError("weights 1 did not arrive")


def test_no_environment_hides_a_violation_of_trust():
    async def deaf(task, policy):
        try:
            await policy(task.prompt)
        except Exception:  # noqa: BLE001  (what worlds do)
            return Verdict.failure(Reason.TRUNCATED)
        return None

    with pytest.raises(IntegrityError, match="did not arrive"):
        played(deaf, Unsound())


@dataclass
class Silent(Echoing):
    """Some of its replies have no token."""

    silent: set[int] = field(default_factory=set)

    async def generate(self, prompt, how, *, seed, offset=0, session, fork_of=""):
        if seed not in self.silent:
            return await Echoing.generate(
                self, prompt, how, seed=seed, offset=offset, session=session, fork_of=fork_of
            )
        return Completion(
            token_ids=np.zeros(0, np.int32),
            logp=np.zeros(0, np.float32),
            entropy=None,
            spans=(),
            columns={},
            finish=Finish.STOP,
        )


def test_a_reply_of_no_token_is_a_reply():
    async def once(task, policy):
        assert not await policy(task.prompt) or policy.seed != 3

    [group], _ = played(once, Silent(silent={3}))
    silent, other = group
    assert silent.length == 0 and silent.turns == ("3+4=", "") and silent.version is None
    assert [(a.start, a.stop) for a in silent.acts] == [(4, 4)]
    assert other.length == 3
