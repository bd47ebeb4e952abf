"""Foreign objects in worker processes: their dice, their faults, and what is left of them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from environments.playing import Handle, Said
from saying import conversation
from template_forms import DATE, tokenizer
from transformers import GenerationConfig

from whet.engines.ends import end_tokens
from whet.environments.adapters.finding import foreign as front_door
from whet.environments.adapters.foreign.pool import Foreign
from whet.environments.adapters.reset_and_step import ResetStep
from whet.rollouts.renderer import TextRenderer
from whet.types import Fault, Finish, UsageError

HERE = Path(__file__).parent / "foreign"
GIVEN = {"arguments": {}, "options": [], "describe": "", "read": ""}
SEEDS = (3, 4, 5, 6)


def foreign(name, **settings):
    return Foreign(make=f"{HERE / 'dice.py'}:{name}", driver="reset_step", **settings)


@asynccontextmanager
async def opened(made, seed=0, **given):
    async with made.open(seed, {**GIVEN, **given}) as env:
        await env.call("reset", seed)
        yield env


def run(play):
    return asyncio.run(asyncio.wait_for(play, 60))


@pytest.fixture(scope="module")
def unruly():
    made = foreign("Unruly", processes=1, seconds=20)
    yield made
    made.close()


async def step(made, action):
    async with opened(made) as env:
        return (await env.call("step", action))["text"]


async def _episode(made, seed):
    async with made.open(seed, GIVEN) as env:
        texts = [(await env.call("reset", seed))["text"]]
        for _ in range(4):
            told = await env.call("step", "on")
            texts += [told["text"], told["reward"]]
            await asyncio.sleep(0)
        return texts


async def _one_after_the_other(made):
    return [await _episode(made, seed) for seed in SEEDS]


async def _interleaved(made):
    return await asyncio.gather(*(_episode(made, seed) for seed in SEEDS))


def test_interleaved_episodes_equal_those_one_after_the_other():
    alone = foreign("Dice", processes=1)
    several = foreign("Dice", processes=2)
    expected = run(_one_after_the_other(alone))
    assert run(_interleaved(alone)) == expected
    assert run(_interleaved(several)) == expected
    assert len({text for episode in expected for text in episode}) == 9 * len(SEEDS)
    alone.close()
    several.close()


def test_the_dice_of_this_process_stay_as_they_are(unruly):
    import random

    before = random.getstate()
    run(step(unruly, "ok"))
    assert random.getstate() == before


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("raise", r"step raised KeyError: 'lost' \(dice.py, line \d+\)"),
        ("exit", "step raised SystemExit: 3"),
    ],
)
def test_an_exception_is_a_fault_and_the_process_goes_on(unruly, action, told):
    process = run(step(unruly, "ok")).split()[0]
    with pytest.raises(Fault, match=told):
        run(step(unruly, action))
    assert run(step(unruly, "ok")).split()[0] == process


def test_a_process_that_dies_is_a_fault_and_is_replaced(unruly):
    process = run(step(unruly, "ok")).split()[0]
    with pytest.raises(Fault, match=r"died \(exit status 7\): the last words"):
        run(step(unruly, "die"))
    assert run(step(unruly, "ok")).split()[0] != process


def test_a_hang_is_killed_and_is_a_fault():
    made = foreign("Unruly", processes=1, seconds=1)
    process = int(run(step(made, "ok")).split()[0])
    with pytest.raises(Fault, match="step took longer than 1 s; its worker was killed"):
        run(step(made, "hang"))
    assert gone(process)
    assert run(step(made, "ok"))
    made.close()


def test_episodes_beside_a_hang_are_faults_and_none_of_them_waits():
    made = foreign("Unruly", processes=1, seconds=1)

    async def both():
        return await asyncio.gather(
            step(made, "hang"), step(made, "ok"), step(made, "ok"), return_exceptions=True
        )

    before = time.monotonic()
    hung, *others = run(both())
    assert isinstance(hung, Fault)
    assert all(isinstance(one, str | Fault) for one in others)
    assert time.monotonic() - before < 30
    made.close()


def test_a_call_does_not_block_the_event_loop(unruly):
    async def ticked():
        slow = asyncio.create_task(step(unruly, "rest"))
        ticks = 0
        while not slow.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert (await slow).endswith("rest")
        return ticks

    assert run(ticked()) > 5


def test_a_reply_arrives_as_text_and_nothing_else(unruly):
    said = "__import__('os')\n\"}\x00\ud800 cos\nsystem\n(S'true'\ntR. ü"
    assert run(step(unruly, said)).split(" ", 1)[1] == said


def test_the_object_is_closed_at_the_end(tmp_path, unruly):
    note = tmp_path / "note"

    async def played():
        async with opened(unruly, arguments={"note": str(note)}):
            assert not note.exists()

    run(played())
    assert note.read_text() == "closed\n"


def test_close_ends_the_processes():
    made = foreign("Unruly", processes=1)
    process = int(run(step(made, "ok")).split()[0])
    child = int(run(step(made, "spawn")))
    made.close()
    assert gone(process) and gone(child)


ENDS = {"end": None, "interrupt": signal.SIGINT, "wait": signal.SIGKILL, "hang": signal.SIGKILL}


@pytest.mark.full
def test_nothing_is_left_behind_however_a_run_ends():
    script = [sys.executable, str(HERE / "leaving.py"), *ENDS]
    with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as runs:
        told = [runs.stdout.readline().split() for _ in ENDS]
        for how, process, _, _ in told:
            if (sent := ENDS[how.decode()]) is not None:
                os.kill(int(process), sent)
    for how, _, worker, child in told:
        assert gone(int(worker)) and gone(int(child)), how


def gone(process):
    """Whether a process ends within some seconds; one that waits to be reaped has ended."""
    for _ in range(100):
        try:
            status = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if status == "Z":
            return True
        time.sleep(0.05)
    os.kill(process, signal.SIGKILL)
    return False


@pytest.mark.parametrize(
    ("make", "told"),
    [
        ("nowhere.py:Env", "can't be loaded: .*nowhere.py"),
        ("no_such_module_here:Env", "can't be loaded: .*ModuleNotFoundError"),
        (f"{HERE / 'dice.py'}:Absent", "can't be loaded: .*Absent"),
        (f"{HERE / 'dice.py'}:SHARED", "is an object of Unruly, which all episodes would share"),
    ],
)
def test_what_can_not_be_loaded_is_refused(make, told):
    with pytest.raises(UsageError, match=told):
        run(step(Foreign(make=make, driver="reset_step"), "ok"))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"make": "Env"}, "environment.make is 'Env'"),
        ({"processes": 0}, "processes is 0"),
        ({"seconds": 0.0}, "seconds is 0"),
    ],
)
def test_settings_that_can_not_be_are_refused(settings, told):
    with pytest.raises(UsageError, match=told):
        Foreign(**{"make": "a:b", "driver": "reset_step", **settings})


def test_a_reward_that_is_not_finite_is_a_fault():
    env = ResetStep(make=f"{HERE / 'dice.py'}:Unruly", processes=1)

    async def bot(observation, options):
        return "nan"

    with pytest.raises(Fault, match="not finite"):
        run(env.play(env.draw(Random(0), 1), Handle({"": bot}, Said())))
    env.foreign.close()


def test_a_fault_masks_its_rollout():
    held = tokenizer("bytes", "chatml")
    renderer = TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)
    closing = held.convert_tokens_to_ids("<|im_end|>")
    env = ResetStep(make=f"{HERE / 'dice.py'}:Unruly", processes=1)
    for reply, masked in (("raise", True), ("ok", False)):
        task = env.draw(Random(0), 1)
        [rollout], _ = conversation(renderer, closing, [reply], env, task)
        assert rollout.verdict.fault is masked
        assert (rollout.finish is Finish.FAULT) is masked
    env.foreign.close()


def test_a_file_with_several_environments_is_refused_with_their_names():
    with pytest.raises(UsageError, match="has Dice, Unruly; write .*dice.py:Dice"):
        front_door(str(HERE / "dice.py"))


def test_an_object_without_a_dialect_is_refused_with_what_was_looked_for():
    with pytest.raises(UsageError, match="speaks no dialect.*`reset` and `step`"):
        front_door("fractions:Fraction")


def test_a_file_that_imports_whet_is_no_foreign_one():
    assert front_door(str(Path(__file__).parent / "playing.py")) is None
