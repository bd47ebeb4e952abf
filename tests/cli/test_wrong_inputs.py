"""Every wrong input is one line, exit code 2, no traceback, and nothing lost."""

import json
import os
import sys
from pathlib import Path

import pytest

from whet.cli.main import main
from whet.engines.models import FromScratch

RECIPE = str(Path(__file__).with_name("recipe_small.py"))
SHORT = ["--sampling.decoding.max_new_tokens", "4"]
RLVR = ["train", "rlvr", "--model", "model", "--data", "sums.jsonl"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with a model, some sums, and judges of all kinds."""
    monkeypatch.chdir(tmp_path)
    model, tokenizer = FromScratch(shape="llama-tiny").load("cpu")
    model.save_pretrained("model")
    model.save_pretrained("mute")
    tokenizer.save_pretrained("model")
    good = [json.dumps({"prompt": f"{i}+1=", "answer": str(i + 1)}) for i in range(40)]
    Path("sums.jsonl").write_text("\n".join(good))
    Path("broken.jsonl").write_text("\n".join([*good[:2], '{"prompt": "3+', *good[3:]]))
    silent = json.dumps({"prompt": "7+1="})
    Path("unanswered.jsonl").write_text("\n".join([*good[:4], silent]))
    Path("says.py").write_text("def score(reply):\n    return 'good'\n")
    Path("wants.py").write_text("def score(response):\n    return 1.0\n")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train", "quikstart"], "recipe 'quikstart' is unknown; did you mean 'quickstart'?"),
        (["train", RECIPE, "--sampling.size.rollout", "3"], "you meant --sampling.size.rollouts"),
        (
            ["train", RECIPE, "--sampling.size.rollouts", "1"],
            "sampling.size.rollouts is 1, but the advantage",
        ),
        (["train", RECIPE, "--steps", "many"], "steps is 'many'; give a whole number"),
        (
            ["train", RECIPE, "--algorithm", "grp"],
            "algorithm 'grp' is unknown; did you mean 'grpo'",
        ),
        (
            ["train", RECIPE, "--sampling.decoding.max_new_tokens", "-3"],
            "max_new_tokens is -3; give 1 or more",
        ),
        (  # wider than a terminal, and told whole
            ["train", "dapo", *RLVR[2:], *SHORT, "--sampling.gate.oversample", "0.5"],
            "sampling.gate.oversample is 0.5; give 1.0 or more",
        ),
        (["train", RECIPE, "--sampling.decoding.temperature", "0"], "temperature is 0"),
        (["train", "elsewhere.py"], "recipe 'elsewhere.py' is not a file"),
        (["train", RECIPE, "--name", "taken"], "run 'runs/taken' exists; choose another --name"),
        (["train", "rlvr", "--data", "sums.jsonl"], "missing --model"),
        ([*RLVR[:-1], "nowhere.jsonl", *SHORT], "'nowhere.jsonl', which does not exist"),
        ([*RLVR[:-1], "broken.jsonl", *SHORT, "--reward", "exact"], "broken.jsonl, line 3"),
        (
            [*RLVR[:-1], "unanswered.jsonl", *SHORT, "--reward", "exact"],
            "unanswered.jsonl:5: no answer",
        ),
        ([*RLVR, *SHORT, "--reward", "says.py"], "returned 'good'; return a finite number"),
        ([*RLVR, "--reward", "wants.py"], "wants 'response'"),
        ([*RLVR, "--reward", "mathh"], "reward 'mathh' is unknown; did you mean 'math'?"),
        (["train", "rlvr", "--model", "mute", "--data", "lock"], "'mute' has no tokenizer"),
        (["train", "rlvr", "--model", "no", "--data", "lock"], "model.path 'no' does not exist"),
        (["eval", "model"], "give --tasks NAME"),
        (["eval", "model", "--tasks", "lokc"], "did you mean 'lock'"),
        (["eval", "model", "--tasks", "lock", "--k", "1,99"], "k is (1, 99) with 16 samples"),
        (["resume", "runs/none"], "is no run folder"),
        (["doctor", "runs/none"], "is no run folder"),
        (["show", "dappo"], "did you mean 'dapo'?"),
        (["list", "algoritms"], "did you mean 'algorithms'?"),
        (["trian", "quickstart"], "command 'trian' is unknown; did you mean 'train'?"),
    ],
    ids=lambda x: " ".join(x)[-50:] if isinstance(x, list) else None,
)
def test_one_line_and_two(here, capsys, words, told):
    taken = Path("runs/taken/run.json")
    taken.parent.mkdir(parents=True)
    taken.write_text("{}")
    assert main(words) == 2
    said = capsys.readouterr().err
    assert told in said
    assert len(said.strip().splitlines()) == 1
    assert "Traceback" not in said
    assert taken.read_text() == "{}"
    assert [p.as_posix() for p in Path("runs").rglob("*")] == ["runs/taken", "runs/taken/run.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(here, capsys):
    Path("runs").mkdir(mode=0o500)
    assert main(["train", RECIPE, "--name", "x"]) == 2
    assert "can't be written" in capsys.readouterr().err


def test_a_file_where_the_folder_should_be_is_refused(here, capsys):
    Path("runs").write_text("not a folder")
    assert main(["train", RECIPE, "--name", "x"]) == 2
    said = capsys.readouterr().err
    assert "run folder 'runs/x' can't be written" in said
    assert Path("runs").read_text() == "not a folder"


def test_a_recipe_that_changed_since_is_not_resumed(here, capsys, monkeypatch):
    recipe = Path("recipe_small.py")
    recipe.write_text(Path(RECIPE).read_text())
    assert main(["train", str(recipe), "--name", "r", "--steps", "1"]) == 0
    recipe.write_text(recipe.read_text().replace("lr=1e-3", "lr=2e-3"))
    for name in [n for n in sys.modules if n.startswith("whet_file_recipe_small_")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["resume", "runs/r"]) == 2
    said = capsys.readouterr().err
    assert "has changed since the run began: optimizer.lr: was 0.001, is 0.002" in said
