"""Studies that are run: rows once each, from one warm-up a seed, whatever happens between."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from study_files import written

from whet.cli.main import main
from whet.cli.studies import resolved
from whet.front import studying
from whet.front.studying import Laboratory, RowMade
from whet.studies.page import TINY, StudyPage
from whet.studies.rows import RowFile
from whet.types import IntegrityError

DYING = Path(__file__).with_name("dying.py")


def words(folder, file, action="run"):
    return ["study", action, str(file), "--runs", str(folder / "runs")]


def told(folder):
    """What the rows of a folder say, without their seconds."""
    rows = RowFile(folder / "coins.jsonl").rows()
    return {r.cell: (r.endpoint, r.weights, r.tokens, dict(r.secondary)) for r in rows}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with a complete study."""
    folder = tmp_path_factory.mktemp("whole")
    assert main(words(folder, written(folder))) == 0
    return folder


def test_every_arm_has_a_row_at_every_seed_from_one_warm_up(whole):
    rows = RowFile(whole / "coins.jsonl").rows()
    arms = ("checked", "coin", "constant", "untrained")
    assert [row.cell for row in rows] == [(arm, seed) for seed in (0, 1) for arm in arms]
    for seed in (0, 1):
        mine = [row for row in rows if row.seed == seed]
        assert len({row.secondary["base length"] for row in mine}) == 1
        assert [row.warmup_cpu_seconds > 0 for row in mine] == [True, False, False, False]
    assert all(row.commit and row.versions["torch"] for row in rows)
    assert not any(row.resumed or row.stopped for row in rows)


def test_a_constant_reward_moves_no_weight_and_a_coin_does(whole):
    ends = told(whole)
    for seed in (0, 1):
        assert ends["constant", seed][:2] == ends["untrained", seed][:2]
        assert ends["coin", seed][1] != ends["untrained", seed][1]
        assert ends["untrained", seed][2] == 0 < ends["constant", seed][2]
    assert ends["untrained", 0][1] != ends["untrained", 1][1]


def test_what_is_there_is_not_run_again(whole, capsys, monkeypatch):
    before = (whole / "coins.jsonl").read_bytes()

    def never(*given, **named):
        raise AssertionError

    monkeypatch.setattr(studying, "train", never)
    assert main(words(whole, whole / "coins.toml")) == 0
    assert (whole / "coins.jsonl").read_bytes() == before
    assert "0 of 8 rows are missing" in capsys.readouterr().err


def test_show_prints_the_page_and_json_is_one_document(whole, capsys):
    assert main(words(whole, whole / "coins.toml", "show")) == 0
    page = capsys.readouterr().out
    assert TINY in page
    assert "constant = untrained: equal" in page
    assert "rows 8 of 8" in page
    assert main([*words(whole, whole / "coins.toml", "show"), "--json"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert (held["rows"], held["missing"], held["sound"]) == (8, [], True)
    gain = held["contrasts"][0]
    ends = told(whole)
    checked, untrained = (
        sum(ends[arm, s][0] or 0 for s in (0, 1)) for arm in ("checked", "untrained")
    )
    by_hand = (checked - untrained) / 2
    assert gain["decision"]["effect"] == pytest.approx(by_hand)
    assert gain["decision"]["seeds"] == 2
    assert held["contrasts"][1]["decision"]["power"] is None  # δ = 0


def test_rows_of_other_settings_are_refused_by_file_row_and_remedy(whole, tmp_path, capsys):
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes((whole / "coins.jsonl").read_bytes())
    file = written(tmp_path, ("optimizer.lr = 2e-3", "optimizer.lr = 1e-3"))
    for action in ("run", "show"):
        assert main([*words(tmp_path, file, action), "--out", str(rows)]) == 2
        said = capsys.readouterr().err
        assert all(word in said for word in (f"{rows}, row 1", "settings", "delete", "--out"))
    assert rows.read_bytes() == (whole / "coins.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ((('name = "coins"', 'name = "other"'),), "study 'coins'"),
        ((("[arms.coin]", "[arms.dice]"), ("coin = 1", "dice = 1")), "arm 'coin'"),
        ((("full]", "half]"), ("smoke]", "full]")), "settings"),
    ],
)
def test_rows_of_another_study_are_refused(changes, told, whole, tmp_path, capsys):
    file = written(tmp_path, *changes)
    rows = ["--out", str(whole / "coins.jsonl")]
    assert main([*words(tmp_path, file, "show"), *rows]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.full
@pytest.mark.parametrize(
    ("place", "count"),
    [("learning", 3), ("learning", 15), ("saving", 9), ("between", 1), ("writing", 2)],
)
def test_a_killed_study_goes_on_and_ends_the_same(place, count, whole, tmp_path):
    """Inside the warm-up, inside a run, in a checkpoint, before and at the writing of a row."""
    asked = words(tmp_path, written(tmp_path))
    killed = subprocess.run(
        [sys.executable, str(DYING), place, str(count), *asked], capture_output=True, check=False
    )
    assert killed.returncode == -9, killed.stderr
    kept = told(tmp_path)
    assert len(kept) < 8
    assert main(asked) == 0
    assert told(tmp_path) == told(whole)
    assert kept.items() <= told(tmp_path).items()


@pytest.mark.full
def test_two_processes_share_a_study(whole, tmp_path):
    asked = [sys.executable, "-m", "whet", *words(tmp_path, written(tmp_path))]
    both = [subprocess.Popen(asked, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(200) for process in both] == [0, 0]
    assert told(tmp_path) == told(whole)
    rows = RowFile(tmp_path / "coins.jsonl").rows()
    assert sum(row.warmup_cpu_seconds > 0 for row in rows) == 2
    assert not any(row.resumed for row in rows)


def laboratory(folder, whole, *, stop=lambda: False, tell=lambda event: None):
    """One without rows, whose runs are those of the whole study, and so complete."""
    return Laboratory(
        plan=resolved(str(whole / "coins.toml"), "full"),
        file=RowFile(folder / "coins.jsonl"),
        place=whole / "runs" / "study-coins-full",
        tell=tell,
        follow=lambda event: None,
        stop=stop,
    )


def test_a_stop_ends_between_rows_and_the_rest_is_made_later(whole, tmp_path):
    made = []
    tell = lambda event: made.append(event) if isinstance(event, RowMade) else None  # noqa: E731
    assert not laboratory(tmp_path, whole, stop=lambda: len(made) == 3, tell=tell).work()
    assert len(told(tmp_path)) == 3
    assert laboratory(tmp_path, whole).work()
    assert told(tmp_path) == told(whole)
    assert [(event.done, event.of) for event in made] == [(1, 8), (2, 8), (3, 8)]


def test_a_broken_run_is_a_row_that_decides_nothing(whole, tmp_path, monkeypatch):
    real = studying.train

    def breaking(run, folder, *, follow):
        if Path(folder).name == "coin" and run.seed == 1:
            raise IntegrityError("the loss is nan")
        return real(run, folder, follow=follow)

    monkeypatch.setattr(studying, "train", breaking)
    lab = laboratory(tmp_path, whole)
    assert lab.work()
    assert lab.missing() == []  # it is not tried again: the same seed would break again
    page = StudyPage(lab.plan, lab.file.rows())
    gain, half = page.verdicts
    assert (half.decision, half.missing) == (None, (("coin", 1),))
    assert gain.decision is not None
    text = "\n".join(page.lines())
    assert "stopped coin, seed 1: the loss is nan" in text
    assert "not decided, missing coin at seed 1" in text
    assert page.sound


def test_an_endpoint_that_is_no_number_stops_the_row(whole, tmp_path, monkeypatch):
    lab = laboratory(tmp_path, whole)
    real = studying.Laboratory._measured

    def broken(self, run, trained):
        return replace(real(self, run, trained), endpoint=float("nan"))

    monkeypatch.setattr(studying.Laboratory, "_measured", broken)
    assert lab.work()
    assert {row.endpoint for row in lab.file.rows()} == {None}
    assert all("nan" in row.stopped for row in lab.file.rows())


def test_a_broken_identity_is_said_and_is_the_exit_code(whole, tmp_path, capsys):
    rows = tmp_path / "rows.jsonl"
    lines = (whole / "coins.jsonl").read_text().splitlines(keepends=True)
    held = json.loads(lines[2]) | {"weights": "another"}
    rows.write_text("".join([*lines[:2], json.dumps(held) + "\n", *lines[3:]]))
    assert main([*words(tmp_path, whole / "coins.toml", "show"), "--out", str(rows)]) == 1
    said = capsys.readouterr().out
    assert "constant = untrained: BROKEN at seeds 0" in said
    assert "NOT SOUND" in said
