"""Environments that do what they should not: nothing that they do reaches a rollout unseen."""

import asyncio
from dataclasses import dataclass, field

import numpy as np
import pytest
from echoing import END, TASK, TOKENIZER, Echoing, World, ids, played

from whet.environments import load
from whet.protocols import Reward
from whet.rollouts.checks import TrustLimits, check_faults, check_integrity
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.rollouts.runner import RolloutRunner
from whet.types import (
    ContextFull,
    Decoding,
    Finish,
    IntegrityError,
    Reason,
    Request,
    UsageError,
    Verdict,
)
from whet.types.completions import Completion

IDLE = RolloutPlayer(Echoing(), TextRenderer(TOKENIZER, frozenset({END})))


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
                raise KeyError("the world ended")
            await asyncio.Event().wait()
        finally:
            ended.append(policy.seed)

    async def run():
        generator = Echoing()
        world = World(one_fails)
        player = RolloutPlayer(generator, TextRenderer(TOKENIZER, frozenset({END})), world)
        with pytest.raises(UsageError, match="the world ended"):
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

    async def generate(self, prompt, how, *, seed, offset=0, session, fork_of="", said=0):  # noqa: PLR0913
        if seed not in self.silent:
            return await Echoing.generate(
                self,
                prompt,
                how,
                seed=seed,
                offset=offset,
                session=session,
                fork_of=fork_of,
                said=said,
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


async def boom(error):
    raise error


def raising(error):
    """A world that raises after the first reply."""

    async def world(task, policy):
        await policy(task.prompt)
        raise error

    return world


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        ZeroDivisionError("x"),
        SystemExit(0),  # else the whole program would end, with exit code 0
        asyncio.CancelledError("x"),
        ExceptionGroup("two", [ConnectionError("y"), KeyError("x")]),
        UsageError("x is wrong; give y"),
    ],
    ids=repr,
)
def test_a_bug_of_a_world_is_one_line_with_world_task_and_seed(error):
    with pytest.raises(UsageError, match="environment World") as raised:
        played(raising(error))
    said = str(raised.value)
    assert "\n" not in said and "task 't'" in said and "seed 3" in said


def test_a_bug_is_told_with_its_line(tmp_path):
    file = tmp_path / "bad_world.py"
    file.write_text(
        "from whet.protocols import Environment\n\n\nclass Bad(Environment):\n"
        "    async def play(self, task, policy):\n        return {}['x']\n"
    )
    world = load(f"{file}:Bad")
    with pytest.raises(UsageError, match=r"Bad of bad_world\.py, line 6: KeyError: 'x'"):
        asyncio.run(playing(world))


def playing(world):
    player = RolloutPlayer(Echoing(), TextRenderer(TOKENIZER, frozenset({END})), world)
    return player.play(Request.of(TASK, (3, 4), Decoding(max_new_tokens=9)))


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionResetError("the server has gone"),
        OSError(28, "no space"),
        ExceptionGroup("two", [ConnectionError("y"), TimeoutError("x")]),
    ],
    ids=repr,
)
def test_infrastructure_that_fails_is_a_fault_and_the_reward_does_not_see_it(error):
    async def world(task, policy):
        await policy(task.prompt)
        if policy.seed == 3:
            policy.end(Verdict.binary(correct=True))  # masked with the rest of its play
            raise error

    [group], generator = played(world, seeds=(3, 4))
    assert [r.verdict is not None and r.verdict.fault for r in group] == [True, False]
    seen = []

    class Seeing(Reward):
        def score(self, rollout):
            seen.append(rollout.seed)
            return Verdict.binary(correct=True)

    judged = asyncio.run(RolloutRunner(IDLE, Seeing(), 0).score(group))
    assert seen == [4]
    assert [r.score for r in judged] == [None, 1.0]
    assert [r.id for r in judged] == [r.id for r in group]
    assert len(set(generator.ended)) == 2


def test_a_fault_before_the_first_reply_is_counted_too():
    async def world(task, policy):
        if policy.seed == 3:
            raise ConnectionRefusedError("no server")
        await policy(task.prompt)

    [group], _ = played(world, seeds=(3, 4))
    assert [(r.length, bool(r.verdict and r.verdict.fault)) for r in group] == [
        (0, True),
        (3, False),
    ]
    assert group[0].turns == ("3+4=", "")
    check_integrity(group)
    with pytest.raises(IntegrityError, match="1 of 2 rollouts could not be judged"):
        check_faults([group], TrustLimits())


@dataclass
class Small(Echoing):
    """A model with a short context."""

    async def generate(self, prompt, how, **more):
        if len(prompt) > 12:
            raise ContextFull(f"prompt of {len(prompt)} tokens; shorten it")
        return await Echoing.generate(self, prompt, how, **more)


def test_a_conversation_that_outgrows_the_context_ends_as_truncated():
    async def talkative(task, policy):
        await policy(task.prompt)
        await policy("|" * (20 if policy.seed == 3 else 1))
        return Verdict.binary(correct=True)

    [group], _ = played(talkative, Small())
    long, short = group
    assert long.finish is Finish.CONTEXT and long.verdict.reason is Reason.TRUNCATED
    assert long.score == 0 and long.turns == ("3+4=", "30")  # without what did not fit
    assert short.finish is Finish.STOP and short.verdict.correct
    assert long.seal == long.imprint()


def test_a_world_may_score_what_fits():
    async def careful(task, policy):
        await policy(task.prompt)
        try:
            await policy("|" * 20)
        except ContextFull:
            return Verdict(reason=Reason.PARTIAL, score=0.5)
        return None

    [group], _ = played(careful, Small())
    assert [r.score for r in group] == [0.5, 0.5]


def test_an_opening_without_room_is_a_fault():
    async def wordy(task, policy):
        await policy("|" * 20)

    [group], _ = played(wordy, Small())
    assert all(r.verdict.fault and "20 tokens" in r.verdict.note for r in group)


@pytest.mark.parametrize("given", [1.0, True, "right", {"score": 1.0}])
def test_what_is_no_verdict_is_named(given):
    async def loose(task, policy):
        await policy(task.prompt)
        return given

    async def ending(task, policy):
        await policy(task.prompt)
        policy.end(given)

    with pytest.raises(UsageError, match=f"gave {type(given).__name__}.*Verdict"):
        played(loose)
    with pytest.raises(UsageError, match="environment World"):
        played(ending)


def test_a_verdict_of_nan_is_a_bug():
    async def careless(task, policy):
        await policy(task.prompt)
        return Verdict(reason=Reason.OK, score=float("nan"))

    with pytest.raises(UsageError, match="environment World"):
        played(careless)


def test_where_nothing_judges_the_run_stops_with_one_line():
    async def silent(task, policy):
        await policy(task.prompt)

    [group], _ = played(silent)
    with pytest.raises(UsageError, match=r"no reward.*task 't', seed 3"):
        asyncio.run(RolloutRunner(IDLE, None, 0).score(group))


def test_an_exception_beside_a_pending_reply_ends_the_play():
    async def gathering(task, policy):
        await asyncio.gather(policy(task.prompt), boom(ZeroDivisionError("x")))

    with pytest.raises(UsageError, match="ZeroDivisionError"):
        played(gathering)


def test_a_world_that_hangs_is_a_fault_and_a_slow_policy_is_none():
    async def hanging(task, policy):
        await policy(task.prompt)
        if policy.seed == 3:
            await asyncio.sleep(60)

    @dataclass
    class Slow(Echoing):
        async def generate(self, prompt, how, **more):
            await asyncio.sleep(0.2)
            return await Echoing.generate(self, prompt, how, **more)

    @dataclass(frozen=True)
    class Impatient(World):
        world_seconds: float = 0.05

    player = RolloutPlayer(Slow(), TextRenderer(TOKENIZER, frozenset({END})), Impatient(hanging))
    [group] = asyncio.run(player.play(Request.of(TASK, (3, 4), Decoding(max_new_tokens=9))))
    hung, done = group
    assert hung.verdict.fault and "world_seconds" in hung.verdict.note
    assert done.verdict is None and done.length == 3


def test_a_play_that_is_cancelled_stays_cancelled():
    async def waiting(task, policy):
        await policy(task.prompt)
        await asyncio.Event().wait()

    async def run():
        task = asyncio.create_task(playing(World(waiting)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


@dataclass
class Exhausted(Echoing):
    """A generator that runs out of memory."""

    async def generate(self, prompt, how, **more):
        raise RuntimeError("out of memory")


def test_an_error_of_the_generator_is_not_blamed_on_the_world():
    async def plain(task, policy):
        await policy(task.prompt)

    with pytest.raises(RuntimeError, match="out of memory"):
        played(plain, Exhausted())
