"""`whet env replay`: a rollout of a run is played again from the ledger."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from whet.cli.main import main

RECIPE = str(Path(__file__).with_name("recipe_small.py"))
WORLD = '''
from dataclasses import dataclass

from whet.protocols import Environment
from whet.types import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice(Environment):
    """Asks twice; the second time with the sum so far."""

    async def play(self, task, policy):
        said = await policy(task.prompt)
        more = await policy("{observation}", stop=("1",))
        return Verdict.points({score}, correct=False)
'''


def write(observation="3=", score="len(said) / 100"):
    Path("twice.py").write_text(WORLD.format(observation=observation, score=score))


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A directory with a run of two steps."""
    return tmp_path_factory.mktemp("replayed")


@pytest.fixture
def run(here, monkeypatch):
    """The file of a step of the run, which is trained once."""
    monkeypatch.chdir(here)
    write()
    file = Path("runs/one/rollouts/step-000001.parquet")
    if not file.exists():
        words = ["--environment", "twice.py:Twice", "--steps", "1", "--evaluation.problems", "1"]
        words += ["--evaluation.samples", "1", "--evaluation.k", "1", "--periodic.every", "0"]
        assert main(["train", RECIPE, *words, "--reward", "none", "--name", "one"]) == 0
    return file


def test_a_rollout_is_played_again_by_its_id_and_by_its_number(run, capsys):
    rows = parquet.read_table(run).to_pylist()
    capsys.readouterr()
    assert main(["env", "replay", "runs/one", rows[2]["id"]]) == 0
    told = capsys.readouterr().out
    first, second = rows[2]["turns"][1], rows[2]["turns"][3]
    first, second = first or "[empty]", second or "[empty]"
    assert re.search(rf"^\[1\] assistant \(.*\): {re.escape(first)}$", told, re.MULTILINE)
    assert re.search(
        rf"^\[2\] user: 3=\n\[2\] assistant \(.*\): {re.escape(second)}$", told, re.MULTILINE
    )
    assert f"verdict: score {rows[2]['score']:g}" in told and "equal to the recorded one" in told
    before = sum(len(parquet.read_table(f)) for f in sorted(run.parent.iterdir()) if f < run)
    assert main(["env", "replay", "runs/one", str(before + 2)]) == 0
    assert capsys.readouterr().out == told


def test_as_json_it_prints_one_document(run, capsys):
    [row, *_] = parquet.read_table(run).to_pylist()
    capsys.readouterr()
    assert main(["env", "replay", "runs/one", row["id"], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["equal"] is True and told["turns"] == row["turns"]
    assert told["is"]["score"] == row["score"]


def changed(name="one", files="step-*", **how):
    """What a new process says once the world has changed, and the row of the rollout."""
    write(**how)
    row = parquet.read_table(next(Path(f"runs/{name}/rollouts").glob(files))).to_pylist()[0]
    words = [sys.executable, "-m", "whet", "env", "replay", f"runs/{name}", row["id"]]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    return found, row


@pytest.mark.full
def test_a_changed_world_is_named_with_both_texts(run):
    found, row = changed(observation="4=")
    assert found.returncode == 3
    assert f"observation 2 of rollout {row['id']} was '3=', and is '4='" in found.stderr


@pytest.mark.full
def test_a_message_that_differs_in_no_token_is_named_too(run):
    """The model has no token for letters that its tokenizer does not know."""
    write(observation="3=x")
    words = ["--environment", "twice.py:Twice", "--steps", "0", "--reward", "none"]
    assert main(["train", RECIPE, *words, "--name", "unknown"]) == 0
    found, row = changed("unknown", "base-*", observation="3=y")
    assert found.returncode == 3
    assert f"a message of rollout {row['id']} was" in found.stderr
    assert "'3=x'" in found.stderr and "'3=y'" in found.stderr


@pytest.mark.full
def test_another_verdict_is_shown_beside_the_recorded_one(run):
    found, row = changed(score="0.5")
    assert found.returncode == 1
    assert "verdict: score 0.5" in found.stdout
    assert f"recorded: score {row['score']:g}" in found.stdout


@pytest.mark.parametrize("name", ["none", "999999"])
def test_a_rollout_that_is_not_there_is_named(run, name, capsys):
    assert main(["env", "replay", "runs/one", name]) == 2
    assert f"rollout {name!r} is not in" in capsys.readouterr().err


def test_a_rollout_of_an_earlier_version_is_named(run, tmp_path, capsys):
    table = parquet.read_table(run)
    later = {"acts", "messages", "play_seed", "task", "shown", "max_episode_tokens"}
    old = table.select([name for name in table.column_names if name not in later])
    other = run.with_name("step-000000.parquet")
    parquet.write_table(old.set_column(3, "id", pa.array(["old"] * len(old))), other)
    try:
        assert main(["env", "replay", "runs/one", "old"]) == 2
        told = capsys.readouterr().err
    finally:
        other.unlink()
    assert "was written without acts, by an earlier version" in told


@pytest.mark.parametrize("words", [["replay", "runs/one"], ["show", "guess", "more"]])
def test_words_that_do_not_fit_the_action_are_named(words, capsys):
    assert main(["env", *words]) == 2
    assert "action" in capsys.readouterr().err


def altered(run, folder, column, value):
    """A copy of the run in which the first rollout of a file has another value."""
    shutil.copytree(run.parents[1], folder)
    table = parquet.read_table(run)
    rows = table.to_pylist()
    rows[0][column] = value
    parquet.write_table(
        pa.Table.from_pylist(rows, schema=table.schema), folder / "rollouts" / run.name
    )
    return rows[0]["id"]


@pytest.mark.parametrize(
    ("column", "value"),
    [("task", "{"), ("messages", "{"), ("shown", "{"), ("finish", "no"), ("reason", "no")],
)
def test_a_damaged_rollout_is_told_in_one_line(run, tmp_path, capsys, column, value):
    name = altered(run, tmp_path / "one", column, value)
    capsys.readouterr()
    assert main(["env", "replay", str(tmp_path / "one"), name]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"rollout '{name}'" in said and "is damaged" in said


@pytest.mark.parametrize("held", [b"", b"no parquet at all", None])
@pytest.mark.parametrize("words", [["env", "replay", "", "0"], ["report", ""]])
def test_a_damaged_file_of_rollouts_is_told_in_one_line(run, tmp_path, capsys, held, words):
    shutil.copytree(run.parents[1], tmp_path / "one")
    for file in (tmp_path / "one" / "rollouts").glob("*.parquet"):
        if held is None:
            parquet.write_table(pa.table({"other": [1]}), file)
        else:
            file.write_bytes(held)
    capsys.readouterr()
    assert main([word or str(tmp_path / "one") for word in words]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and ".parquet is damaged" in said and "restore it" in said
