"""Disks that fail while a run writes: a line with path and remedy, and nothing is lost."""

import errno
import json
import os
import resource
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from pyarrow import parquet
from stopped_runs import NEWEST, RUN, check_equal, newest, quick, resumed, stopped_run

import whet
from whet import durable
from whet.calls.shipped import search_file
from whet.training import card, kept_rollouts
from whet.training.checkpoint import Checkpoints
from whet.training.ledger import METRICS, Ledger
from whet.training.trainer import CHECKPOINTS


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The whole run, and one that was stopped after two of three steps."""
    base = tmp_path_factory.mktemp("runs")
    whet.train(RUN, base / "whole", follow=type)
    stopped_run(base / "stopped")
    return base


@pytest.fixture
def folder(runs, tmp_path):
    """A copy of the stopped run."""
    shutil.copytree(runs / "stopped", tmp_path / "copy")
    return tmp_path / "copy"


@contextmanager
def failing(owner, name, number, error, wanted=lambda *given: True):
    """A function that fails at its n-th call with such arguments, from 1 on, and at every later."""
    original, left = getattr(owner, name), [number]

    def call(*given, **named):
        left[0] -= bool(wanted(*given))
        if left[0] <= 0 and wanted(*given):
            raise error
        return original(*given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, call)
        yield


def full():
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def within(part):
    """Whether the first argument is a path with this part."""
    return lambda path, *_: part in str(path)


NO_SPACE = "No space left"
FAULTS = {  # what fails, and the words of the line
    "full at the weights": (
        (torch, "save", 1, full(), lambda state, path: "partial-" in str(path)),
        (NO_SPACE, CHECKPOINTS, "make room"),
    ),
    "full at the weights, as torch says it": (
        (
            torch,
            "save",
            1,
            RuntimeError("PytorchStreamWriter failed writing file data/0"),
            within(""),
        ),
        (CHECKPOINTS, "make room"),
    ),
    "full at a sync": ((durable, "sync", 9, full()), (NO_SPACE, "make room")),
    "a quota at a rename": (
        (os, "replace", 1, OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))),
        ("uota", "make room"),
    ),
    "full at the rollouts": (
        (parquet, "write_table", 1, full()),
        (NO_SPACE, "step-000003.parquet"),
    ),
    "full at a row": (
        (durable, "append", 1, durable.StorageError("'metrics.jsonl' can't be written")),
        ("metrics.jsonl",),
    ),
    "read-only at a folder": (
        (Path, "mkdir", 1, OSError(errno.EROFS, os.strerror(errno.EROFS)), within("partial-")),
        ("Read-only", "for writing"),
    ),
    "no permission at a rename": (
        (Path, "rename", 1, PermissionError(errno.EACCES, os.strerror(errno.EACCES))),
        ("Permission denied", "permission"),
    ),
    "an error of the disk at a sync": (
        (durable, "sync", 5, OSError(errno.EIO, os.strerror(errno.EIO))),
        ("mend its disk",),
    ),
    "an error of the disk at the card": (
        (Path, "write_bytes", 1, OSError(errno.EIO, os.strerror(errno.EIO)), within("lock")),
        ("lock", "mend its disk"),
    ),
}


@pytest.mark.parametrize("name", quick(FAULTS, "full at a sync"))
def test_a_disk_that_fails_is_told_in_a_line_and_the_run_goes_on_when_it_is_mended(
    name, runs, folder, capsys
):
    fault, words = FAULTS[name]
    with failing(*fault):
        code, errors, _ = resumed(folder, capsys)
    assert code == 2
    assert len(errors) == 1
    assert all(word in errors[0] for word in words), errors
    assert Checkpoints(folder / CHECKPOINTS, 0, 3).latest() is not None
    assert newest(folder).is_dir()
    assert resumed(folder, capsys)[:2] == (0, [])
    check_equal(folder, runs / "whole")


@pytest.mark.full
def test_a_limit_on_the_size_of_files_is_told_of(runs, folder, capsys):
    """The kernel's own error, in safetensors and torch: EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        code, errors, _ = resumed(folder, capsys)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code == 2
    assert len(errors) == 1 and CHECKPOINTS in errors[0]
    assert newest(folder).is_dir()
    assert resumed(folder, capsys)[:2] == (0, [])
    check_equal(folder, runs / "whole")


@pytest.mark.full
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
@pytest.mark.parametrize("room", [1.0, 1.5])
def test_a_full_disk_is_told_of_and_with_room_the_run_ends_as_the_whole(
    room, runs, folder, tmp_path, capsys
):
    """A file system in memory that has room for a part of a checkpoint only."""
    disk, size = tmp_path / "disk", sum(p.stat().st_size for p in newest(folder).rglob("*"))
    used = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={int(used + room * size)}", "none", str(disk)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        shutil.copytree(folder, disk / "run")
        filler = disk / "filler"
        free = shutil.disk_usage(disk).free - int(room * size / 2)
        filler.write_bytes(bytes(max(free, 0)))
        code, errors, _ = resumed(disk / "run", capsys)
        assert code == 2
        assert len(errors) == 1 and CHECKPOINTS in errors[0] and "make room" in errors[0]
        filler.unlink()
        subprocess.run(["mount", "-o", f"remount,size={4 * used}", str(disk)], check=True)
        assert resumed(disk / "run", capsys)[:2] == (0, [])
        check_equal(disk / "run", runs / "whole")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_folder_that_vanishes_under_a_run_is_named_and_not_made_again(tmp_path, capsys):
    folder = tmp_path / "run"

    def follow(event):
        if type(event).__name__ == "TrainStep":
            folder.rename(tmp_path / "elsewhere")

    with pytest.raises(durable.StorageError, match=r"run.* restore it, then: .*resume"):
        whet.train(RUN, folder, follow=follow)
    assert not folder.exists()
    (tmp_path / "elsewhere").rename(folder)
    assert resumed(folder, capsys)[:2] == (0, [])


def test_a_rename_that_fails_leaves_the_old_folder_in_its_place(tmp_path):
    new, target = tmp_path / "partial-a", tmp_path / "a"
    for place, text in ((new, "new"), (target, "old")):
        place.mkdir()
        (place / "file").write_text(text)
    with failing(Path, "rename", 2, full(), within("partial-a")):
        durable.settle_folder(new, target)
    assert (target / "file").read_text() == "new"
    new.mkdir()
    (new / "file").write_text("newer")
    with failing(Path, "rename", 1, full(), within("partial-a")), pytest.raises(OSError):
        durable.settle_folder(new, target)
    assert (target / "file").read_text() == "new"
    assert not (tmp_path / "replaced-a").exists()


def test_an_append_that_fails_half_way_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "rows"
    durable.append(path, b"one\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        with pytest.raises(durable.StorageError, match="rows"):
            durable.append(path, b"two and more\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"one\n"


def test_a_row_ends_at_a_line_feed_alone(tmp_path):
    """U+2028 and U+0085 end lines for `str.splitlines`, and JSON may hold them as they are."""
    row = {"kind": "step", "phase": 0, "step": 1, "metrics": {}, "note": "a\u2028b\u0085c\x0cd"}
    other = row | {"step": 2}
    lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in (row, other)]
    (tmp_path / METRICS).write_text("".join(lines), encoding="utf-8")
    ledger = Ledger(tmp_path)
    assert [*ledger.rows()] == [row, other]
    ledger.rewind((0, 1))
    assert (tmp_path / METRICS).read_text(encoding="utf-8") == lines[0]


def test_a_passage_of_a_users_file_ends_at_a_line_feed_alone(tmp_path):
    pytest.importorskip("bm25s")
    path = tmp_path / "passages.jsonl"
    texts = ["one\u2028passage of ants", "another\x85passage of bees"]
    rows = [json.dumps({"title": "t", "text": text}, ensure_ascii=False) for text in texts]
    path.write_text("\n".join(rows), "utf-8")
    assert "passage of ants" in str(search_file._indexed(str(path)).search("ants"))


def test_every_file_and_folder_is_synced_before_a_checkpoint_has_its_name(folder, tmp_path):
    """Those of the checkpoint before it is renamed, and the folder of checkpoints after it."""
    order, rename = [], Path.rename

    def sync(number):
        order.append(os.readlink(f"/proc/self/fd/{number}"))

    def renamed(path, target):
        order.append(f"{path.name} > {target.name}")
        return rename(path, target)

    partial, target = newest(folder, f"partial-{NEWEST}"), newest(folder)
    target.rename(partial)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(durable, "sync", sync)
        patch.setattr(Path, "rename", renamed)
        durable.settle_folder(partial, target)
    at = order.index(f"partial-{NEWEST} > {NEWEST}")
    due = {str(path) for path in target.rglob("*")} | {str(target)}
    assert {path.replace("partial-", "") for path in order[:at]} == due
    assert order[at + 1 :] == [str(folder / CHECKPOINTS)]


def test_a_flipped_bit_in_rollouts_is_noticed_where_they_are_read(folder):
    path = folder / "rollouts" / "step-000001.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(whet.UsageError, match=r"step-000001\.parquet is damaged"):
        kept_rollouts.rows_of(path)


def test_a_fault_is_no_change_of_the_run(runs):
    assert card.read(runs / "stopped")["changes"] == []
    assert card.read(runs / "whole")["notices"] == []
