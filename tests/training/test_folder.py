"""The run folder: made whole or not at all, and saved when it is due."""

import errno
import os
from dataclasses import replace

import pytest
from small import RUN, followed, small

from whet.durable import StorageError
from whet.training import card
from whet.training.folder import RunProgress, fresh_folder
from whet.training.run import CheckpointConfig
from whet.training.trainer import CHECKPOINTS
from whet.types import UsageError


@pytest.mark.parametrize("error", [UsageError("no"), KeyboardInterrupt(), MemoryError()])
def test_a_folder_that_nothing_came_into_is_removed(tmp_path, error):
    with pytest.raises(type(error)), fresh_folder(tmp_path / "a" / "b" / "c") as fresh:
        (fresh.path / "x" / "y").mkdir(parents=True)
        (tmp_path / "a" / "other").touch()
        raise error
    assert [p.name for p in (tmp_path / "a").rglob("*")] == ["other"]


@pytest.mark.parametrize("before", [(), ("mine.txt",)])
def test_a_disk_that_is_full_at_the_start_leaves_nothing(tmp_path, monkeypatch, before):
    folder = tmp_path / "new" / "run"
    for name in before:
        folder.mkdir(parents=True)
        (folder / name).touch()

    def fail(partial, path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("whet.durable.settle", fail)
    with pytest.raises(StorageError, match=r"run.*No space"), fresh_folder(folder):
        pass
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [*before]
    assert before or not [*tmp_path.iterdir()]


def test_of_two_starts_in_a_folder_the_second_is_refused_and_deletes_nothing(tmp_path):
    with fresh_folder(tmp_path) as first:
        (first.path / "theirs").touch()
        with pytest.raises(UsageError, match="under way"), fresh_folder(tmp_path):
            pass
        first.keep()
    assert [p.name for p in tmp_path.iterdir()] == ["theirs"]


def test_a_folder_that_is_kept_stays(tmp_path):
    with pytest.raises(UsageError), fresh_folder(tmp_path / "a") as fresh:
        fresh.keep()
        raise UsageError("later")
    assert (tmp_path / "a").is_dir()


def test_the_folder_of_a_run_is_not_made_again(tmp_path):
    card.write(tmp_path, card.card(RUN))
    with pytest.raises(UsageError, match="exists"), fresh_folder(tmp_path):
        pass
    assert card.run_of(card.read(tmp_path)) == RUN


@pytest.mark.parametrize("part", ["checkpoints", "metrics.jsonl", "saved.json"])
def test_the_rest_of_a_run_without_its_card_is_no_new_folder(tmp_path, part):
    (tmp_path / part).mkdir()
    told = rf"{part} of a run.* no run\.json"
    with pytest.raises(UsageError, match=told), fresh_folder(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [part]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "a").mkdir(mode=0o500)
    with pytest.raises(UsageError, match="can't be written"), fresh_folder(tmp_path / "a" / "b"):
        pass


def test_a_folder_says_how_far_its_run_is(tmp_path):
    run, folder = small(steps=2), tmp_path / "run"

    def stands(**changes):
        found = RunProgress.of(folder, replace(run, **changes))
        return found.newest and found.newest.name, found.done, found.digest

    assert stands() == (None, 0, "")
    followed(run, folder, stop_after=1)
    assert stands() == ("step-000000", 0, "")
    end = followed(run, folder)[-1]
    assert stands() == ("step-000002", 2, end.digest)
    assert stands(steps=3) == ("step-000002", 2, "")


def test_a_checkpoint_is_written_every_so_many_steps(tmp_path):
    run = small(checkpoints=CheckpointConfig(seconds=1e9, steps=4, keep=9))
    followed(run, tmp_path / "run")
    found = sorted(p.name for p in (tmp_path / "run" / CHECKPOINTS).glob("*-*"))
    assert found == ["step-000000", "step-000004", "step-000006", *WARM]


WARM = ["warmup-0-000004", "warmup-0-000006"]


@pytest.mark.parametrize("field", [{"seconds": -1}, {"steps": -1}, {"keep": 0}])
def test_spacings_of_less_than_nothing_are_refused(field):
    with pytest.raises(UsageError, match=rf"checkpoints\.{next(iter(field))} is"):
        CheckpointConfig(**field)


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "new/" + "a" * 300])
def test_a_folder_that_no_file_system_takes_is_refused_and_leaves_nothing(tmp_path, name):
    with pytest.raises(UsageError, match="can't be written"), fresh_folder(tmp_path / name):
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_beside_a_new_one_leaves_neither(tmp_path):
    with pytest.raises(KeyError), fresh_folder(tmp_path / "new" / ".." / "run"):
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_a_folder_that_another_process_makes_meanwhile_is_left_alone(tmp_path, monkeypatch):
    folder = tmp_path / "run"

    def meanwhile(path):
        path.mkdir()
        (path / "theirs").touch()

    monkeypatch.setattr("whet.training.folder._first_missing", meanwhile)
    with pytest.raises(UsageError, match="exists"), fresh_folder(folder):
        pass
    assert (folder / "theirs").exists()
