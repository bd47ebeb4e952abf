"""`whet show NAME`: the equation, source and defaults of a part."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from whet.cli.arguments import ShowOptions
from whet.cli.catalogue import find
from whet.cli.explain.pages import Page, Theory, page
from whet.cli.options import parse


def main(words: Sequence[str]) -> int:
    """Print the pages of all parts with this name."""
    asked = parse(ShowOptions, words, "show")
    found = [page(entry) for entry in find(asked.name)]
    if asked.json:
        print(json.dumps([_flat(one) for one in found], indent=1, ensure_ascii=False))
    else:
        print("\n\n".join("\n".join(_lines(one)) for one in found))
    return 0


def _flat(found: Page) -> dict[str, Any]:
    """A page as one flat JSON object, without the fields that the part lacks."""
    told = asdict(found)
    del told["theory"]
    if found.theory is None:
        return told
    relatives = {r.name: list(r.differences) for r in found.theory.relatives}
    return told | asdict(found.theory) | {"relatives": relatives}


def _lines(found: Page) -> Iterator[str]:
    yield f"{found.name}  ({found.kind}, {found.where})"
    if found.flag:
        yield f"slot: {found.slot}, {found.flag}"
    yield from ("", found.source)
    if found.says and found.says != found.source:
        yield from ("", found.says)
    if found.theory:
        yield from ("", *found.theory.equation)
        yield from _table("symbols", found.theory.symbols, "  ")
        yield from _list("in plain torch, without trees", found.theory.plain)
        yield from _sources(found, found.theory)
    if found.row:
        yield from ("", f"paper, file, test and command: docs/papers.md#{found.row}")
    yield from _table("defaults", found.defaults, " = ")
    if found.theory:
        yield from _list("unconfirmed", found.unconfirmed)
        yield from _list("paper and code", found.differs)
        yield from _list(
            "nearest relatives, and their differences",
            [f"{r.name}: {'; '.join(r.differences) or 'nothing'}" for r in found.theory.relatives],
        )


def _sources(found: Page, theory: Theory) -> Iterator[str]:
    named = {"this algorithm": ", ".join(found.papers) or "no arXiv id given"}
    yield from _table("source (arXiv)", named | theory.papers_of_parts, ": ")


def _table(title: str, rows: dict[str, str], between: str) -> Iterator[str]:
    if rows:
        yield from ("", title)
        yield from (f"  {name}{between}{value}" for name, value in rows.items())


def _list(title: str, rows: Sequence[str]) -> Iterator[str]:
    if rows:
        yield from ("", title)
        yield from (f"  {row}" for row in rows)
