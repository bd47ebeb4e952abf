"""The plain engine by the command line: it runs what the embedded engine refuses, by its advice."""

import json
from pathlib import Path

import pytest

from whet.cli.main import main
from whet.engines.plain.engine import Plain
from whet.engines.random_models import RandomModel
from whet.testing.architectures import settings_of
from whet.types import UsageError


@pytest.fixture(scope="module")
def latent(tmp_path_factory):
    """A model with latent attention."""
    kind, settings = settings_of("deepseek_v2")
    folder = tmp_path_factory.mktemp("latent")
    RandomModel(model_type=kind, settings=settings).save(folder)
    return str(folder)


def words(folder, *more):
    asked = ["eval", folder, "--tasks", "chain", "--problems", "2", "--samples", "1"]
    return [*asked, "--max-new-tokens", "4", "--json", *more]


def test_a_refusal_names_the_remedy_and_the_remedy_works(latent, capsys):
    assert main(words(latent)) == 2
    told = capsys.readouterr()
    assert "kv_lora_rank is 16" in told.err
    assert "--engine plain" in told.err
    assert len(told.err.strip().splitlines()) == 1
    assert main(words(latent, "--engine", "plain")) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == 2


def test_an_unknown_engine_is_refused_by_name(latent, capsys):
    assert main(words(latent, "--engine", "plane")) == 2
    assert "'plane' is unknown" in capsys.readouterr().err


def test_half_precision_is_evaluated_and_not_trained(latent):
    import asyncio
    from dataclasses import replace

    from whet.engines.models import Folder

    source = replace(Folder(path=latent), dtype="bfloat16")
    assert asyncio.run(Plain(device="cpu").player(source, 0)).generator.positions == 128
    with pytest.raises(UsageError, match="model.dtype float32"):
        asyncio.run(Plain(device="cpu").open(source, 0))


@pytest.mark.full
@pytest.mark.timeout(900)
def test_a_run_on_it_is_the_run_on_the_embedded_engine(tmp_path, monkeypatch, capsys):
    """Both have the same random numbers, so they say the same until rounding changes a token."""
    monkeypatch.chdir(tmp_path)
    recipe = str(Path(__file__).parents[2] / "cli" / "recipe_small.py")
    rows = {}
    for engine in ("embedded", "plain"):
        asked = ["train", recipe, "--engine", engine, "--steps", "2", "--name", engine]
        asked += ["--evaluation.problems", "2", "--evaluation.samples", "1", "--evaluation.k", "1"]
        asked += ["--periodic.every", "0"]
        assert main(asked) == 0, capsys.readouterr().err
        told = (Path("runs") / engine / "metrics.jsonl").read_text().split("\n")
        rows[engine] = [json.loads(line) for line in told if line]
    assert [row["kind"] for row in rows["embedded"]] == [row["kind"] for row in rows["plain"]]
    for ours, due in zip(rows["plain"], rows["embedded"], strict=True):
        for name in {"loss", "grad_norm", "entropy"} & ours.get("metrics", {}).keys():
            due_value = due["metrics"][name]["value"]  # None where nothing was learned from
            near = due_value and pytest.approx(due_value, rel=1e-3, abs=1e-5)
            assert ours["metrics"][name]["value"] == near, (ours["kind"], ours["step"], name)
    assert sum("loss" in row.get("metrics", {}) for row in rows["plain"]) == 14
