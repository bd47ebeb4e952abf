"""Help is one screen, and at once: it is read from files, without torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from whet.cli import help as pages
from whet.cli.arguments import ARGUMENTS
from whet.cli.main import COMMANDS, main
from whet.cli.options import parse
from whet.cli.spellings import USUAL
from whet.types import UsageError

RECIPE = str(Path(__file__).with_name("recipe_small.py"))
LINES, COLUMNS = 45, 100

LIGHT = """
import sys
from whet.cli.main import main
heavy = {"torch", "transformers", "scipy", "pyarrow", "sympy", "tyro", "rich"}
for words in WORDS:
    assert main(words) == 0, words
    assert not heavy & set(sys.modules), (words, heavy & set(sys.modules))
"""


def said(capsys, *words):
    assert main(words) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "recipe", ["quickstart", "rlvr", "dapo", "process_rewards", RECIPE, f"{RECIPE}:recipe_small"]
)
def test_a_recipe_is_one_screen(capsys, recipe):
    found = said(capsys, "train", recipe, "--help").splitlines()
    assert len(found) <= LINES
    assert max(map(len, found)) <= COLUMNS or recipe.startswith("/")
    text = "\n".join(found)
    assert "usage: whet train" in text
    assert "--help-all" in text
    assert all(usual.flag in text and usual.where in text for usual in USUAL)


def test_a_recipe_shows_its_sentence_and_its_parameters(capsys):
    found = said(capsys, "plan", "rlvr", "-h")
    assert "whet plan rlvr --model … --data …" in found
    assert "Train a local Hugging Face model with rewards from a verifier (RLVR)." in found
    assert "--algorithm" in found and "'grpo'" in found


def test_help_of_a_command_names_the_recipes(capsys):
    found = said(capsys, "train", "--help")
    assert all(name in found for name in ("quickstart", "rlvr", "dapo", "mine.py"))
    assert max(map(len, found.splitlines())) <= COLUMNS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_in_three_ways(capsys, command):
    found = said(capsys, command, "--help")
    assert f"whet {command}" in found
    assert said(capsys, "help", command) == found
    assert said(capsys, command, "-h") == found


@pytest.mark.parametrize("command", ARGUMENTS)
def test_help_shows_every_argument_with_words(capsys, command):
    found = said(capsys, command, "--help")
    for name in ARGUMENTS[command].__dataclass_fields__:
        rows = [
            row for row in found.splitlines() if name.rstrip("_").replace("_", "-") in row.lower()
        ]
        assert any(len(row.split()) > 2 for row in rows), name


def test_no_help_imports_torch():
    words = [[], ["--help"], ["train", "--help"], ["train", "rlvr", "--help"]]
    words += [["train", RECIPE, "--help"], ["help", "plan"]]
    words += [[command, "--help"] for command in COMMANDS]
    code = f"WORDS = {words!r}\n{LIGHT}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("ask", [["--help", "all"], ["--help-all"]])
def test_everything_is_shown_with_values_and_choices(capsys, ask):
    found = said(capsys, "train", RECIPE, "--steps", "7", *ask)
    lines = found.splitlines()
    assert any(line.startswith("--steps 7 ") for line in lines)
    assert any(line.startswith("--sampling.gate admit_all ") for line in lines)
    assert "non_zero_spread" in found
    assert "--objective.clipping.high 0.28" in found
    assert "--warmup.0.steps 12" in found


def test_help_of_what_is_unknown_is_refused(capsys):
    assert main(["train", "quikstart", "--help"]) == 2
    assert "'quickstart'" in capsys.readouterr().err
    assert main(["train", "nowhere.py", "--help"]) == 2
    assert "nowhere.py" in capsys.readouterr().err
    assert main(["help", "trian"]) == 2
    assert "'train'" in capsys.readouterr().err


def test_a_recipe_that_a_file_only_imports_is_read_all_the_same(tmp_path):
    file = tmp_path / "borrowed.py"
    file.write_text("from whet.recipes.quickstart import quickstart as borrowed\n")
    assert pages.read(str(file)).parameters == (("algorithm", "'dapo'"),)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "missing MODEL"),
        (["m", "--task", "lock"], "you meant --tasks"),
        (["m", "--tasks"], "--tasks needs a value"),
        (["m", "n"], "'n' is one word too many"),
    ],
)
def test_wrong_arguments_are_one_line(words, told):
    with pytest.raises(UsageError) as refused:
        parse(ARGUMENTS["eval"], words, "eval")
    assert told in str(refused.value)
    assert "whet eval --help" in str(refused.value)


def test_a_wrong_value_of_an_option_names_it():
    with pytest.raises(UsageError, match="problems is 'some'"):
        parse(ARGUMENTS["eval"], ["m", "--problems", "some"], "eval")


def test_options_and_words_may_come_in_any_order():
    one = parse(ARGUMENTS["eval"], ["--tasks", "lock", "m", "--json", "--k=1"], "eval")
    assert (one.model, one.tasks, one.json, one.k) == ("m", "lock", True, "1")
