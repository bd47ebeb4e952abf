"""Runs of many turns that are killed in the middle of a step end as if nothing had happened."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from killed_runs import PLACES, RUNS, watch
from small import followed, steps_of, timeless


@pytest.fixture(scope="module", params=RUNS)
def whole(request, tmp_path_factory):
    """A run, its events, its folder, and how often each place was passed."""
    folder, passed = tmp_path_factory.mktemp(request.param), Counter()
    with pytest.MonkeyPatch.context() as patch:
        for place, (owner, name) in PLACES.items():
            patch.setattr(owner, name, getattr(owner, name))  # what is restored at the end
            watch(place, lambda count, place=place: passed.update([place]))
        events = followed(RUNS[request.param], folder)
    return request.param, events, folder, passed


def test_the_plays_have_several_turns(whole):
    _, events, _, _ = whole
    turns = [len(r.acts) for step in steps_of(events) for r in step.batch.rollouts]
    assert max(turns) > 1 and len(set(turns)) > 1


def check_resumed(whole, folder, kills):
    """Kill the run at these places in turn, and go on."""
    name, events, known, _ = whole
    script = str(Path(__file__).with_name("killed_runs.py"))
    words = [sys.executable, script, str(folder), name, *kills]
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    told = subprocess.run(words, env=there, capture_output=True, text=True, check=True)
    assert told.stdout.split() == [str(-signal.SIGKILL)] * len(kills), told.stderr
    last = followed(RUNS[name], folder)[-1]
    assert last.digest == events[-1].digest
    assert timeless(folder) == timeless(known)


def test_killed_three_times_it_ends_with_the_weights_of_the_whole(whole, tmp_path):
    """In the middle of a conversation, of an update, and of writing a checkpoint."""
    passed = whole[-1]
    kills = [f"decoding:{passed['decoding'] * 2 // 5}", "learning:1", "saving:1"]
    check_resumed(whole, tmp_path, kills)


@pytest.mark.full
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("place", PLACES)
def test_killed_anywhere_it_ends_with_the_weights_of_the_whole(whole, place, share, tmp_path):
    check_resumed(whole, tmp_path, [f"{place}:{int(share * whole[-1][place])}"])
