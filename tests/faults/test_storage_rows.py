"""Rows, rollouts and samples that are damaged, of another run, or ahead of a checkpoint."""

import json
import shutil
from dataclasses import replace

import pytest
from stopped_runs import NEWEST, RUN, check_equal, newest, quick, resumed, stopped_run

import whet
from whet.cli.main import main
from whet.training.ledger import METRICS, Ledger
from whet.types import IntegrityError


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


def row(**changes):
    held = {"kind": "step", "phase": 0, "step": 3, "metrics": {}}
    return (json.dumps(held | changes) + "\n").encode()


TAILS = {  # what follows the rows of the newest checkpoint, as after a power cut
    "blocks that were never written": bytes(50) + b"\n" + row(),
    "a torn row before a whole one": b'{"kind": "st\n' + row(),
    "a row without a step": row(step=None),
    "a row whose metrics are a list": row(metrics=[1]),
    "a row whose metrics are numbers": row(metrics={"reward": 1.0}),
    "brackets": b"[" * 100_000 + b"\n",
    "half a character": b'{"\xe2"}\n',
}


@pytest.mark.parametrize("name", quick(TAILS, "blocks that were never written"))
def test_rows_that_are_damaged_after_the_newest_checkpoint_are_made_again(
    name, runs, folder, capsys
):
    with (folder / METRICS).open("ab") as file:
        file.write(TAILS[name])
    with pytest.raises(IntegrityError, match=r"line 4 is no row of a run; restore"):
        list(Ledger(folder).rows())
    code, errors, said = resumed(folder, capsys)
    assert (code, errors) == (0, [])
    assert said.count("note:") == 1 and "after the first 3 are damaged" in said
    check_equal(folder, runs / "whole")


@pytest.mark.full
def test_rows_that_were_written_twice_are_deleted_and_that_is_said(runs, folder, capsys):
    path = folder / METRICS
    path.write_bytes(path.read_bytes() * 2)
    code, errors, said = resumed(folder, capsys)
    assert (code, errors) == (0, [])
    assert f"3 rows of {METRICS} came after those of {NEWEST}" in said
    check_equal(folder, runs / "whole")


def test_a_run_that_has_ended_knows_its_last_row(runs, tmp_path, capsys):
    """No checkpoint was written after it; its evaluation is made again."""
    folder = tmp_path / "copy"
    shutil.copytree(runs / "whole", folder)
    lines = (folder / METRICS).read_bytes().split(b"\n")
    lines[-2] = lines[-2].replace(b'"value": ', b'"value": 1', 1)
    (folder / METRICS).write_bytes(b"\n".join(lines))
    code, errors, said = resumed(folder, capsys)
    assert (code, errors) == (0, [])
    assert "after the first 4 are not those that the run ended with" in said
    check_equal(folder, runs / "whole")
    code, _, said = resumed(folder, capsys)
    assert code == 0 and "nothing was left to do" in said and "note:" not in said


def test_rows_of_another_run_are_not_the_result_of_this_one(runs, tmp_path, capsys):
    folder, rows = tmp_path / "copy", runs / "other-whole" / METRICS
    shutil.copytree(runs / "whole", folder)
    shutil.copy(rows, folder)
    code, errors, _ = resumed(folder, capsys)
    assert code == 2
    assert len(errors) == 1 and "--accept metrics" in errors[0]
    assert resumed(folder, capsys, "--accept", "metrics")[:2] == (0, [])
    final = [[*Ledger(one).rows()][-1] for one in (folder, runs / "whole")]
    assert final[0]["digest"] == final[1]["digest"]


FILES = {
    "samples that are gone": lambda f: (f / "evaluations" / "base-000000.jsonl").unlink(),
    "samples cut short": lambda f: cut(f / "evaluations" / "base-000000.jsonl"),
    "rollouts of another step": lambda f: shutil.copy(
        f / "rollouts" / "step-000001.parquet", f / "rollouts" / "step-000002.parquet"
    ),
}


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize("name", quick(FILES, "rollouts of another step"))
def test_files_that_are_not_those_of_the_rows_are_told_of(name, runs, folder, capsys):
    FILES[name](folder)
    code, errors, said = resumed(folder, capsys)
    assert (code, errors) == (0, [])
    assert "1 files of rollouts and samples are missing, damaged or of another step" in said
    check_equal(folder, runs / "whole")


@pytest.mark.full
def test_a_run_that_is_shorter_now_has_nothing_of_later_steps(runs, tmp_path, capsys):
    """They were written before, and the run goes on with fewer steps: it has its own end."""
    folder = tmp_path / "copy"
    shutil.copytree(runs / "whole", folder)
    shutil.rmtree(newest(folder, "step-000003"))
    assert resumed(folder, capsys, "--steps", "2")[:2] == (0, [])
    names = {p.stem for part in ("rollouts", "evaluations") for p in (folder / part).iterdir()}
    assert names == {"base-000000", "step-000001", "step-000002", "final-000002"}
    rows = [*Ledger(folder).rows()]
    assert [(r["kind"], r["step"]) for r in rows[-2:]] == [("step", 2), ("final", 2)]
    assert rows[-1]["digest"] != [*Ledger(runs / "whole").rows()][-1]["digest"]


@pytest.mark.full
@pytest.mark.parametrize("command", ["report", "doctor"])
def test_commands_that_read_rows_refuse_damaged_ones_in_a_line(command, folder, capsys):
    with (folder / METRICS).open("ab") as file:
        file.write(row(phase=None))
    assert main([command, str(folder)]) == 3
    [error] = capsys.readouterr().err.splitlines()
    assert "line 4 is no row of a run" in error
