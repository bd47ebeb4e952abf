"""Every benchmark names a verifier that accepts what its file calls right, and no near miss."""

import asyncio
import pickle

import pytest
from benchmark_files import code, letters, spelled, write
from benchmark_rows import FIXTURES

from whet.data import corpus
from whet.protocols import Corpus
from whet.registry import names
from whet.rewards.declared import Declared
from whet.rewards.judging import verdict
from whet.sandbox import Safest
from whet.types import Rollout

NAMES = sorted(FIXTURES)
PROGRAMS = ("human_eval", "mbpp", "mbpp, sanitized", "live_code_bench")
works = pytest.mark.skipif(bool(why := Safest().probe()), reason=why or "a sandbox works")
each = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=works) if n in PROGRAMS else n for n in NAMES]
)
GOLDS = {
    "math": lambda task: f"\\boxed{{{task.answer}}}",
    "choice": lambda task: letters(task.answer)[0],
    "code": lambda task: code(task.answer)[0],
}


@pytest.fixture
def tasks(tmp_path):
    """The tasks of a fixture in the order of its rows."""

    def made(name):
        found = corpus(spelled(name, write(tmp_path, FIXTURES[name]))).held_out("test", 100)
        return sorted(found, key=lambda task: FIXTURES[name].ids.index(task.id))

    return made


def judged(task, reply):
    found = asyncio.run(verdict(Rollout.from_text(task, reply), Declared()))
    assert not found.fault, found.note
    return found


def test_every_benchmark_has_a_fixture():
    assert {name.partition(",")[0] for name in FIXTURES} == {*names("benchmark")}


@each
def test_right_replies_earn_1(tasks, name):
    for task, reply in zip(tasks(name), FIXTURES[name].right, strict=True):
        found = judged(task, reply)
        assert (found.score, found.correct) == (1.0, True), (task.id, found)


@each
def test_near_misses_are_wrong(tasks, name):
    for task, replies in zip(tasks(name), FIXTURES[name].wrong, strict=True):
        for reply in replies:
            found = judged(task, reply)
            assert found.correct is False, (task.id, reply)
            assert found.score == 0 or name == "ifeval", (task.id, reply)


@each
def test_the_files_own_answers_earn_1(tasks, name):
    held = [task for task in tasks(name) if task.answer]
    assert bool(held) == (name not in ("live_code_bench", "ifeval", "bfcl"))
    for task in held:
        assert judged(task, GOLDS[task.info["verifier"]](task)).correct, task


@pytest.mark.parametrize("name", NAMES)
def test_tasks_are_values_with_a_family_and_a_verifier(tasks, name):
    found = tasks(name)
    assert len(found) == len(FIXTURES[name].rows)
    for task in found:
        assert task.info["family"] == name.partition(",")[0]
        assert task.info["verifier"] in names("reward")
        assert pickle.loads(pickle.dumps(task)) == task


@pytest.mark.parametrize("name", NAMES)
def test_no_prompt_tells_its_answer(tasks, name):
    for task, row in zip(tasks(name), FIXTURES[name].rows, strict=True):
        for column in ("solution", "Solution", "canonical_solution", "code", "private_test_cases"):
            told = str(row.get(column) or "").strip()
            assert not told or told not in str(task.prompt)
        assert "#### " not in str(task.prompt)


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_is_a_corpus_with_one_split(tmp_path, name):
    made = corpus(spelled(name, write(tmp_path, FIXTURES[name])))
    assert isinstance(made, Corpus) and made.benchmark() == "test"
    every = made.held_out("test", 100)
    assert made.size("test") == len(every) and made.held_out("all", 1) == every[:1]
    assert made.task("test", len(every)) == every[0]
    assert pickle.loads(pickle.dumps(made)) == made and hash(made)
    with pytest.raises(ValueError, match="split is 'train'"):
        made.task("train", 0)


@pytest.mark.parametrize("name", ["gsm8k", "olympiad_bench", "mbpp", "ifeval", "live_code_bench"])
def test_parquet_is_read_as_json_lines_are(tmp_path, name):
    whole, table = (write(tmp_path, FIXTURES[name], file=f"rows.{s}") for s in ("jsonl", "parquet"))
    one, other = (corpus(spelled(name, path)).held_out("test", 9) for path in (whole, table))
    assert [task.prompt for task in one] == [task.prompt for task in other]
    assert [task.info for task in one] == [task.info for task in other]
