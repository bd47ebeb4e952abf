"""Corpora around corpora: short prompts, benchmarks, system prompts; and epochs."""

import json

import pytest

from whet.data import benchmark, corpus
from whet.data.epochs import steps_of_epochs
from whet.data.files import File
from whet.data.pool import Pool
from whet.data.short_prompts import ShortPrompts
from whet.data.system_prompt import SystemPrompt
from whet.types import UsageError

LONG = 3  # of ten rows, every third


def written(path, count=30, **settings):
    rows = [
        {"prompt": f"{n}" + "+1" * (9 if n % LONG == 0 else 1), "answer": str(n)}
        for n in range(count)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return File(path=str(path), **settings)


def short(inner, most=9):
    return ShortPrompts(corpus=inner, most=most, count=lambda task: len(task.prompt))


def test_short_prompts_come_once_a_round_in_the_order_of_the_corpus(tmp_path):
    file = written(tmp_path / "a.jsonl", reserved=0.0)
    made = short(file)
    assert made.size("train") == 20 and file.size("train") == 30
    for seed in (0, 5):
        for turn in range(6):
            start = seed << 32
            mine = [made.task("train", start + 20 * turn + n).id for n in range(20)]
            all_ = [file.task("train", start + 30 * turn + n) for n in range(30)]
            assert mine == [task.id for task in all_ if len(task.prompt) <= 9]
            assert len(set(mine)) == 20


def test_held_out_splits_lose_their_long_prompts_too(tmp_path):
    made = short(written(tmp_path / "a.jsonl", reserved=1.0))
    kept = made.held_out("test", 99)
    assert made.size("test") == len(kept) > 0
    assert all(len(task.prompt) <= 9 for task in kept)
    assert made.held_out("test", 2) == kept[:2]


def test_an_endless_corpus_draws_another_task_instead():
    lock = corpus("lock")
    lengths = sorted(len(lock.task("train", n).prompt) for n in range(60))
    made = short(lock, most=lengths[20])
    drawn = [made.task("train", n) for n in range(60)]
    assert made.size("train") is None
    assert max(len(task.prompt) for task in drawn) <= lengths[20]
    plain = [lock.task("train", n) for n in range(60)]
    same = [a == b for a, b in zip(drawn, plain, strict=True)]
    assert same == [len(task.prompt) <= lengths[20] for task in plain]
    assert [made.task("train", n) for n in reversed(range(60))] == drawn[::-1]


def test_each_length_is_counted_once(tmp_path):
    counted = []
    file = written(tmp_path / "a.jsonl", reserved=0.0)
    made = ShortPrompts(corpus=file, most=9, count=lambda t: counted.append(t.id) or len(t.prompt))
    for n in range(200):
        made.task("train", n)
    assert len(counted) == len(set(counted)) == 30


def test_nothing_short_enough_is_refused(tmp_path):
    for inner in (written(tmp_path / "a.jsonl"), corpus("lock")):
        with pytest.raises(UsageError, match="max_prompt_length is 1"):
            short(inner, most=1).task("train", 0)
    assert short(written(tmp_path / "a.jsonl"), most=1).size("train") == 0


def test_a_benchmark_is_every_row_whatever_is_asked_for(tmp_path):
    made = benchmark(written(tmp_path / "a.jsonl").path)
    ids = {task.id for task in made.held_out("test", 99)}
    assert ids == {f"a.jsonl:{n}" for n in range(1, 31)}
    assert {task.id for task in made.held_out("dev", 99)} == ids
    assert made.size("test") == made.size("dev") == 30


def test_a_benchmark_with_a_test_split_of_its_own_is_that(tmp_path):
    written(tmp_path / "train.jsonl")
    (tmp_path / "test.jsonl").write_text('{"prompt": "7+8", "answer": "15"}')
    for split in ("dev", "test"):
        assert [t.answer for t in benchmark(str(tmp_path)).held_out(split, 99)] == ["15"]
    family = benchmark("lock")
    assert family.held_out("dev", 5) == corpus("lock").held_out("test", 5)
    assert family.size("test") is None


CHATS = {
    "text": ("6*7?", ({"role": "user", "content": "6*7?"},)),
    "a chat": (({"role": "user", "content": "a"},), ({"role": "user", "content": "a"},)),
    "a chat with its own": (
        ({"role": "system", "content": "old"}, {"role": "user", "content": "a"}),
        ({"role": "user", "content": "a"},),
    ),
    "a developer's": (
        ({"role": "developer", "content": "old"}, {"role": "user", "content": "a"}),
        ({"role": "user", "content": "a"},),
    ),
}


@pytest.mark.parametrize("kind", CHATS)
def test_a_system_prompt_comes_first_and_alone(kind, tmp_path):
    prompt, rest = CHATS[kind]
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"prompt": prompt, "answer": "1"}))
    made = SystemPrompt(corpus=File(path=str(path), reserved=0.0), text="Think.")
    told = ({"role": "system", "content": "Think."}, *rest)
    assert made.task("train", 0).prompt == made.held_out("all", 1)[0].prompt == told
    assert made.size("train") == 1 and made.benchmark() == "all"


def test_a_system_prompt_says_something():
    with pytest.raises(UsageError, match="text is empty"):
        SystemPrompt(corpus=corpus("lock"), text=" \n")


@pytest.mark.parametrize(("epochs", "steps"), [(1, 8), (2, 15), (0.5, 4), (0.01, 1)])
def test_epochs_are_steps(epochs, steps, tmp_path):
    file = written(tmp_path / "a.jsonl", reserved=0.0)
    assert steps_of_epochs(file, epochs, per_step=4) == steps
    assert steps_of_epochs(Pool(corpus=corpus("lock"), tasks=30), epochs, per_step=4) == steps


@pytest.mark.parametrize(
    ("name", "epochs", "told"),
    [
        ("lock", 1, "Problems is endless"),
        ("gym:chain_sum", 1, "Gym is endless"),
        ("file", 0, "epochs is 0"),
        ("file", -1, "epochs is -1"),
        ("file", float("nan"), "epochs is nan"),
        ("file", float("inf"), "epochs is inf"),
        ("benchmark", 1, "no training tasks"),
    ],
)
def test_what_has_no_epochs_is_refused(name, epochs, told, tmp_path):
    path = tmp_path / "a.jsonl"
    made = written(path, reserved=1.0 if name == "benchmark" else 0.1)
    made = made if name in ("file", "benchmark") else corpus(name)
    with pytest.raises(UsageError, match=told):
        steps_of_epochs(made, epochs, per_step=4)
