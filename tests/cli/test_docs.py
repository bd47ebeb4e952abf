"""The pages in docs/ say what the docstrings say."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from whet.cli.catalogue import entries

DOCS = Path(__file__).parents[2] / "docs"
REMEDY = "make docs"


def _generator():
    spec = spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()
MADE = GENERATOR.pages()


@pytest.mark.parametrize("path", sorted(MADE))
def test_the_committed_page_is_the_one_that_would_be_made(path):
    page = DOCS / path
    assert page.is_file(), REMEDY
    assert page.read_text(encoding="utf-8") == MADE[path], REMEDY


def test_no_page_is_left_of_an_algorithm_that_is_gone():
    assert GENERATOR.stale() == [], REMEDY


def test_everything_that_was_found_is_in_the_tables():
    assert all(
        f"[{e.name}](algorithms/{e.name}.md)" in MADE["algorithms.md"]
        for e in entries("algorithms")
    )
    for kind in ("rewards", "sampling"):
        assert all(f"### {entry.name}\n" in MADE[f"{kind}.md"] for entry in entries(kind))


def test_links_between_pages_lead_somewhere():
    for path, text in MADE.items():
        links = [piece.partition(")")[0] for piece in text.split("](")[1:]]
        inner = [link for link in links if link.endswith(".md")]
        assert all(
            (DOCS / path).parent.joinpath(link).resolve().is_relative_to(DOCS) for link in inner
        )
        assert {str((DOCS / path).parent.joinpath(x).relative_to(DOCS)) for x in inner} <= set(MADE)
