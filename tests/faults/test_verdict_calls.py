"""A judge may end the program, hang, or raise what can't be printed: a fault, and no end of it."""

import asyncio
import gc
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from said import replied, together
from small import FirstDigit, followed, small, steps_of, timeless

from whet.protocols import GroupReward, Reward
from whet.rewards import find
from whet.rewards.judging import context_of, verdicts
from whet.rewards.judging.config import JudgingConfig
from whet.rewards.judging.queue import JudgingQueue
from whet.types import Verdict

GROUP = together(replied(text, seed=seed) for seed, text in enumerate(("42", "7", "42", "8")))
HERE = Path(__file__).parent


class Unprintable(Exception):
    """It can't be printed."""

    def __str__(self):
        raise ZeroDivisionError


@dataclass(frozen=True)
class Blocking(Reward):
    """It raises for a wrong reply."""

    error: BaseException

    def score(self, rollout):
        if rollout.reply == "42":
            return Verdict.binary(correct=True)
        raise self.error


@dataclass(frozen=True)
class Awaited(Reward):
    """The same, as a coroutine."""

    error: BaseException

    async def score(self, rollout):
        return Blocking(self.error).score(rollout)


@dataclass(frozen=True)
class Grouped(GroupReward):
    """The same, for a group."""

    error: BaseException

    async def score_group(self, group, context):
        if any(rollout.reply != "42" for rollout in group):
            raise self.error
        return [Verdict.binary(correct=True)] * len(group)


def asked(reward, group=GROUP):
    async def within():
        return await asyncio.wait_for(verdicts(group, reward, context_of()), 20)

    return asyncio.run(within())


@pytest.mark.parametrize("kind", [Blocking, Awaited, Grouped])
@pytest.mark.parametrize(
    "error",
    [StopIteration(), SystemExit(3), asyncio.CancelledError(), BaseException("x"), Unprintable()],
    ids=lambda error: type(error).__name__,
)
def test_whatever_it_raises_is_a_fault_with_its_name(kind, error):
    found = asked(kind(error))
    wrong = [v for v in found if v.fault]
    assert len(wrong) == (4 if kind is Grouped else 2)
    names = {type(error).__name__, "RuntimeError"}  # of a coroutine that raises StopIteration
    assert all(any(f"{kind.__name__} raised {name}" in v.note for name in names) for v in wrong)
    sound = together(rollout for rollout in GROUP if rollout.reply == "42")
    assert not any(v.fault for v in asked(kind(error), sound))


@pytest.mark.parametrize("kind", [Blocking, Grouped])
def test_an_interrupt_is_the_users_and_is_raised(kind):
    with pytest.raises(KeyboardInterrupt):
        asked(kind(KeyboardInterrupt()))


@pytest.mark.parametrize(
    "source",
    [
        "def score(reply, answer):\n    return next(n for n in (1.0,) if reply == answer)\n",
        "def f(prompts, completions):\n    return next(n for n in [[1.0] * 9] if not prompts)\n",
    ],
    ids=["for a reply", "for a group"],
)
def test_a_next_without_anything_in_a_users_file_is_a_fault(tmp_path, source):
    path = tmp_path / "judge.py"
    path.write_text(source)
    found = asked(find(str(path)))
    assert "StopIteration" in found[1].note and found[1].fault
    assert found[0].fault is ("completions" in source)


@dataclass(frozen=True)
class Sleeping(Reward):
    """A plain function that sleeps for every second seed."""

    seconds: float

    def score(self, rollout):
        if rollout.seed % 2:
            time.sleep(self.seconds)
        return Verdict.binary(correct=True)


def test_a_function_that_hangs_takes_no_place_of_later_ones():
    many = together(replied("42", seed=seed) for seed in range(80))  # more than threads at a time

    async def steps():
        for _ in range(2):
            queue = JudgingQueue(JudgingConfig(seconds=1.5))
            found = await queue.judge(many, Sleeping(0.0), context_of())
            assert not any(r.verdict.fault for r in found)
            late = await JudgingQueue(JudgingConfig(seconds=0.2)).judge(
                GROUP, Sleeping(30.0), context_of()
            )
            assert [r.verdict.fault for r in late] == [False, True, False, True]

    start = time.perf_counter()
    asyncio.run(steps())
    assert time.perf_counter() - start < 15  # the loop waits for no thread at its end


def test_a_function_that_hangs_delays_no_exit():
    script = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from test_verdict_calls import *\n"
        "queue = JudgingQueue(JudgingConfig(seconds=0.2))\n"
        "asyncio.run(queue.judge(GROUP, Sleeping(600.0), context_of()))\n"
    )
    paths = [str(HERE.parent / name) for name in ("faults", "training", "engines", ".")]
    subprocess.run([sys.executable, "-c", script, *paths], check=True, timeout=120)


@dataclass(frozen=True)
class Stubborn(Reward):
    """It tries again whatever happens, as a bare `except` around a request does."""

    async def score(self, rollout):
        for _ in range(2):
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                continue
        return Verdict.binary(correct=True)


def test_a_coroutine_that_is_not_to_be_cancelled_is_left_behind():
    async def timed():
        start = time.perf_counter()
        queue = JudgingQueue(JudgingConfig(seconds=0.2))
        found = await queue.judge(GROUP, Stubborn(), context_of())
        return time.perf_counter() - start, [r.verdict.fault for r in found]

    spent, found = asyncio.run(timed())
    assert spent < 4 and found == [True] * 4


@dataclass(frozen=True)
class Halved(Reward):
    """Its message holds half of a surrogate pair for every fourth seed."""

    note: str

    def score(self, rollout):
        if rollout.seed % 4:
            return replace(FirstDigit().score(rollout), note="")
        raise ValueError(self.note)


@pytest.mark.parametrize("note", ["a\ud83d", "two\nlines"])
def test_a_run_keeps_what_no_file_can_hold_in_another_form(tmp_path, note):
    run = small(reward=Halved(note), steps=1, warmup=())
    run = replace(run, limits=replace(run.limits, faults=0.9))
    [step] = steps_of(followed(run, tmp_path))
    assert any(r.verdict.fault for group in step.taken.played for r in group)
    assert [row for row in timeless(tmp_path) if row["kind"] == "step"]


def test_a_call_that_is_cancelled_before_it_began_is_no_warning():
    """Python warns of a coroutine that was never awaited, and here a warning is an error."""

    async def ended(after):
        judging = asyncio.create_task(verdicts(GROUP, Blocking(ValueError()), context_of()))
        for _ in range(after):
            await asyncio.sleep(0)
        judging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await judging

    for after in range(3):
        asyncio.run(ended(after))
        gc.collect()
