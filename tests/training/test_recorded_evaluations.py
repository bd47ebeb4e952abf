"""What a run records of its evaluations is what `whet eval` finds offline, sample by sample."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from math import isnan
from pathlib import Path

import pytest
from killed_evaluations import OddLength
from small import followed, small, without_clocks

import whet
from whet.cli.main import main
from whet.engines.embedded.engine import Embedded
from whet.evaluation.sample_file import read_samples
from whet.evaluation.scorecard import scorecard
from whet.front.measuring import Subject, measured
from whet.training.ledger import Ledger
from whet.training.metrics import of_evaluation
from whet.training.run import PeriodicEval

RUN = small(reward=OddLength())
PERIODIC = RUN.periodic.evaluation
EVALUATIONS = {
    "base-000000": RUN.evaluation,
    "periodic-000003": PERIODIC,
    "periodic-000006": PERIODIC,
    "final-000006": RUN.evaluation,
}
TOLD_APART = ("model", "setting", "judge_milliseconds")  # names, and a clock
KILLER = Path(__file__).with_name("killed_evaluations.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run with four evaluations."""
    place = tmp_path_factory.mktemp("recorded") / "run"
    whet.train(RUN, place, follow=type)
    return place


def recorded(folder, name):
    return read_samples(folder / "evaluations" / f"{name}.jsonl")


def comparable(rows):
    """The samples without what may differ; NaN as a word, for NaN is not NaN."""
    held = ({n: v for n, v in asdict(row).items() if n not in TOLD_APART} for row in rows)
    return [
        {n: "NaN" if isinstance(v, float) and isnan(v) else v for n, v in row.items()}
        for row in held
    ]


def same(rows, others):
    """Whether they are the same samples in any order; log-probs are so up to rounding."""
    one, other = (
        sorted(comparable(side), key=lambda row: (row["greedy"], row["problem"], row["index"]))
        for side in (rows, others)
    )
    logps = [[row.pop("logp") for row in side] for side in (one, other)]
    return one == other and logps[0] == pytest.approx(logps[1], abs=1e-4)


def numbers(card):
    """All metrics of an evaluation as the ledger has them, without the clock."""
    found = {name: (mean.value, mean.count) for name, mean in of_evaluation(card).items()}
    return {name: pair for name, pair in found.items() if name != "seconds" and not isnan(pair[0])}


def in_ledger(folder, name):
    kind, _, step = name.partition("-")
    [row] = [r for r in Ledger(folder).rows() if r["kind"] == kind and r["step"] == int(step)]
    return without_clocks(row)


@pytest.mark.parametrize("name", EVALUATIONS)
def test_every_evaluation_of_a_run_has_its_samples_and_they_give_its_numbers(name, folder):
    rows, evaluation = recorded(folder, name), EVALUATIONS[name]
    assert len(rows) == evaluation.problems * (1 + evaluation.samples)
    row = in_ledger(folder, name)
    assert {sample.policy for sample in rows} == {row["digest"]}
    assert {sample.split for sample in rows} == {row["split"]}
    found = numbers(scorecard(rows, evaluation, 0.0))
    held = {n: (m["value"], m["of"]) for n, m in row["metrics"].items() if m["value"] is not None}
    assert found == held
    assert 0 < held["pass@1"][0] < 1 and 0 < held["reward"][0] < 1 and held["length"][0] > 1


def test_the_final_evaluation_is_that_of_the_command_number_for_number(folder, tmp_path):
    card = whet.evaluate(folder, evaluation=RUN.evaluation, out=tmp_path / "offline.jsonl")
    inside, offline = recorded(folder, "final-000006"), read_samples(tmp_path / "offline.jsonl")
    assert same(offline, inside) and same(card.rows, inside)
    assert numbers(card) == numbers(scorecard(inside, RUN.evaluation, 0.0))


def test_a_run_is_compared_by_its_final_evaluation(folder, tmp_path, capsys):
    whet.evaluate(folder, evaluation=RUN.evaluation, out=tmp_path / "offline.jsonl")
    for words in ((folder, tmp_path / "offline.jsonl"), (folder, folder)):
        assert main(["compare", *map(str, words), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert {one["standing"] for one in told["pass_at"].values()} == {"undecided"}
        assert {one["paired"]["difference"] for one in told["pass_at"].values()} == {0.0}
    base = folder / "evaluations" / "base-000000.jsonl"
    assert main(["compare", str(folder), str(base), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    before, after = in_ledger(folder, "base-000000"), in_ledger(folder, "final-000006")
    gain = after["metrics"]["pass@1"]["value"] - before["metrics"]["pass@1"]["value"]
    assert told["pass_at"]["1"]["paired"]["difference"] == pytest.approx(gain)


@pytest.mark.parametrize(("slots", "budget"), [(1, 16384), (3, 16384), (64, 16384), (7, 24)])
def test_the_samples_do_not_depend_on_the_batch(slots, budget, folder):
    engine = Embedded(device="cpu", threads=1, slots=slots, budget=budget)
    subject = replace(Subject.of_run(folder), engine=engine)
    found = measured(subject, RUN.evaluation, 5, "").scores
    held = recorded(folder, "final-000006")
    assert same(found.rows, held)
    assert numbers(found) == numbers(scorecard(held, RUN.evaluation, 0.0))


def killed(count, share, *words):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(KILLER), str(count), str(share), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("count", "share"),
    [
        pytest.param(0, 0.5, marks=pytest.mark.full),
        pytest.param(5, 0.3, marks=pytest.mark.full),
        (7, 0.97),
    ],
)
def test_killed_while_it_writes_an_evaluation_goes_on_to_the_same_rows(
    count, share, folder, tmp_path, capsys
):
    """Five greedy tasks, then five with four samples: none, the greedy ones, two more are done."""
    out = tmp_path / "killed.jsonl"
    words = (str(folder), "--samples", "4", "--k", "1,4", "--out", str(out), "--json")
    ended = killed(count, share, *words)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    kept = min(count, 5) + 4 * max(count - 5, 0)
    left = out.read_bytes().splitlines(keepends=True)[:kept]
    assert kept == 0 or len(read_samples(out)) == kept
    assert main(["eval", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    whole = read_samples(out)
    assert same(whole, recorded(folder, "final-000006"))
    final = in_ledger(folder, "final-000006")["metrics"]
    assert told["pass_at"]["1"]["value"] == final["pass@1"]["value"]
    assert told["pass_at"]["4"]["value"] == final["pass@4"]["value"]
    assert out.read_bytes().startswith(b"".join(left))


def test_an_evaluation_counts_once_its_samples_are_there(tmp_path, monkeypatch):
    """Killed before the row of the ledger that tells of it, it is made again."""
    run, folder = small(warmup=(), steps=1, periodic=PeriodicEval(every=0)), tmp_path
    write = Ledger.write

    def cut(self, kind, *rest):
        if kind == "final":
            raise KeyboardInterrupt
        write(self, kind, *rest)

    monkeypatch.setattr(Ledger, "write", cut)
    with pytest.raises(KeyboardInterrupt):
        followed(run, folder)
    first = comparable(recorded(folder, "final-000001"))
    assert not [row for row in Ledger(folder).rows() if row["kind"] == "final"]
    monkeypatch.setattr(Ledger, "write", write)
    followed(run, folder)
    assert comparable(recorded(folder, "final-000001")) == first
    assert in_ledger(folder, "final-000001")["metrics"]["pass@1"]["of"] == 5


def test_a_run_has_a_file_for_each_of_its_evaluations(folder):
    assert {path.stem for path in (folder / "evaluations").iterdir()} == set(EVALUATIONS)
