"""The pages in docs/ say what the docstrings say."""

from pathlib import Path

import generate
import pytest

from whet.cli.catalogue import entries
from whet.cli.overrides import settings_of
from whet.cli.spellings import SPELLINGS
from whet.training.run import Run

DOCS = Path(__file__).parents[2] / "docs"
REMEDY = "make docs"
MADE = generate.pages()


@pytest.mark.parametrize("path", sorted(MADE))
def test_the_committed_page_is_the_one_that_would_be_made(path):
    page = DOCS / path
    assert page.is_file(), REMEDY
    assert page.read_text(encoding="utf-8") == MADE[path], REMEDY


def test_no_page_is_left_of_an_algorithm_that_is_gone():
    assert generate.stale() == [], REMEDY


def test_everything_that_was_found_is_in_the_tables():
    assert all(
        f"[{e.name}](algorithms/{e.name}.md)" in MADE["algorithms.md"]
        for e in entries("algorithms")
    )
    for kind in ("rewards", "sampling"):
        assert all(f"### {entry.name}\n" in MADE[f"{kind}.md"] for entry in entries(kind))


def test_every_spelling_and_every_field_of_a_run_is_on_a_page():
    assert all(f"`--{word.replace('_', '-')}`" in MADE["flags.md"] for word in SPELLINGS)
    assert all(f"| `{name}` |" in MADE["configuration.md"] for name in settings_of(Run))


def test_links_between_pages_lead_somewhere():
    for path, text in MADE.items():
        links = [piece.partition(")")[0] for piece in text.split("](")[1:]]
        inner = [link for link in links if link.endswith(".md")]
        assert {str((DOCS / path).parent.joinpath(x).relative_to(DOCS)) for x in inner} <= set(MADE)
