"""Runs on a GPU: repeated, killed, resumed, and continued on another device."""

from dataclasses import replace

import pytest
import torch
from small import RUN, followed, small, steps_of

import whet
from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.engine import Embedded
from whet.training import card
from whet.training.events import Moved, RunEnded
from whet.training.loop import TrainStep

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
ON_GPU = small(engine=Embedded(device="cuda", slots=16))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The digest of an uninterrupted run."""
    return followed(ON_GPU, tmp_path_factory.mktemp("whole"))[-1].digest


@gpu
def test_the_same_seed_ends_with_the_same_digest(whole, tmp_path):
    assert followed(ON_GPU, tmp_path / "again")[-1].digest == whole
    assert followed(replace(ON_GPU, seed=1), tmp_path / "other")[-1].digest != whole


@gpu
@pytest.mark.parametrize("steps", [1, 4])
def test_killed_and_resumed_it_ends_with_the_same_digest(whole, tmp_path, steps):
    assert not isinstance(followed(ON_GPU, tmp_path, stop_after=steps)[-1], RunEnded)
    assert followed(ON_GPU, tmp_path)[-1].digest == whole


@gpu
def test_adapters_end_with_the_same_digest_when_resumed(tmp_path):
    run = replace(ON_GPU, engine=Embedded(device="cuda", slots=16, lora=LoRA(rank=4)))
    wanted = followed(run, tmp_path / "whole")[-1].digest
    followed(run, tmp_path / "cut", stop_after=3)
    assert followed(run, tmp_path / "cut")[-1].digest == wanted


@gpu
@pytest.mark.parametrize("first", [True, False])
def test_a_run_that_began_on_one_device_ends_on_the_other(first, tmp_path, monkeypatch):
    run = small(engine=Embedded(slots=16), steps=3)
    on_gpu = torch.cuda.is_available
    monkeypatch.setattr(torch.cuda, "is_available", on_gpu if first else lambda: False)
    _begun(run, tmp_path / "run")
    monkeypatch.setattr(torch.cuda, "is_available", (lambda: False) if first else on_gpu)
    events = []
    ended = whet.resume(tmp_path / "run", follow=events.append)
    assert ended.complete and isinstance(events[0], Moved)
    assert len(steps_of(events)) == 2
    held = card.read(tmp_path / "run")
    assert held["device"] == run.engine.hardware() == events[0].now != events[0].was
    assert [c["field"] for c in held["changes"]] == ["device"]


def _begun(run, folder):
    """A run that is killed after its first step."""

    def follow(event):
        if isinstance(event, TrainStep) and event.number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        whet.train(run, folder, follow=follow)


@pytest.mark.full
def test_a_run_that_goes_on_elsewhere_says_so_and_its_card_records_it(tmp_path, monkeypatch):
    """Also without a GPU: the engine says that it computes on another device."""
    run = replace(RUN, steps=2, engine=Embedded(device="cpu", threads=1, slots=16))
    whole = whet.train(run, tmp_path / "whole", follow=type)
    _begun(run, tmp_path / "cut")
    monkeypatch.setattr(Embedded, "hardware", lambda engine: "cuda (another), CUDA 1.0")
    events = []
    ended = whet.resume(tmp_path / "cut", follow=events.append)
    assert events[0] == Moved(was="cpu", now="cuda (another), CUDA 1.0")
    assert ended.digest == whole.digest, "it moved in name only"
    held = card.read(tmp_path / "cut")
    [change] = held["changes"]
    assert (change["field"], change["was"], change["is"]) == ("device", "cpu", held["device"])
    assert not [e for e in events[1:] if isinstance(e, Moved)]


def test_a_run_that_stays_says_nothing_of_devices(tmp_path):
    run = replace(RUN, steps=2)
    _begun(run, tmp_path / "cut")
    events = []
    whet.resume(tmp_path / "cut", follow=events.append)
    assert not [e for e in events if isinstance(e, Moved)]
    held = card.read(tmp_path / "cut")
    assert held["changes"] == []
    assert (held["device"], held["float32"]) == ("cpu", "highest")
