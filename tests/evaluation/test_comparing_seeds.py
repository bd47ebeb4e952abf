"""Two methods with a run for each seed: the seed is the outer unit."""

import json

import pytest
from problem_records import problem

from whet.cli.main import main
from whet.evaluation.sample_file import write_samples
from whet.front.comparing_seeds import compared_seeds
from whet.types import Reason, UsageError

PROBLEMS, SAMPLES = 10, 4


def run(folder, name, right, lost=()):
    """A file in which the i-th problem has right[i] of four samples right."""
    rows = []
    for place, count in enumerate(right):
        verdicts = [at < count for at in range(SAMPLES)]
        columns = {"rows": SAMPLES, "policy": name}
        if place in lost:
            verdicts, columns["reason"] = [None] * SAMPLES, Reason.VERIFIER_ERROR
        rows += problem(verdicts, f"p{place}", **columns).samples
    write_samples(folder / f"{name}.jsonl", rows)
    return str(folder / f"{name}.jsonl")


def methods(folder, seeds, gain):
    """Baselines with 1 of 4 right everywhere; models with one more in the first `gain(seed)`."""
    baselines = [run(folder, f"old{s}", [1] * PROBLEMS) for s in range(seeds)]
    models = [
        run(folder, f"new{s}", [1 + (at < gain(s)) for at in range(PROBLEMS)]) for s in range(seeds)
    ]
    return models, baselines


def test_six_seeds_that_all_rise_are_better(tmp_path):
    models, baselines = methods(tmp_path, 6, lambda seed: 6 + seed % 3)
    found = compared_seeds(models, baselines, (1,))
    one = found.at[1]
    assert one.standing == "better"
    assert one.over_seeds.effect == pytest.approx(0.25 * 0.7)  # (6 + 7 + 8) / 30 of problems
    assert one.over_seeds.p == 2 / 2**6
    assert (one.over_seeds.seeds, found.problems, found.left_out) == (6, PROBLEMS, 0)
    assert one.over_both.low < one.over_seeds.low < one.over_seeds.high < one.over_both.high
    turned = compared_seeds(baselines, models, (1,)).at[1]
    assert turned.standing == "worse"
    assert turned.over_both.low == pytest.approx(-one.over_both.high)


def test_a_run_that_is_given_twice_is_no_second_seed(tmp_path, monkeypatch):
    models, baselines = methods(tmp_path, 6, lambda seed: 6)
    with pytest.raises(UsageError, match="model has .* twice"):
        compared_seeds(models[:1] * 6, baselines)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="baseline has 'old0.jsonl' twice"):
        compared_seeds(models[:2], [baselines[0], "old0.jsonl"])


def test_runs_without_samples_or_without_a_reward_for_them_are_named(tmp_path):
    models, _ = methods(tmp_path, 2, lambda seed: 6)
    for name, columns, told in (
        ("greedy", {"greedy": True}, "greedy replies only"),
        ("other", {"reason": Reason.NOT_APPLICABLE}, "not applicable"),
    ):
        rows = problem([None], "p0", rows=1, **columns).samples
        places = [tmp_path / f"{name}{at}.jsonl" for at in (0, 1)]
        for place in places:
            write_samples(place, rows)
        with pytest.raises(UsageError, match=told):
            compared_seeds(models, [*map(str, places)])


def test_five_seeds_decide_nothing(tmp_path):
    models, baselines = methods(tmp_path, 5, lambda seed: 6 + seed % 3)
    one = compared_seeds(models, baselines, (1,)).at[1]
    assert (one.standing, one.over_seeds.p) == ("undecided", 2 / 2**5)


def test_seeds_in_both_directions_are_undecided(tmp_path):
    up = lambda seed: 5 if seed % 2 else 0  # noqa: E731
    models, baselines = methods(tmp_path, 8, up)
    downs = [*models[:4], *baselines[4:]]
    one = compared_seeds(downs, [*baselines[:4], *models[4:]], (1,)).at[1]
    assert one.standing == "undecided"


def test_equality_up_to_a_margin(tmp_path):
    models, baselines = methods(tmp_path, 6, lambda seed: seed % 2)
    one = compared_seeds(models, baselines, (1,), margin=0.05).at[1]
    assert one.equal is not None
    assert one.equal.verdict == "equivalent"
    assert (one.equal.effect, one.equal.units) == (pytest.approx(0.0125), 6)
    other = compared_seeds(models, baselines, (1,), margin=0.02).at[1]
    assert other.equal is not None
    assert other.equal.verdict == "not shown"  # 0.0125 + 2.015 · 0.0137 / √6 is above 0.02


def test_problems_without_a_verdict_are_left_out_of_all_runs(tmp_path):
    models, baselines = methods(tmp_path, 6, lambda seed: 6 + seed % 3)
    models[2] = run(tmp_path, "new2", [2] * PROBLEMS, lost=(0, 9))
    found = compared_seeds(models, baselines, (1,))
    assert (found.problems, found.left_out) == (PROBLEMS - 2, 2)


@pytest.mark.parametrize(
    ("models", "baselines"), [(1, 1), (3, 2), (0, 0)], ids=["one", "unequal", "none"]
)
def test_runs_come_in_pairs(tmp_path, models, baselines):
    made = [run(tmp_path, f"r{s}", [1] * PROBLEMS) for s in range(3)]
    with pytest.raises(UsageError, match=f"model has {models} runs, baseline {baselines}"):
        compared_seeds(made[:models], made[:baselines])


def test_other_problems_are_refused_with_both_names(tmp_path):
    models, baselines = methods(tmp_path, 2, lambda seed: 1)
    models[1] = run(tmp_path, "short", [1] * 9)
    with pytest.raises(UsageError, match=r"problem 'p9' .*short\.jsonl"):
        compared_seeds(models, baselines)


def test_the_command_compares_runs_with_commas(tmp_path, capsys):
    models, baselines = methods(tmp_path, 6, lambda seed: 6 + seed % 3)
    words = ["compare", ",".join(models), ",".join(baselines), "--k", "1", "--margin", "0.1"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "6 runs of each, paired in order, on the same 10 problems" in out
    assert "better: +0.175" in out
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["at"]["1"]["standing"] == "better"
    assert told["at"]["1"]["over_seeds"]["seeds"] == 6
    assert main(["compare", ",".join(models), baselines[0]]) == 2
    assert capsys.readouterr().err.startswith("whet: model has 6 runs, baseline 1")


def test_two_files_and_a_margin(tmp_path, capsys):
    models, baselines = methods(tmp_path, 1, lambda seed: 1)
    assert main(["compare", models[0], baselines[0], "--k", "1", "--margin", "0.2"]) == 0
    assert "equivalent: +0.025" in capsys.readouterr().out
    assert main(["compare", models[0], baselines[0], "--margin", "0"]) == 2
    assert capsys.readouterr().err.startswith("whet: margin is 0")
