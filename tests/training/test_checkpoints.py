"""Checkpoints that changed since they were written are passed over, never learned from."""

import json
import shutil
from dataclasses import replace

import pytest
from small import followed, small, timeless

from whet.policy import algorithms
from whet.training.checkpoint import Checkpoints, RunPosition
from whet.training.trainer import CHECKPOINTS
from whet.training.warmup import WarmupProgress
from whet.types import IntegrityError

RUN = small(steps=3, objective=algorithms.load("ppo"))
LAST = "step-000002"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The uninterrupted run, and one that was killed after two of three steps."""
    folder = tmp_path_factory.mktemp("checkpoints")
    end = followed(RUN, folder / "whole")[-1]
    followed(RUN, folder / "killed", stop_after=3)
    return end, folder


def spoiled(whole, tmp_path, name, spoil, checkpoint=LAST):
    """A copy of the killed run with one file changed."""
    shutil.copytree(whole[1] / "killed", tmp_path / "copy")
    folder = tmp_path / "copy" / CHECKPOINTS
    spoil(folder / checkpoint / name)
    return tmp_path / "copy"


def flip(path):
    held = bytearray(path.read_bytes())
    held[len(held) * 2 // 3] ^= 1
    path.write_bytes(held)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def gone(path):
    path.unlink()


FILES = [
    "model.safetensors",
    "learner.pt",
    "sampling.pt",
    "extensions.pt",
    "extension-0/critic.pt",
    "place.json",
    "seal.json",
]


@pytest.mark.full
@pytest.mark.parametrize("spoil", [flip, cut, gone])
@pytest.mark.parametrize("name", FILES)
def test_the_newest_that_is_as_it_was_written_is_found(whole, tmp_path, name, spoil):
    folder = spoiled(whole, tmp_path, name, spoil)
    checkpoints = Checkpoints(folder / CHECKPOINTS, warmups=1, keep=2)
    place = checkpoints.latest()
    assert place is not None and checkpoints.path(place).name == "step-000001"
    checkpoints.rewind(place)
    assert not (folder / CHECKPOINTS / LAST).exists()


OTHERS = {
    "a file more": lambda last, other: (last / "pytorch_model.bin").write_bytes(b"x"),
    "an adapter more": lambda last, other: (last / "adapter_config.json").write_text("{}"),
    "of another run": lambda last, other: (
        shutil.rmtree(last),
        shutil.copytree(other / CHECKPOINTS / LAST, last),
    ),
    "an older one": lambda last, other: (
        shutil.rmtree(last),
        shutil.copytree(last.parent / "step-000001", last),
    ),
    "a later name": lambda last, other: last.rename(last.parent / "step-000009"),
    "an empty seal": lambda last, other: (last / "seal.json").write_text("{}"),
    "a seal of null": lambda last, other: (last / "seal.json").write_text("null"),
    "a list of seals": lambda last, other: (last / "seal.json").write_text('{"files": []}'),
    "an empty folder": lambda last, other: (shutil.rmtree(last), last.mkdir()),
    "a file": lambda last, other: (shutil.rmtree(last), last.write_text("x")),
    "a link to nothing": lambda last, other: (shutil.rmtree(last), last.symlink_to("nowhere")),
}


@pytest.fixture(scope="module")
def another(tmp_path_factory):
    """A run of the same settings and another seed."""
    folder = tmp_path_factory.mktemp("another")
    followed(replace(RUN, seed=1), folder, stop_after=3)
    return folder


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_checkpoint_of_this_run_is_passed_over_and_deleted(
    name, whole, another, tmp_path
):
    folder = tmp_path / "copy"
    shutil.copytree(whole[1] / "killed", folder)
    OTHERS[name](folder / CHECKPOINTS / LAST, another)
    checkpoints = Checkpoints(folder / CHECKPOINTS, warmups=1, keep=2)
    place = checkpoints.latest()
    assert place is not None and checkpoints.path(place).name == "step-000001"
    checkpoints.rewind(place)
    steps = sorted(path.name for path in (folder / CHECKPOINTS).glob("step-*"))
    assert steps == ["step-000000", "step-000001"]


def test_the_base_policy_of_another_run_is_not_taken(whole, another, tmp_path):
    folder, base = tmp_path / "copy", "step-000000"
    shutil.copytree(whole[1] / "killed", folder)
    shutil.rmtree(folder / CHECKPOINTS / base)
    shutil.copytree(another / CHECKPOINTS / base, folder / CHECKPOINTS / base)
    with pytest.raises(IntegrityError, match=r"base policy .*step-000000 is .* of another run"):
        followed(RUN, folder)


def test_a_checkpoint_that_was_moved_and_linked_goes_on_and_only_the_link_is_deleted(
    whole, tmp_path
):
    folder, disk = tmp_path / "copy", tmp_path / "disk"
    shutil.copytree(whole[1] / "killed", folder)
    shutil.move(folder / CHECKPOINTS / LAST, disk)
    (folder / CHECKPOINTS / LAST).symlink_to(disk)
    checkpoints = Checkpoints(folder / CHECKPOINTS, warmups=1, keep=1)
    assert checkpoints.latest() == RunPosition(phase=1, progress=WarmupProgress(done=2))
    checkpoints.rewind(RunPosition(phase=1, progress=WarmupProgress(done=1)))
    assert not (folder / CHECKPOINTS / LAST).exists() and (disk / "model.safetensors").is_file()


def test_a_run_whose_checkpoints_have_no_identity_goes_on(whole, tmp_path):
    """Seals of earlier versions are the digests alone."""
    folder = tmp_path / "copy"
    shutil.copytree(whole[1] / "killed", folder)
    (folder / CHECKPOINTS / "identity").unlink()
    for seal in (folder / CHECKPOINTS).glob("*/seal.json"):
        seal.write_text(json.dumps(json.loads(seal.read_text())["files"]))
    assert followed(RUN, folder)[-1] == whole[0]


def test_with_a_flipped_bit_the_run_ends_as_the_whole_all_the_same(whole, tmp_path):
    folder = spoiled(whole, tmp_path, "model.safetensors", flip)
    assert followed(RUN, folder)[-1] == whole[0]
    assert timeless(folder) == timeless(whole[1] / "whole")


def test_where_all_have_changed_the_run_stops_and_names_them(whole, tmp_path):
    folder = spoiled(whole, tmp_path, "learner.pt", flip)
    for path in (folder / CHECKPOINTS).glob("*/learner.pt"):
        cut(path)
    with pytest.raises(IntegrityError, match="learner.pt has changed"):
        followed(RUN, folder)


def test_a_reference_that_has_changed_is_not_taken(whole, tmp_path):
    base = "step-000000"
    folder = spoiled(whole, tmp_path, "model.safetensors", flip, base)
    with pytest.raises(IntegrityError, match="base policy .*model.safetensors has changed"):
        followed(RUN, folder)


def test_places_are_in_the_order_of_time_however_long_their_names_are(tmp_path):
    places = [
        *(RunPosition(phase=0, progress=WarmupProgress(done=n)) for n in (999_999, 1_000_000)),
        RunPosition(phase=1, progress=WarmupProgress(done=5)),
        *(RunPosition(phase=2, progress=WarmupProgress(done=n)) for n in (7, 999_999, 1_000_000)),
    ]
    checkpoints = Checkpoints(tmp_path, warmups=2, keep=100)
    for place in (places[4], places[1], places[5], places[0], places[3], places[2]):
        (checkpoints.path(place)).mkdir()
    checkpoints.rewind(places[1])
    left = sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("damaged-"))
    assert left == ["warmup-0-1000000", "warmup-0-999999"] == sorted(checkpoints.names())


def test_a_note_beside_the_weights_changes_no_checkpoint(whole, tmp_path):
    shutil.copytree(whole[1] / "killed", tmp_path / "copy")
    checkpoints = Checkpoints(tmp_path / "copy" / CHECKPOINTS, warmups=1, keep=3)
    newest = checkpoints.latest()
    (checkpoints.path(newest) / "README.md").write_text("the best one")
    assert checkpoints.latest() == newest
    (checkpoints.path(newest) / "adapter_model.safetensors").write_bytes(b"")
    assert checkpoints.latest() != newest
