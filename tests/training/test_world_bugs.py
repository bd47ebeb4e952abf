"""A world with a bug stops the run with one line; nothing that was computed is lost."""

import json
from pathlib import Path

import pytest

from whet.cli.main import main

RECIPE = str(Path(__file__).parents[1] / "cli" / "recipe_small.py")
WORLD = '''
from dataclasses import dataclass
from pathlib import Path

from whet.protocols import Environment

PLAYS = Path(__file__).with_name("broken")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brittle(Environment):
    """Breaks at a task of the second step, where the file `broken` is."""

    async def play(self, task, policy):
        await policy(task.prompt)
        if PLAYS.exists() and task.id == PLAYS.read_text():
            return {}["x"]
'''


def tasks_of(folder, step):
    import pyarrow.parquet as pq

    rows = pq.read_table(folder / "rollouts" / f"step-{step:06}.parquet").to_pylist()
    return {row["task_id"] for row in rows}


@pytest.mark.full
def test_the_checkpoint_stays_and_resume_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("brittle.py").write_text(WORLD)
    words = ["--environment", "brittle.py:Brittle", "--steps", "2", "--evaluation.problems", "1"]
    words += ["--evaluation.samples", "1", "--evaluation.k", "1", "--periodic.every", "0"]
    assert main(["train", RECIPE, *words, "--name", "whole"]) == 0
    whole = capsys.readouterr().out
    second = tasks_of(Path("runs/whole"), 2) - tasks_of(Path("runs/whole"), 1)
    Path("broken").write_text(sorted(second)[0])
    assert main(["train", RECIPE, *words, "--name", "half"]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and "Brittle of brittle.py, line 17: KeyError: 'x'" in said[0]
    replay = said[0][said[0].index("whet env replay") :].rstrip(")").split()[1:]
    assert main(replay) == 2  # the same bug again, after the same replies
    again = capsys.readouterr()
    assert "[1] assistant (" in again.out and "line 17: KeyError: 'x'" in again.err
    rows = [json.loads(x) for x in Path("runs/half/metrics.jsonl").read_text().splitlines()]
    assert sum(row["kind"] == "step" for row in rows) == 1
    Path("broken").unlink()
    assert main(["resume", "runs/half"]) == 0
    digest = [x.split()[1] for x in whole.splitlines() if x.startswith("weights")]
    assert digest[0] in capsys.readouterr().out
