"""Files and folders of another run or another step, in the place of a run's own."""

import shutil
from dataclasses import replace

import pytest
from stopped_runs import RUN, check_equal, quick, resumed, stopped_run

import whet
from whet import durable
from whet.training.loop import TrainStep


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The whole run and the stopped one, and both of another seed."""
    base = tmp_path_factory.mktemp("runs")
    for name, run in (("", RUN), ("other-", replace(RUN, seed=1))):
        whet.train(run, base / f"{name}whole", follow=type)
        stopped_run(base / f"{name}stopped", run)
    return base


@pytest.fixture
def folder(runs, tmp_path):
    """A copy of the stopped run."""
    shutil.copytree(runs / "stopped", tmp_path / "copy")
    return tmp_path / "copy"


def train_until(change, folder, step=2):
    """Train a run in a folder, and change something there after a step."""

    def follow(event):
        if isinstance(event, TrainStep) and event.number + 1 == step:
            change()

    whet.train(RUN, folder, follow=follow)


def test_a_run_whose_folder_another_has_taken_writes_nothing_there(runs, tmp_path, capsys):
    """It was moved away, and another run was put in its place."""
    here, away = tmp_path / "run", tmp_path / "away"

    def exchanged():
        here.rename(away)
        shutil.copytree(runs / "other-stopped", here)

    with pytest.raises(durable.StorageError, match=r"not this run's folder any more.*put"):
        train_until(exchanged, here)
    assert resumed(here, capsys)[:2] == (0, [])
    check_equal(here, runs / "other-whole")
    assert resumed(away, capsys)[:2] == (0, [])
    check_equal(away, runs / "whole")


GONE = {
    "metrics.jsonl": lambda folder: (folder / "metrics.jsonl").unlink(),
    "checkpoints": lambda folder: shutil.rmtree(folder / "checkpoints"),
}


@pytest.mark.parametrize("name", quick(GONE, "metrics.jsonl"))
def test_what_goes_while_a_run_writes_is_missed_at_once(name, tmp_path):
    told = rf"{name}' is gone while the run writes; restore it, then: .*resume"
    with pytest.raises(durable.StorageError, match=told):
        train_until(lambda: GONE[name](tmp_path / "run"), tmp_path / "run")
