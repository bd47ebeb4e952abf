"""Every wrong input is one line, exit code 2, no traceback, and nothing lost."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from wrong_inputs import commands, inputs, numbers, paths, recipes, runs
from wrong_inputs.folder import furnish
from wrong_inputs.row import Row

from whet.cli.main import main

RECIPE = Path(__file__).with_name("recipe_small.py")
TABLE = [
    *commands.COMMANDS,
    *commands.CHECKS,
    *runs.REFUSED,
    *recipes.RECIPES,
    *recipes.CONFIGS,
    *recipes.NAMES,
    *paths.PATHS,
    *paths.SPELLINGS,
    *numbers.NUMBERS,
    *inputs.MODELS,
    *inputs.DATA,
    *inputs.REWARDS,
    *inputs.ALGORITHMS,
]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wrong")
    furnish(folder, RECIPE)
    return folder


@pytest.fixture
def here(furnished: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """All rows share one folder, which none of them may change."""
    monkeypatch.chdir(furnished)
    monkeypatch.delenv("WHET_RUNS", raising=False)
    yield furnished
    for name in [n for n in sys.modules if n.startswith("whet_file_")]:
        monkeypatch.delitem(sys.modules, name)


def listing(folder: Path) -> dict[str, int]:
    """Every file below with its time of change, and every folder; not what Python compiled."""
    found = (p for p in folder.rglob("*") if "__pycache__" not in p.parts)
    return {p.as_posix(): p.stat().st_mtime_ns if p.is_file() else 0 for p in found}


def test_the_table_is_long_and_no_row_stands_twice():
    assert len(TABLE) >= 150
    assert len({row.words for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_one_line_and_two(here: Path, capsys: pytest.CaptureFixture[str], row: Row):
    before = listing(here)
    code = main(row.words)
    out, err = capsys.readouterr()
    assert code == 2, err
    assert err.startswith("whet: ")
    assert len(err.strip().splitlines()) == 1
    assert out == ""
    assert [text for text in row.told if text not in err] == [], err
    assert listing(here) == before


@pytest.mark.full
@pytest.mark.parametrize("row", runs.RUNS, ids=str)
def test_a_run_that_had_begun_keeps_what_it_has(
    here: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, row: Row
):
    assert main([*row.words, "--runs", str(tmp_path), "--name", "begun"]) == 3
    err = capsys.readouterr().err
    assert "Traceback" not in err
    last = err.strip().splitlines()[-1]
    assert last.startswith("whet: stopped, because ")
    assert [text for text in row.told if text not in last] == [], err
    kept = {path.name for path in (tmp_path / "begun").iterdir()}
    assert {"run.json", "metrics.jsonl", "checkpoints"} <= kept


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("runs").mkdir(mode=0o500)
    assert main(["train", str(RECIPE), "--name", "x"]) == 2
    assert "can't be written" in capsys.readouterr().err


@pytest.mark.full
def test_a_recipe_that_changed_since_is_not_resumed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = Path("recipe_small.py")
    recipe.write_text(RECIPE.read_text())
    assert main(["train", str(recipe), "--name", "r", "--steps", "1"]) == 0
    recipe.write_text(recipe.read_text().replace("lr=1e-3", "lr=2e-3"))
    for name in [n for n in sys.modules if n.startswith("whet_file_recipe_small_")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["resume", "runs/r"]) == 2
    said = capsys.readouterr().err
    assert "has changed since the run began: optimizer.lr: was 0.001, is 0.002" in said
