"""The pages in docs/ say what the docstrings say."""

import json
from pathlib import Path
from subprocess import run
from sys import executable

import pytest

from whet.cli.catalogue import entries
from whet.cli.overrides import settings_of
from whet.cli.spellings import SPELLINGS
from whet.training.run import Run

DOCS = Path(__file__).parents[2] / "docs"
REMEDY = "make docs"


@pytest.fixture(scope="module")
def made():
    """All pages, made in a process of their own, where no test has defined a part."""
    code = "import generate, json; print(json.dumps(generate.pages()))"
    done = run([executable, "-c", code], cwd=DOCS, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_committed_pages_are_those_that_would_be_made(made):
    assert len(made) > 80
    held = {path: DOCS / path for path in made}
    assert [path for path, page in held.items() if not page.is_file()] == [], REMEDY
    texts = {path: page.read_text(encoding="utf-8") for path, page in held.items()}
    assert [path for path, text in texts.items() if text != made[path]] == [], REMEDY


def test_no_page_is_left_of_an_algorithm_that_is_gone(made):
    held = {f"algorithms/{page.name}" for page in (DOCS / "algorithms").glob("*.md")}
    assert held - {*made} == set(), REMEDY


def test_everything_that_was_found_is_in_the_tables(made):
    assert all(
        f"[{e.name}](algorithms/{e.name}.md)" in made["algorithms.md"]
        for e in entries("algorithms")
    )
    for kind in ("rewards", "sampling"):
        assert all(f"### {entry.name}\n" in made[f"{kind}.md"] for entry in entries(kind))


def test_every_spelling_and_every_field_of_a_run_is_on_a_page(made):
    assert all(f"`--{word.replace('_', '-')}`" in made["flags.md"] for word in SPELLINGS)
    assert all(f"| `{name}` |" in made["configuration.md"] for name in settings_of(Run))


def test_links_between_pages_lead_somewhere(made):
    for path, text in made.items():
        links = [piece.partition(")")[0] for piece in text.split("](")[1:]]
        inner = [link for link in links if link.endswith(".md")]
        assert {str((DOCS / path).parent.joinpath(x).relative_to(DOCS)) for x in inner} <= set(made)
