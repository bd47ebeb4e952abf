"""The file of rows: whole lines only, one for each arm and seed, whoever writes."""

import json
import subprocess
import sys

import pytest

from whet.studies.rows import RowFile, StudyRow
from whet.types import UsageError


def row(arm="coin", seed=0, endpoint=0.5, **others):
    return StudyRow(
        study="s", tier="full", arm=arm, seed=seed, settings="ab", endpoint=endpoint, **others
    )


def test_rows_come_back_as_they_were_written(tmp_path):
    file = RowFile(tmp_path / "deep" / "rows.jsonl")
    assert file.rows() == ()
    given = (
        row(seed=0, secondary={"length": 3.5}, weights="cd", tokens=7, versions={"torch": "2"}),
        row(seed=1, endpoint=None, stopped="NaN"),
    )
    for one in given:
        file.append(one)
    assert file.rows() == given


def test_a_second_row_of_an_arm_and_a_seed_is_not_written(tmp_path):
    file = RowFile(tmp_path / "rows.jsonl")
    file.append(row(endpoint=0.5))
    file.append(row(endpoint=0.6))
    assert [one.endpoint for one in file.rows()] == [0.5]


@pytest.mark.parametrize("torn", ['{"study": "s", "ti', '{"study"', "{"])
def test_a_torn_last_line_is_not_read_and_is_cut_off(torn, tmp_path):
    file = RowFile(tmp_path / "rows.jsonl")
    file.append(row(seed=0))
    whole = file.path.read_bytes()
    file.path.write_bytes(whole + torn.encode())
    assert [one.seed for one in file.rows()] == [0]
    file.append(row(seed=1))
    assert [one.seed for one in file.rows()] == [0, 1]
    assert file.path.read_bytes().startswith(whole + b'{"study": "s"')


def _broken(**changes):
    held = {"study": "s", "tier": "full", "arm": "a", "seed": 1, "settings": "x", "endpoint": 0.1}
    held |= changes
    return json.dumps({name: x for name, x in held.items() if x != "gone"})


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nonsense", "JSON"),
        ("[1]", "object"),
        (_broken(seed="gone"), "seed"),
        (_broken(seed="1"), "seed"),
        (_broken(seed=True), "seed"),
        (_broken(arm=3), "arm"),
        (_broken(endpoint="high"), "endpoint"),
        (_broken(endpoint=None), "stopped"),
        (_broken(stopped="NaN"), "stopped"),
        (_broken(endpoint=float("nan")), "endpoint"),
        (_broken(colour="red"), "colour"),
        (_broken(arm="coin", seed=0), "row 1"),
    ],
)
def test_a_line_that_is_no_row_is_named(line, told, tmp_path):
    file = RowFile(tmp_path / "rows.jsonl")
    file.append(row(arm="coin", seed=0))
    with file.path.open("a") as end:
        end.write(line + "\n")
    with pytest.raises(UsageError, match="row 2") as error:
        file.rows()
    assert told in str(error.value)
    assert "delete" in str(error.value)


WRITER = """
import sys
from pathlib import Path
from whet.studies.rows import StudyRow, RowFile
file = RowFile(Path(sys.argv[1]))
for seed in range(40):
    for arm in ("shared", sys.argv[2]):
        file.append(StudyRow(study="s", tier="full", arm=arm, seed=seed, settings="x", endpoint=0.5,
                        stopped="", secondary={"x" * 50: 1.0 + i for i in range(1)}))
"""


def test_two_processes_write_one_file(tmp_path):
    path = tmp_path / "rows.jsonl"
    asked = [[sys.executable, "-c", WRITER, str(path), name] for name in ("one", "other")]
    for process in [subprocess.Popen(words) for words in asked]:
        assert process.wait(60) == 0
    cells = [one.cell for one in RowFile(path).rows()]
    assert sorted(cells) == sorted((a, s) for a in ("shared", "one", "other") for s in range(40))
