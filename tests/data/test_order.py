"""The order of rows: each once an epoch, no prompt twice in a step, the same after a kill."""

import json
import shlex
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from pyarrow import parquet

from whet.cli.main import main
from whet.data import corpus
from whet.data.epoch_orders import EpochOrders, epoch_order
from whet.data.epochs import steps_of_epochs
from whet.data.files import File
from whet.data.pool import Pool
from whet.data.short_prompts import ShortPrompts
from whet.data.system_prompt import SystemPrompt
from whet.engines.models import FromScratch
from whet.protocols import Now, SamplingSetup
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard


def file(path, prompts):
    rows = [{"prompt": prompt, "answer": "1"} for prompt in prompts]
    path.write_text("\n".join(map(json.dumps, rows)))
    return File(path=str(path), reserved=0.0)


def rows(path, count):
    return file(path, map(str, range(count)))


def opened(made, per_step, seed, **more):
    setup = SamplingSetup(corpus=made, seed=seed, steps=100)
    sampling = Standard(prompts=Uniform(per_step=per_step), size=Fixed(rollouts=1), **more)
    return sampling.open(setup)


def drawn(strategy, step, count):
    asked = strategy.next(count, Now(step=step, steps=100, version=0, metrics={}))
    return [request.task for request in asked]


def stepped(made, per_step, seed, epochs):
    """The tasks of each step."""
    strategy = opened(made, per_step, seed)
    count = steps_of_epochs(made, epochs, per_step)
    return [drawn(strategy, step, per_step) for step in range(count)]


@pytest.mark.full
def test_a_thousand_draws_meet_a_thousand_rows_for_every_seed(tmp_path):
    made = rows(tmp_path / "a.jsonl", 1000)
    orders = set()
    for seed in range(10):
        order = [task.id for step in stepped(made, 20, seed, 1) for task in step]
        assert len(order) == len(set(order)) == 1000
        orders.add(tuple(order))
    assert len(orders) == 10


def test_drawn_without_a_strategy_it_is_the_same(tmp_path):
    made = rows(tmp_path / "a.jsonl", 1000)
    for seed in range(10):
        assert len({made.task("train", (seed << 32) + n).id for n in range(1000)}) == 1000


@pytest.mark.full
@pytest.mark.parametrize("per_step", [8, 19, 20, 32, 36, 37])
def test_twenty_epochs_of_37_rows_have_no_prompt_twice_in_a_step(per_step, tmp_path):
    """37 is no multiple of any of them but itself, so steps lie across the seams."""
    made = rows(tmp_path / "a.jsonl", 37)
    for seed in range(3):
        steps = stepped(made, per_step, seed, 20)
        assert all(len({task.id for task in step}) == per_step for step in steps)
        order = [task.id for step in steps for task in step]
        epochs = [order[start : start + 37] for start in range(0, 740, 37)]
        assert all(len(set(epoch)) == 37 for epoch in epochs)
        few = per_step == 36  # then it moves one place at most
        assert few or all(one != other for one, other in pairwise(epochs))


@pytest.mark.parametrize("count", [2, 3, 15, 16, 100])
def test_a_row_comes_again_after_half_an_epoch_or_later(count, tmp_path):
    """So a step that replaces its groups, and draws more, meets none twice either."""
    made = rows(tmp_path / "a.jsonl", count)
    order = [task.id for step in stepped(made, 1, 5, 9) for task in step]
    last = {}
    for place, name in enumerate(order):
        assert place - last.get(name, -count) >= (count + 1) // 2
        last[name] = place


@pytest.mark.full
@pytest.mark.parametrize("twins", [1, 5, 10])
def test_rows_of_one_prompt_are_kept_apart(twins, tmp_path):
    prompts = [*map(str, range(37 - twins)), *map(str, range(twins))]
    made = file(tmp_path / "a.jsonl", prompts)
    for seed in range(5):
        steps = stepped(made, 8, seed, 20)
        assert all(len({task.prompt for task in step}) == 8 for step in steps)
        order = [task.id for step in steps for task in step]
        assert all(len(set(order[n : n + 37])) == 37 for n in range(0, 740, 37))


@pytest.mark.parametrize("copies", [1, 2])
def test_many_rows_are_ordered_by_the_same_rule(copies):
    """Not in quadratic time: this takes two seconds, and not many minutes."""
    count = 20_000
    keys = [f"p{row // copies}" for row in range(count)]
    orders = [epoch_order(3, epoch, keys, 8) for epoch in (0, 1)]
    assert all(sorted(order) == list(range(count)) for order in orders)
    assert orders[0] != orders[1]
    last = {}
    for place, row in enumerate(orders[0] + orders[1]):
        assert place - last.get(keys[row], -8) >= 8
        last[keys[row]] = place


@pytest.mark.parametrize("prompts", [["a"] * 40, ["a"] * 30 + ["b", "c"], ["a"]])
def test_what_cannot_be_kept_apart_still_comes_once_an_epoch(prompts, tmp_path):
    made = file(tmp_path / "a.jsonl", prompts)
    order = [task.id for step in stepped(made, 4, 0, 4) for task in step]
    count = len(prompts)
    assert all(len(set(order[n : n + count])) == count for n in range(0, 4 * count, count))


def wrapped(tmp_path):
    inner = rows(tmp_path / "a.jsonl", 60)
    short = ShortPrompts(corpus=inner, most=1, count=lambda task: len(str(task.prompt)) % 2 + 1)
    return {
        "short": (short, 50),  # those of two digits
        "system": (SystemPrompt(corpus=inner, text="Think."), 60),
        "pool": (Pool(corpus=inner, tasks=21), 21),
        "pool of a family": (Pool(corpus=corpus("lock"), tasks=21), 21),
        "both": (SystemPrompt(corpus=short, text="Think."), 50),
    }


@pytest.mark.parametrize("name", ["short", "system", "both", "pool", "pool of a family"])
def test_corpora_around_corpora_keep_the_promise(name, tmp_path):
    made, count = wrapped(tmp_path)[name]
    assert made.size("train") == count
    for seed in (0, 4):
        steps = stepped(made, 8, seed, 6)
        assert len(steps) == -(-6 * count // 8)
        assert all(len({task.id for task in step}) == 8 for step in steps)
        order = [task.id for step in steps for task in step]
        epochs = [tuple(order[n : n + count]) for n in range(0, 6 * count, count)]
        assert all(len(set(epoch)) == count for epoch in epochs)
        assert len(set(epochs)) == 6


def test_replaced_groups_draw_on_in_the_same_order(tmp_path):
    """A gate asks for more tasks than a step has; nothing is skipped, and nothing comes twice."""
    made = rows(tmp_path / "a.jsonl", 40)
    gate = NonZeroSpread(max_rounds=3, oversample=1.5)
    strategy = opened(made, 8, 1, gate=gate)
    steps = []
    for step, more in enumerate([0, 5, 3, 8, 0, 12, 2, 7, 4, 1, 9, 3] * 3):
        steps.append(drawn(strategy, step, 8) + drawn(strategy, step, more))
    assert all(len({task.id for task in step}) == len(step) for step in steps)
    order = [task.id for step in steps for task in step]
    assert all(len(set(order[n : n + 40])) == 40 for n in range(0, len(order) - 40, 40))
    plain = [task.id for step in stepped(made, 8, 1, 10) for task in step]
    assert order[:400] == plain[:400]


def test_the_order_goes_on_after_a_state_is_loaded(tmp_path):
    made = rows(tmp_path / "a.jsonl", 37)
    whole = [task.id for task in drawn(opened(made, 8, 3), 0, 112)[99:]]
    first = opened(made, 8, 3)
    drawn(first, 0, 99)
    second = opened(made, 8, 3)
    second.load_state_dict(first.state_dict())
    assert [task.id for task in second.peek(13)] == whole
    assert [task.id for task in drawn(second, 0, 13)] == whole


def test_equal_rows_have_one_order_whatever_the_file_is_called(tmp_path):
    one, two = rows(tmp_path / "a.jsonl", 37), rows(tmp_path / "b.jsonl", 37)
    orders = [[t.prompt for step in stepped(made, 8, 2, 3) for t in step] for made in (one, two)]
    assert orders[0] == orders[1]
    now = Now(step=0, steps=9, version=0, metrics={})
    seeds = [[p.seed for r in opened(m, 8, 2).next(9, now) for p in r.plays] for m in (one, two)]
    assert seeds[0] == seeds[1]


def test_an_endless_corpus_keeps_its_own_order():
    lock = corpus("lock")
    made = EpochOrders(corpus=lock, apart=8)
    assert [made.task("train", n) for n in range(9)] == [lock.task("train", n) for n in range(9)]
    assert made.held_out("test", 3) == lock.held_out("test", 3)


WORDS = shlex.split(
    "train rlvr --model model --data a.jsonl --corpus.reserved 0 --reward exact --kl 0 "
    "--max-new-tokens 3 --batch-size 4 --group-size 2 --steps 8 --seed 3 --device cpu --threads 1 "
    "--save-every 1 --eval-data b.jsonl --eval-every 0 --evaluation.samples 1 --evaluation.k 1"
)


def tasks_of(run):
    """The ids of the tasks of each step, as the ledger holds them."""
    return {
        kept.name: parquet.read_table(kept, columns=["task_id"])["task_id"].to_pylist()
        for kept in sorted((run / "rollouts").glob("step-*.parquet"))
    }


@pytest.mark.full
def test_a_killed_run_draws_what_a_whole_one_draws(tmp_path, monkeypatch, capsys):
    """8 steps of 4 tasks of 7 rows; SIGKILL after some of them, and `whet resume`."""
    monkeypatch.chdir(tmp_path)
    model, tokenizer = FromScratch(shape="llama-tiny").load("cpu")
    model.save_pretrained("model")
    tokenizer.save_pretrained("model")
    rows(tmp_path / "a.jsonl", 7)
    rows(tmp_path / "b.jsonl", 2)
    command = [sys.executable, "-m", "whet", *WORDS, "--name", "killed"]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while len(tasks_of(Path("runs/killed"))) < 3 and killed.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    text = Path("a.jsonl").read_text()
    Path("a.jsonl").write_text(text.replace('"6"', '"9"'))
    assert main(["resume", "runs/killed"]) == 2
    assert "corpus: its training tasks have changed" in capsys.readouterr().err
    Path("a.jsonl").write_text(text)
    assert main(["resume", "runs/killed"]) == 0
    assert main([*WORDS, "--name", "whole"]) == 0
    whole = tasks_of(Path("runs/whole"))
    assert len(whole) == 8 and tasks_of(Path("runs/killed")) == whole
    steps = [ids[::2] for ids in whole.values()]  # two rollouts a group
    assert all(len(set(step)) == 4 for step in steps)
    order = [name for step in steps for name in step]
    assert all(len(set(order[n : n + 7])) == 7 for n in range(0, 28, 7))
