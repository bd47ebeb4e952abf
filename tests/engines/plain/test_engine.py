"""The plain engine by the command line: it runs what the embedded engine refuses, by its advice."""

import json

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
def test_a_run_is_trained_on_the_plain_engine_and_resumed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    asked = ["train", "quickstart", "--engine", "plain", "--steps", "2", "--warmup", "none"]
    sizes = ["--prompts", "2", "--group-size", "2", "--max-new-tokens", "4", "--name", "plain"]
    assert main([*asked, *sizes]) == 0, capsys.readouterr().err
    assert main(["resume", "runs/plain", "--json"]) in (0, 2)
