"""A run's name stays below the folder of runs; a refused start leaves nothing behind."""

import json
from pathlib import Path

import pytest

from whet.cli.main import main
from whet.training.run import CheckpointConfig
from whet.training.run_name import checked
from whet.types import UsageError

RECIPE = str(Path(__file__).with_name("recipe_small.py"))

FAULTY = '''
"""A recipe whose world refuses once it is played."""

from dataclasses import dataclass, replace

from whet.protocols import Environment, Policy
from whet.recipes.quickstart import quickstart
from whet.training.run import Run
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone(Environment):
    """Nothing to play."""

    async def play(self, task: Task, policy: Policy) -> None:
        raise UsageError("environment.path is 'x', which is gone; give another")


def faulty() -> Run:
    """No warm-up."""
    return replace(quickstart(), environment=Gone(), warmup=())
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with a recipe that is refused when it begins."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WHET_RUNS", raising=False)
    Path("faulty.py").write_text(FAULTY)
    return tmp_path


BAD = ["", " ", ".", "..", "../x", "../../x", "a/b", "/tmp/x", "a\\b", "a\nb", "a\0", "a.", ".a"]


@pytest.mark.parametrize("name", [*BAD, "a ", "x" * 200, "-a", "c:x"])
def test_a_name_that_leads_elsewhere_is_refused(here, capsys, name):
    with pytest.raises(UsageError, match="name is"):
        checked(name)
    assert main(["train", RECIPE, f"--name={name}"]) == 2
    said = capsys.readouterr().err
    assert "name is" in said
    assert len(said.strip().splitlines()) == 1
    assert len(said) < 300
    assert not Path("runs").exists()


@pytest.mark.parametrize("name", ["a", "run-1", "größe", "a.b_c", "20250101", "lr=1e-6"])
def test_an_ordinary_name_is_itself(name):
    assert checked(name) == name


@pytest.mark.full
def test_a_refused_start_leaves_nothing_and_the_name_is_free(here, capsys):
    for _ in range(2):
        assert main(["train", "faulty.py", "--name", "x"]) == 2
        assert "gone" in capsys.readouterr().err
        assert sorted(p.name for p in Path().iterdir() if p.name != "__pycache__") == ["faulty.py"]


@pytest.mark.full
def test_what_was_there_before_stays(here, capsys):
    Path("runs/x").mkdir(parents=True)
    Path("runs/x/notes.txt").write_text("mine")
    assert main(["train", "faulty.py", "--name", "x"]) == 2
    assert [p.name for p in Path("runs/x").iterdir()] == ["notes.txt"]


def test_a_name_that_is_a_file_is_refused(here, capsys):
    Path("runs").mkdir()
    Path("runs/x").write_text("a file")
    assert main(["train", RECIPE, "--name", "x"]) == 2
    assert "runs/x" in capsys.readouterr().err
    assert Path("runs/x").read_text() == "a file"


@pytest.mark.full
@pytest.mark.parametrize("way", ["flag", "variable"])
def test_the_folder_of_runs_may_be_another(here, capsys, monkeypatch, way):
    words = ["train", RECIPE, "--name", "x", "--steps", "1", "--warmup", "none"]
    words += [
        "--periodic.every",
        "0",
        "--evaluation.problems",
        "1",
        "--evaluation.samples",
        "1",
        "--evaluation.k",
        "1",
    ]
    if way == "flag":
        words += ["--runs", "elsewhere/deep"]
    else:
        monkeypatch.setenv("WHET_RUNS", "elsewhere/deep")
    assert main(words) == 0
    assert json.loads(Path("elsewhere/deep/x/run.json").read_text())["run"]["steps"] == 1
    assert not Path("runs").exists()


def test_a_checkpoint_is_due_by_steps_or_by_the_clock():
    assert [CheckpointConfig(seconds=60, steps=2).is_due(done, 1.0) for done in (1, 2, 3, 4)] == [
        False,
        True,
        False,
        True,
    ]
    assert CheckpointConfig(seconds=60).is_due(1, 61.0)
    assert not CheckpointConfig(seconds=60).is_due(2, 1.0)
    with pytest.raises(UsageError, match=r"checkpoints\.steps"):
        CheckpointConfig(steps=-1)
