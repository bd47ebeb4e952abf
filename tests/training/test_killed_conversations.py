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


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """By run: its events, its folder, and how often each place was passed."""
    base, found = tmp_path_factory.mktemp("whole"), {}
    for name, run in RUNS.items():
        passed = Counter()
        with pytest.MonkeyPatch.context() as patch:
            for place, (owner, method) in PLACES.items():
                patch.setattr(owner, method, getattr(owner, method))  # to be restored
                watch(place, lambda count, place=place, passed=passed: passed.update([place]))
            found[name] = followed(run, base / name), base / name, passed
    return found


def killed(folder, *kills):
    """Runs that were killed at these places, one after the other."""
    script = str(Path(__file__).with_name("killed_runs.py"))
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, script, str(folder), *kills]
    told = subprocess.run(words, env=there, capture_output=True, text=True, check=True)
    assert told.stdout.split() == [str(-signal.SIGKILL)] * len(kills), told.stderr
    return folder


@pytest.fixture(scope="module")
def halves(whole, tmp_path_factory):
    """Runs that were killed in a conversation, in an update and while writing a checkpoint."""
    steps = {name: passed["decoding"] for name, (_, _, passed) in whole.items()}
    return killed(
        tmp_path_factory.mktemp("killed"),
        f"tools:decoding:{steps['tools'] // 2}",
        "tools:learning:1",
        f"self-play:decoding:{steps['self-play'] // 2}",
        "self-play:saving:1",
    )


@pytest.mark.parametrize("name", RUNS)
def test_the_plays_have_several_turns(name, whole):
    turns = [len(r.acts) for step in steps_of(whole[name][0]) for r in step.batch.rollouts]
    assert max(turns) > 1 and len(set(turns)) > 1


def check_resumed(name, whole, folder):
    """Go on with a run that was killed; it ends as the whole one."""
    events, known, _ = whole[name]
    assert followed(RUNS[name], folder / name)[-1].digest == events[-1].digest
    assert timeless(folder / name) == timeless(known)


@pytest.mark.parametrize("name", RUNS)
def test_killed_twice_it_ends_with_the_weights_of_the_whole(name, whole, halves):
    check_resumed(name, whole, halves)


@pytest.mark.full
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", RUNS)
def test_killed_anywhere_it_ends_with_the_weights_of_the_whole(name, place, share, whole, tmp_path):
    number = int(share * whole[name][-1][place])
    check_resumed(name, whole, killed(tmp_path, f"{name}:{place}:{number}"))
