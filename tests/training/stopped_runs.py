"""A run that takes a fraction of a second, stopped after two of its three steps."""

import json
import signal

import pytest
from small import small, steps_of, timeless

import whet
from whet.cli.main import main
from whet.evaluation.measure import EvalConfig
from whet.training.loop import TrainStep
from whet.training.run import CheckpointConfig, PeriodicEval
from whet.training.trainer import CHECKPOINTS

RUN = small(
    steps=3,
    minibatches=1,
    warmup=(),
    evaluation=EvalConfig(problems=2, samples=1, k=(1,)),
    periodic=PeriodicEval(every=0),
    checkpoints=CheckpointConfig(seconds=0, keep=3),
)
OLDER, NEWEST = "step-000001", "step-000002"


def quick(names, *chosen):
    """The names as parameters: those that are not chosen are of the full suite."""
    return [
        name if name in chosen else pytest.param(name, marks=pytest.mark.full) for name in names
    ]


def stopped_run(folder, run=RUN, after=2):
    """Train a run in a folder; a signal stops it after so many steps."""
    events = []

    def follow(event):
        events.append(event)
        if isinstance(event, TrainStep) and len(steps_of(events)) == after:
            signal.raise_signal(signal.SIGUSR1)

    assert not whet.train(run, folder, follow=follow).complete
    return folder


def resumed(folder, capsys, *words):
    """The exit code of `whet resume`, the lines of its errors, and its output."""
    capsys.readouterr()
    code = main(["resume", str(folder), *words])
    said = capsys.readouterr()
    return code, said.err.splitlines(), said.out


def check_equal(folder, whole):
    """The run has ended as the whole one has, by weights and rows."""
    ours, theirs = timeless(folder), timeless(whole)
    assert ours == theirs
    assert [row["digest"] for row in ours if row["kind"] == "final"]
    assert json.loads((folder / "saved.json").read_text())["newest"] == "step-000003"
    left = [
        path.name
        for path in folder.rglob("*")
        if path.name.startswith(("partial-", "replaced-", "damaged-"))
    ]
    assert not left
    assert not [*folder.rglob("*.partial")]


def newest(folder, name=NEWEST):
    """A checkpoint of a run."""
    return folder / CHECKPOINTS / name
