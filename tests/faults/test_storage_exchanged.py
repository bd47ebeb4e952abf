"""Files and folders of another run or another step, in the place of a run's own."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from stopped_runs import RUN, check_equal, quick, resumed, stopped_run

import whet
from whet import durable
from whet.cli.main import main
from whet.training import card
from whet.training.checkpoint import Checkpoints
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


def changed_text(path, was, now):
    text = path.read_text()
    assert was in text
    path.write_text(text.replace(was, now, 1))


def other_card(folder, other):
    shutil.copy(other / "run.json", folder / "run.json")


CARDS = {  # what happens to a card, by words of the refusal
    "another learning rate": (
        "run of run.json is not as it was written",
        lambda folder, other: changed_text(folder / "run.json", '"lr": 0.001', '"lr": 0.003'),
    ),
    "that of another run": ("are of another run than the card", other_card),
    **{
        f"no {name}": (
            f"'{name}' is missing or damaged",
            lambda folder, other, name=name: changed_text(
                folder / "run.json", f'"{name}":', f'"{name}x":'
            ),
        )
        for name in ("run", "directory", "recipe", "arguments")
    },
}


@pytest.mark.parametrize("name", quick(CARDS, "another learning rate", "that of another run"))
def test_a_card_that_has_changed_is_refused(name, runs, folder, capsys):
    words, spoil = CARDS[name]
    was = (folder / "run.json").read_bytes()
    spoil(folder, runs / "other-stopped")
    code, errors, _ = resumed(folder, capsys)
    assert code == 2
    assert len(errors) == 1 and words in errors[0] and "restore" in errors[0]
    (folder / "run.json").write_bytes(was)
    assert resumed(folder, capsys)[:2] == (0, [])
    check_equal(folder, runs / "whole")


@pytest.mark.full
def test_a_card_that_a_person_has_changed_may_be_accepted(folder, capsys):
    changed_text(folder / "run.json", '"lr": 0.001', '"lr": 0.003')
    assert resumed(folder, capsys, "--accept", "recipe")[:2] == (0, [])
    assert whet.load_run(folder).optimizer.lr == 0.003


@pytest.mark.full
@pytest.mark.parametrize("data", [b"\xff\xfe", b"of another"])
def test_an_identity_that_was_damaged_is_that_of_the_card(data, runs, folder, capsys):
    (folder / "checkpoints" / "identity").write_bytes(data)
    assert resumed(folder, capsys)[:2] == (0, [])
    check_equal(folder, runs / "whole")


REFUSED = (["--optimizer.lr", "0.5"], ["--steps", "0"])


@pytest.mark.parametrize("words", REFUSED)
def test_going_back_with_a_change_that_is_refused_moves_nothing(words, runs, folder, capsys):
    def listed():
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))

    was = listed()
    code, errors, _ = resumed(folder, capsys, "--from", "step-000001", *words)
    assert (code, len(errors)) == (2, 1)
    assert listed() == was
    (folder / "metrics.jsonl").unlink()
    code, errors, _ = resumed(folder, capsys, "--from", "step-000001")
    assert (code, len(errors)) == (2, 1) and "--accept metrics" in errors[0]
    assert (folder / "checkpoints" / "step-000002").is_dir()


def test_going_back_is_on_the_card_and_its_folder_is_numbered_past_the_last(runs, folder, capsys):
    (folder / "aside" / "2").mkdir(parents=True)  # a person has deleted the first
    assert resumed(folder, capsys, "--from", "step-000001")[:2] == (0, [])
    [notice] = card.read(folder)["notices"]
    assert "going on from step-000001" in notice and "aside/3" in notice
    check_equal(folder, runs / "whole")


MOMENTS = [(place, number) for place in ("link", "rename") for number in range(4)]


@pytest.mark.full
@pytest.mark.parametrize(("place", "number"), MOMENTS)
def test_going_back_that_was_cut_short_loses_no_rollouts_of_a_run(
    place, number, runs, tmp_path, capsys
):
    folder = tmp_path / "copy"
    shutil.copytree(runs / "whole", folder)
    owner = os if place == "link" else Path
    original, left = getattr(owner, place), [number]

    def call(*given):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt  # no OSError, which would be handled
        return original(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, place, call)
        resumed(folder, capsys, "--from", "step-000001")
    assert resumed(folder, capsys)[:2] == (0, [])
    check_equal(folder, runs / "whole")
    names = [
        sorted(p.name for p in (one / "rollouts").iterdir()) for one in (folder, runs / "whole")
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize("sound", [True, False])
def test_a_checkpoint_is_not_deleted_for_one_that_is_no_better(sound, folder):
    """A kill left both, and neither of them can be read for now: that may be the disk's doing."""
    here = folder / "checkpoints" / "step-000002"
    away = here.with_name(f"replaced-{here.name}")
    shutil.copytree(here, away)
    held = Checkpoints(folder / "checkpoints", 0, 3)
    weights = here / "model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(b"")
    if not sound:
        (away / "model.safetensors").unlink()
    held.mend()
    assert away.exists() != sound
    assert (weights.read_bytes() == data) == sound
    weights.write_bytes(data)  # the disk can be read again
    held.mend()
    assert held.names()[-1] == here.name and not away.exists()
    assert held.newest().passed == ()


@pytest.mark.parametrize("command", ["eval", "resume", "report", "doctor"])
def test_a_folder_that_may_not_be_searched_is_told_in_a_line(command, folder, capsys, monkeypatch):
    """As of another user; the one who runs the tests may be root, who may search any."""
    stat = os.stat

    def denied(path, *given, **named):
        if isinstance(path, str | Path) and Path(path).parent == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, *given, **named)

    monkeypatch.setattr(os, "stat", denied)
    assert main([command, str(folder)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
