"""The page of papers: what it says is there, and what is there with a paper is on it."""

import ast
import re
import shlex
from pathlib import Path

import pytest
from papers.absent import ABSENT
from papers.commands import TRAIN, command
from papers.methods import ROOMS, SOURCE, methods
from papers.oracles import TESTS
from papers.page import found_test
from papers.sections import section

from whet.cli.arguments import ARGUMENTS
from whet.cli.catalogue import entries
from whet.cli.explain.pages import page
from whet.cli.main import main
from whet.cli.options import parse
from whet.cli.parsing import configured

PAGE = (Path(__file__).parents[2] / "docs" / "papers.md").read_text(encoding="utf-8")
ANCHORS = set(re.findall(r'<a id="([^"]+)">', PAGE))
COMMANDS = sorted({command(one) for one in methods()})
OPTIONS = {"eval": ARGUMENTS["eval"], "show": ARGUMENTS["show"]}


def public_docstrings(file):
    """Of the module, and of public definitions at any depth."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    yield ast.get_docstring(tree) or ""
    for node in ast.walk(tree):
        defined = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if defined and not node.name.startswith("_"):
            yield ast.get_docstring(node) or ""


@pytest.mark.parametrize("room", ROOMS)
def test_every_id_of_a_public_docstring_is_on_the_page(room):
    files = sorted((SOURCE / "whet" / room).rglob("*.py"))
    said = {
        paper
        for file in files
        for text in public_docstrings(file)
        for paper in re.findall(r"arXiv:\s*(\d{4}\.\d{4,5})", text)
    }
    assert len(said) > 10
    assert {paper for paper in said if f"https://arxiv.org/abs/{paper})" not in PAGE} == set()


def test_rows_have_addresses_of_their_own():
    assert len({one.anchor for one in methods()}) == len(methods()) == len(ANCHORS)


@pytest.mark.parametrize("asked", COMMANDS)
def test_every_command_parses(asked):
    program, what, *words = shlex.split(asked)
    if program == "python":
        exec(words[0], {})  # an import
    elif what == "train":
        assert configured(words[0], words[1:], "train").run.steps == 2
    else:
        assert parse(OPTIONS[what], words, what)


def test_most_methods_have_a_command_that_trains_or_evaluates():
    runs = [one for one in methods() if command(one).startswith((TRAIN, "whet eval", "whet train"))]
    assert len(runs) > 0.9 * len(methods())


@pytest.mark.parametrize("method", methods(), ids=lambda one: one.anchor)
def test_its_file_and_its_test_are_there(method):
    assert (SOURCE / method.file).is_file()
    path, _, name = found_test(method).partition("::")
    if path:
        text = (TESTS / path).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE)


def test_nearly_every_method_has_a_test_with_a_value_of_its_own():
    missing = [one.name for one in methods() if not found_test(one)]
    assert len(missing) < 0.1 * len(methods()), missing


def test_what_is_later_than_the_survey_is_in_brackets():
    by_name = {one.name: one for one in methods() if one.kind == "algorithm"}
    assert section(by_name["grpo"]) == "3.2.3"
    assert section(by_name["vespo"]) == "(3.2.3)"
    assert section(by_name["hpt"]) == "3.2.4"


def test_what_is_absent_has_a_reason_and_is_not_here():
    here = {one.name for one in methods()}
    assert all(one.why for one in ABSENT)
    assert {one.name.lower() for one in ABSENT} & here == set()


@pytest.mark.parametrize(
    "kind",
    [pytest.param("algorithms", marks=pytest.mark.full), "extensions", "rewards", "sampling"],
)
def test_show_links_to_rows_that_are_there(kind):
    rows = {page(entry).row for entry in entries(kind)} - {""}
    assert len(rows) > 20
    assert rows <= ANCHORS
    assert {one.anchor for one in methods() if one.kind == kind.rstrip("s")} <= rows


def test_show_prints_the_link(capsys):
    assert main(["show", "gspo"]) == 0
    assert "docs/papers.md#policy.algorithms.critic_free.gspo\n" in capsys.readouterr().out
    assert main(["show", "dual_clipped"]) == 0
    assert "docs/papers.md#policy.clipping.dualclipped\n" in capsys.readouterr().out
    assert main(["show", "k3"]) == 0
    assert "docs/papers.md" not in capsys.readouterr().out
