"""The page of one entry of the catalogue, as plain data."""

from dataclasses import dataclass
from functools import cache
from inspect import Parameter, signature
from typing import Any

from whet.cli.catalogue import KINDS, Entry, entries
from whet.cli.explain import sources
from whet.cli.explain.equation import effective, needed
from whet.cli.explain.parts import settings
from whet.cli.explain.plain import NoTextError, program
from whet.cli.explain.relatives import Relative, nearest
from whet.cli.explain.symbols import occurring
from whet.registry import Place

_WITH_PAPERS = ("whet.policy.", "whet.rewards.", "whet.sampling.", "whet.evaluation.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Theory:
    """The equation, symbols, sources and relatives of an algorithm."""

    equation: tuple[str, ...]
    symbols: dict[str, str]
    needs: tuple[str, ...]
    companions: tuple[str, ...]
    relatives: tuple[Relative, ...]
    papers_of_parts: dict[str, str]
    plain: tuple[str, ...]  # the loss in plain torch
    why_no_plain: str  # why there is none; empty: there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of an entry: its docstring, source, defaults and theory."""

    kind: str
    name: str
    family: str
    where: str
    lines: int  # the path of its file
    source: str  # the file's docstring
    says: str  # the docstring of the part
    papers: tuple[str, ...]
    defaults: dict[str, str]
    unconfirmed: tuple[str, ...]
    differs: tuple[str, ...]  # differences from paper or released code, as its docstring says
    theory: Theory | None = None  # for algorithms only
    slot: str = ""  # for sampling only: what it fills
    flag: str = ""  # and what chooses it on the command line
    row: str = ""  # the anchor of its row in docs/papers.md; empty without a paper


def algorithms() -> dict[str, Any]:
    """Every discovered algorithm at its defaults."""
    return _made(tuple(entry.place for entry in entries("algorithms")))


@cache
def _made(places: tuple[Place, ...]) -> dict[str, Any]:
    """Once for what is installed."""
    return {place.attribute: place.load()() for place in places}


def page(entry: Entry) -> Page:
    """Make the page of an entry from its code."""
    offer = entry.offer()
    said = sources.own_words(entry.module, offer)
    algorithm = algorithms().get(entry.name) if entry.kind == "algorithms" else None
    everything = said + (sources.of_parts(algorithm) if algorithm is not None else [])
    own = "\n".join(text for _, text in said)
    return Page(
        kind=entry.kind,
        name=entry.name,
        family=entry.family,
        where=entry.where,
        lines=entry.lines,
        source=said[0][1],
        says=said[1][1],
        papers=tuple(sources.papers(own)),
        defaults=_defaults(offer) if offer else {},
        unconfirmed=tuple(sources.unconfirmed(everything)),
        differs=tuple(sources.departures(everything)),
        theory=_theory(entry.name, algorithm) if algorithm is not None else None,
        slot=entry.slot,
        flag=entry.flag,
        row=_row(entry, offer),
    )


def _row(entry: Entry, offer: Any) -> str:
    """The row of a part in docs/papers.md, where its docstrings have an arXiv id."""
    if not entry.where.startswith(_WITH_PAPERS):
        return ""
    if entry.kind in KINDS:
        own = "\n".join(text for _, text in sources.own_words(entry.module, offer))
        return sources.row_of(entry.where) if sources.papers(own) else ""
    attribute = entry.place.attribute
    return sources.row_of(entry.where, attribute) if sources.papers(offer.__doc__ or "") else ""


def _theory(name: str, algorithm: Any) -> Theory:
    equation = effective(algorithm)
    plain, why = _plain(algorithm)
    said = sources.of_parts(algorithm)
    found = {kind: ids for kind, text in said if (ids := sources.papers(text))}
    return Theory(
        equation=tuple(equation),
        symbols=occurring(equation),
        needs=tuple(needed(algorithm)),
        companions=tuple(settings(c) for c in algorithm.companions),
        relatives=tuple(nearest(name, algorithms())),
        papers_of_parts={kind: ", ".join(ids) for kind, ids in found.items()},
        plain=plain,
        why_no_plain=why,
    )


def _plain(algorithm: Any) -> tuple[tuple[str, ...], str]:
    """The loss in plain torch, or why there is none."""
    try:
        return tuple(program(algorithm)), ""
    except NoTextError as error:
        return (), str(error)


def _defaults(offer: Any) -> dict[str, str]:
    """Every parameter with its default; a parameter without one is marked as required."""
    parameters = signature(offer).parameters.values()
    given = [p for p in parameters if p.kind is not Parameter.VAR_KEYWORD]
    absent = Parameter.empty
    return {p.name: "(give it)" if p.default is absent else settings(p.default) for p in given}
