"""A file of settings does what the command line does, and the command line wins."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from whet.cli.commands.resume import rebuilt
from whet.cli.parsing import configured
from whet.policy.corrections import Masked, Truncated
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.training import card, resuming
from whet.types import UsageError

RECIPE = str(Path(__file__).with_name("recipe_small.py"))

SETTINGS = """
algorithm = "grpo"             # a recipe's parameter
lr = 1e-4                      # a usual spelling
steps = 3
name = "from-file"

[sampling.gate]
class = "non_zero_spread"
max_rounds = 5

[sampling.decoding]
stop = ["a,b", "c"]

[engine]
lora.rank = 4

[evaluation]
k = [1, 2]

[[objective.corrections]]
class = "truncated"
cap = 3

[[objective.corrections]]
class = "masked"
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with a file of settings."""
    monkeypatch.chdir(tmp_path)
    Path("my.toml").write_text(SETTINGS)
    return tmp_path


def asked(*words):
    return configured(RECIPE, words, "train")


def test_tables_are_paths(here):
    found = asked("--config", "my.toml")
    run = found.run
    assert found.name == "from-file"
    assert (run.steps, run.optimizer.lr) == (3, 1e-4)
    assert run.sampling.gate == NonZeroSpread(max_rounds=5)
    assert run.sampling.decoding.stop == ("a,b", "c")
    assert run.engine.lora.rank == 4
    assert run.evaluation.k == (1, 2)
    assert run.objective.corrections == (Truncated(cap=3.0), Masked())
    assert run.objective.regularisers[0].beta == 0.04


def test_the_command_line_wins_and_later_files_over_earlier_ones(here):
    Path("two.toml").write_text('steps = 4\nlearning_rate = 1e-5\n[sampling]\ngate = "admit_all"\n')
    run = asked("--steps", "5", "--config", "my.toml", "--config=two.toml").run
    assert (run.steps, run.optimizer.lr) == (5, 1e-5)
    assert type(run.sampling.gate).__name__ == "AdmitAll"
    assert asked("--config", "my.toml", "--sampling.gate", "admit_all").run.steps == 3


def test_fields_of_parts_that_stand_are_changed_by_tables_without_a_part(here):
    Path("w.toml").write_text("[[warmup]]\nsteps = 7\n")
    assert asked("--config", "w.toml").run.warmup[0].steps == 7


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("stepz = 3", ["bad.toml", "stepz", "--steps"]),
        ("[sampling.siz]\nrollouts = 3", ["bad.toml", "sampling.siz"]),
        ("[sampling.size]\nrollout = 3", ["bad.toml", "sampling.size.rollout", "rollouts"]),
        ('steps = "many"', ["bad.toml", "steps is 'many'"]),
        ("steps = ", ["bad.toml", "line 1"]),
        ("a = 1\n[b\n", ["bad.toml", "line 2"]),
        ("bf16 = true", ["bad.toml", "bf16", "--model.dtype"]),
        ('[sampling]\ngate = "nono"', ["bad.toml", "'nono'"]),
        ('config = "x.toml"', ["bad.toml", "config"]),
        ("[evaluation]\nk = [2001-01-01]", ["bad.toml", "evaluation.k", "2001-01-01"]),
        ("lr = 1e-4\nlearning_rate = 1e-5", ["bad.toml: lr", "optimizer.lr"]),
    ],
)
def test_what_a_file_gets_wrong_is_one_line_with_file_and_key(here, text, told):
    Path("bad.toml").write_text(text)
    with pytest.raises(UsageError) as refused:
        asked("--config", "bad.toml")
    assert "\n" not in str(refused.value)
    for piece in told:
        assert piece in str(refused.value)


def test_a_missing_file_and_one_that_is_no_text_are_refused(here):
    with pytest.raises(UsageError, match=r"no\.toml"):
        asked("--config", "no.toml")
    with pytest.raises(UsageError, match="null byte"):
        asked("--config", "a\0.toml")
    Path("no_text.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"no_text\.toml"):
        asked("--config", "no_text.toml")


def test_the_card_gives_the_run_again_without_the_file(here):
    first = asked("--config", "my.toml", "--steps", "5", "--kl", "0.1", "--clip", "0.1")
    folder = Path("runs/r")
    folder.mkdir(parents=True)
    card.write(folder, card.card(first.run, RECIPE, list(first.arguments)))
    Path("my.toml").unlink()
    assert rebuilt(folder) == first.run
    held = json.loads((folder / "run.json").read_text())["arguments"]
    assert all(word.startswith("--") and "config" not in word for word in held)


def test_a_list_that_was_changed_twice_is_still_a_change_of_the_card(here):
    """Of the second change, and of both together, the paths differ."""
    first, folder = asked("--evaluation.k=1,2,4").run, Path("runs/r")
    folder.mkdir(parents=True)
    held = card.card(first, RECIPE, ["--evaluation.k=1,2,4"])
    for k in ((1, 2), (1, 2, 3)):
        after = replace(first, evaluation=replace(first.evaluation, k=k))
        held = resuming.amended(held, after, 2, [])
    card.write(folder, held)
    assert rebuilt(folder) == after


def test_without_a_file_the_card_has_the_words_as_they_were_typed():
    assert asked("--steps", "5", "--lr=1e-4").arguments == ("--steps", "5", "--lr=1e-4")


@pytest.mark.parametrize(
    ("setting", "word", "field", "found"),
    [
        ("mini_batch_size = 2", "--minibatches=4", "minibatches", 4),
        ("minibatches = 4", "--mini-batch-size=2", "minibatches", 2),
        ('eval_data = "lock"', "--eval-corpus=none", "eval_corpus", None),
    ],
)
def test_a_change_of_the_whole_run_and_its_field_follow_the_layers(
    here, setting, word, field, found
):
    Path("one.toml").write_text(setting)
    both = asked("--config", "one.toml", word)
    assert getattr(both.run, field) == found
    assert asked(*both.arguments).run == both.run
