"""Checkpoints that are read: by `whet eval`, and as the best of a run."""

import json
import shutil
from dataclasses import replace

import pytest
from stopped_runs import NEWEST, OLDER, RUN, newest, quick, resumed, stopped_run

import whet
from whet.cli.main import main
from whet.evaluation.measure import EvalConfig
from whet.front.subject import subject_of
from whet.training.run import CheckpointConfig, PeriodicEval
from whet.training.trainer import CHECKPOINTS

OFTEN = PeriodicEval(every=1, evaluation=EvalConfig(problems=2, samples=1, k=(1,)))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A stopped run, and one of another seed."""
    base = tmp_path_factory.mktemp("runs")
    stopped_run(base / "stopped")
    stopped_run(base / "other", replace(RUN, seed=1))
    return base


@pytest.fixture
def folder(runs, tmp_path):
    """A copy of the stopped run."""
    shutil.copytree(runs / "stopped", tmp_path / "copy")
    return tmp_path / "copy"


def flipped(path):
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def evaluated(capsys, *words):
    """The exit code of `whet eval`, its errors, and its notes."""
    capsys.readouterr()
    code = main(["eval", *map(str, words), "--samples", "1", "--json"])
    said = capsys.readouterr()
    return code, said.err.splitlines(), json.loads(said.out)["notes"] if code == 0 else []


CHANGES = {
    "a flipped bit": lambda f, o: flipped(newest(f) / "model.safetensors"),
    "weights of another step": lambda f, o: shutil.copy(
        newest(f, OLDER) / "model.safetensors", newest(f)
    ),
    "a checkpoint of another run": lambda f, o: (
        shutil.rmtree(newest(f)),
        shutil.copytree(newest(o), newest(f)),
    ),
}


@pytest.mark.parametrize("name", quick(CHANGES, "weights of another step"))
def test_a_checkpoint_that_has_changed_is_not_evaluated(name, runs, folder, capsys):
    CHANGES[name](folder, runs / "other")
    code, errors, _ = evaluated(capsys, newest(folder))
    assert (code, len(errors)) == (2, 1)
    assert f"'{NEWEST}' is not as it was written" in errors[0] and "give another" in errors[0]
    code, errors, notes = evaluated(capsys, folder)
    assert (code, errors) == (0, [])
    [note] = [n for n in notes if OLDER in n]
    assert note.startswith(f"evaluated is {OLDER}, because ") and NEWEST in note


@pytest.mark.full
def test_a_sound_checkpoint_is_evaluated_and_nothing_is_said_also_as_a_copy(folder, capsys):
    for path in (newest(folder), folder):
        assert not [n for n in evaluated(capsys, path)[2] if "evaluated is" in n]
    copy = shutil.copytree(newest(folder), folder.parent / "alone")
    assert subject_of(copy).model.path == str(copy)
    flipped(copy / "model.safetensors")
    with pytest.raises(whet.UsageError, match="not as it was written"):
        subject_of(copy)
    (copy / "seal.json").unlink()  # a person's own model by now
    assert subject_of(copy).model.path == str(copy)


def saved(folder):
    held = json.loads((folder / "saved.json").read_text())
    names = {path.name for path in (folder / CHECKPOINTS).glob("step-*")}
    assert {held["newest"], held["best"]} <= names
    return held


@pytest.mark.full
def test_the_best_is_one_that_is_there_where_its_metric_is_given_later(tmp_path, capsys):
    checkpoints = CheckpointConfig(seconds=0, keep=1)
    folder = stopped_run(tmp_path / "run", replace(RUN, periodic=OFTEN, checkpoints=checkpoints))
    assert resumed(folder, capsys, "--checkpoints.best", "length")[:2] == (0, [])
    assert saved(folder)["best"] in (NEWEST, "step-000003")


def test_a_best_checkpoint_that_is_lost_is_said_and_another_one_is_the_best(tmp_path, capsys):
    checkpoints = CheckpointConfig(seconds=0, keep=1, best="length")
    folder = stopped_run(tmp_path / "run", replace(RUN, periodic=OFTEN, checkpoints=checkpoints))
    lost = saved(folder)["best"]
    whole = shutil.copytree(folder, tmp_path / "whole")
    shutil.rmtree(newest(folder, lost))
    code, errors, said = resumed(folder, capsys)
    assert (code, errors) == (0, [])
    assert f"{lost}, the best so far, is missing" in said or lost == NEWEST
    saved(folder)
    assert resumed(whole, capsys)[:2] == (0, [])
    assert saved(whole)["best"] == lost or whet.load_run(whole).steps == 3
