"""Damage to a stopped run: it ends as the whole one does, and says so, or is refused in a line."""

import json
import os
import shutil
import socket
from dataclasses import replace

import pytest
from stopped_runs import NEWEST, OLDER, RUN, check_equal, newest, quick, resumed, stopped_run

import whet
from whet.training import card
from whet.training.checkpoint import Checkpoints
from whet.training.lock import owned
from whet.training.trainer import CHECKPOINTS


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The whole run, the stopped one, and a stopped one of another seed."""
    base = tmp_path_factory.mktemp("runs")
    whet.train(RUN, base / "whole", follow=type)
    stopped_run(base / "stopped")
    stopped_run(base / "other", replace(RUN, seed=1))
    return base


def flip(path):
    held = bytearray(path.read_bytes())
    held[len(held) * 2 // 3] ^= 1
    path.write_bytes(held)


def cut(path, share=0.5):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def added(path, data):
    path.write_bytes(path.read_bytes() + data)


def replaced_by(path, text="x"):
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.write_text(text)


def replaced_by_folder(path):
    path.unlink()
    path.mkdir()


def swapped(folder, other):
    shutil.rmtree(newest(folder))
    shutil.copytree(newest(other), newest(folder))


def older(folder, _):
    shutil.rmtree(newest(folder))
    shutil.copytree(newest(folder, OLDER), newest(folder))


def renamed_away(folder):
    newest(folder).rename(newest(folder, f"replaced-{NEWEST}"))


def all_cut(folder):
    for path in (folder / CHECKPOINTS).glob("*/model.safetensors"):
        cut(path)


def of_process(folder, **changes):
    """A lock of this process, or of one that never was."""
    held = {"pid": 2**22 + 1, "host": socket.gethostname(), "began": "then"}
    (folder / "lock").write_text(json.dumps(held | changes))


PASSED_OVER = {  # the newest checkpoint can't be believed
    "a flipped bit in the weights": lambda f, o: flip(newest(f) / "model.safetensors"),
    "weights cut short": lambda f, o: cut(newest(f) / "model.safetensors"),
    "no optimizer": lambda f, o: (newest(f) / "learner.pt").unlink(),
    "an empty state of sampling": lambda f, o: (newest(f) / "sampling.pt").write_bytes(b""),
    "a place that is no JSON": lambda f, o: (newest(f) / "place.json").write_text("{"),
    "a seal cut short": lambda f, o: cut(newest(f) / "seal.json"),
    "a seal that is a folder": lambda f, o: replaced_by_folder(newest(f) / "seal.json"),
    "a file in its place": lambda f, o: replaced_by(newest(f)),
    "an empty folder in its place": lambda f, o: (shutil.rmtree(newest(f)), newest(f).mkdir()),
    "deleted": lambda f, o: shutil.rmtree(newest(f)),
    "the one before in its place": older,
    "one of another run in its place": swapped,
    "a file more that a loader reads": lambda f, o: (newest(f) / "model.bin").write_bytes(b"x"),
    "a link to nothing": lambda f, o: (shutil.rmtree(newest(f)), newest(f).symlink_to("nowhere")),
    "the ledger cut before it": lambda f, o: cut(f / "metrics.jsonl", 0.8),
}
GOES_ON = {  # nothing that counts is lost
    "a torn row": lambda f: added(f / "metrics.jsonl", b'{"kind": "st'),
    "a torn row of half a character": lambda f: added(f / "metrics.jsonl", b'{"\xe2'),
    "no identity": lambda f: (f / CHECKPOINTS / "identity").unlink(),
    "an empty identity": lambda f: (f / CHECKPOINTS / "identity").write_text(""),
    "no note of the newest": lambda f: (f / "saved.json").unlink(),
    "a torn note of the newest": lambda f: cut(f / "saved.json"),
    "a checkpoint half written": lambda f: shutil.copytree(
        newest(f), newest(f, "partial-step-000003")
    ),
    "a checkpoint renamed away": renamed_away,
    "one renamed away beside its successor": lambda f: shutil.copytree(
        newest(f), newest(f, f"replaced-{NEWEST}")
    ),
    "one renamed away beside a damaged one": lambda f: (
        renamed_away(f),
        shutil.copytree(newest(f, OLDER), newest(f)),
    ),
    "files half written": lambda f: [
        (f / name).write_text("x")
        for name in ("run.json.7.partial", "rollouts/step-000003.partial")
    ],
    "a folder of a person": lambda f: shutil.copytree(newest(f), newest(f, "step-best")),
    "a lock of a process that is gone": lambda f: of_process(f),
    "a lock of an earlier process of that number": lambda f: of_process(f, pid=os.getpid()),
    "a torn lock": lambda f: (f / "lock").write_text('{"pid'),
}
SAID = {  # what the run can do without, and says
    "no rollouts of a step": lambda f: (f / "rollouts" / "step-000001.parquet").unlink(),
    "rollouts cut short": lambda f: cut(f / "rollouts" / "step-000001.parquet"),
}
REFUSED = {  # by exit code and words
    "no rows": (2, "metrics.jsonl", lambda f: (f / "metrics.jsonl").unlink()),
    "a flipped bit in a row": (2, "metrics.jsonl", lambda f: _altered(f / "metrics.jsonl")),
    "a folder of rows": (2, "metrics.jsonl", lambda f: replaced_by_folder(f / "metrics.jsonl")),
    "a row that is no JSON": (3, "metrics.jsonl, line 1", lambda f: _prefixed(f / "metrics.jsonl")),
    "no checkpoints": (2, "checkpoints", lambda f: shutil.rmtree(f / CHECKPOINTS)),
    "no checkpoints and no note": (
        2,
        "checkpoints",
        lambda f: (shutil.rmtree(f / CHECKPOINTS), (f / "saved.json").unlink()),
    ),
    "a file of checkpoints": (2, "checkpoints", lambda f: replaced_by(f / CHECKPOINTS)),
    "all weights cut short": (3, "model.safetensors", all_cut),
    "no card": (2, "run.json", lambda f: (f / "run.json").unlink()),
    "half a card": (2, "run.json", lambda f: cut(f / "run.json")),
    "a card that is a folder": (2, "run.json", lambda f: replaced_by_folder(f / "run.json")),
    "a file of rollouts": (2, "rollouts", lambda f: replaced_by(f / "rollouts")),
    "a lock of another host": (2, "lock", lambda f: of_process(f, host="elsewhere")),
}


def _altered(path):
    """One digit of the first row is another one, and all is JSON still."""
    text = path.read_text()
    at = text.index('"value": 0.') + len('"value": 0.')
    path.write_text(f"{text[:at]}{(int(text[at]) + 1) % 10}{text[at + 1 :]}")


def _prefixed(path):
    path.write_bytes(b"{\n" + path.read_bytes())


@pytest.fixture
def folder(runs, tmp_path):
    """A copy of the stopped run; the card says that its files are there."""
    shutil.copytree(runs / "stopped", tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize("name", quick(PASSED_OVER, "a flipped bit in the weights", "deleted"))
def test_an_older_checkpoint_is_gone_on_from_and_that_is_said(name, runs, folder, capsys):
    PASSED_OVER[name](folder, runs / "other")
    code, errors, said = resumed(folder, capsys)
    assert (code, errors) == (0, [])
    assert said.count(f"note: going on from {OLDER}") == 1
    [notice] = card.read(folder)["notices"]
    assert NEWEST in notice and "\n" not in notice
    check_equal(folder, runs / "whole")


@pytest.mark.parametrize("name", quick(GOES_ON, "a torn row", "a checkpoint renamed away"))
def test_what_a_kill_leaves_is_cleaned_up_and_nothing_is_said(name, runs, folder, capsys):
    GOES_ON[name](folder)
    code, errors, said = resumed(folder, capsys)
    assert (code, errors) == (0, [])
    assert "note:" not in said
    check_equal(folder, runs / "whole")
    assert newest(folder, "step-best").exists() == ("person" in name)
    assert not (folder / "lock").exists()


@pytest.mark.parametrize("name", quick(SAID, "no rollouts of a step"))
def test_what_a_run_can_do_without_is_said(name, runs, folder, capsys):
    SAID[name](folder)
    code, errors, said = resumed(folder, capsys)
    assert (code, errors) == (0, [])
    assert "step-000001.parquet" in said
    check_equal(folder, runs / "whole")


@pytest.mark.parametrize(
    "name", quick(REFUSED, "no rows", "no checkpoints", "half a card", "a lock of another host")
)
def test_what_is_lost_is_refused_in_one_line_and_all_else_is_left(name, runs, folder, capsys):
    code, words, spoil = REFUSED[name]
    spoil(folder)
    was = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    found, errors, _ = resumed(folder, capsys)
    assert found == code
    assert len(errors) == 1 and words in errors[0]
    now = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    kept = {path for path in was if CHECKPOINTS in path.parts}
    assert {path: now.get(path) for path in kept} == {path: was[path] for path in kept}
    shutil.rmtree(folder)
    shutil.copytree(runs / "stopped", folder)  # restored, as the line asks
    assert Checkpoints(folder / CHECKPOINTS, 0, 3).latest() is not None


def test_a_run_that_is_under_way_is_refused_by_its_process(runs, folder, capsys):
    with owned(folder):
        code, errors, _ = resumed(folder, capsys)
    assert code == 2
    assert len(errors) == 1 and str(os.getpid()) in errors[0]
    assert resumed(folder, capsys)[0] == 0
    check_equal(folder, runs / "whole")
