"""Write the pages that are made of docstrings: `make docs`."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from inspect import getdoc
from pathlib import Path

import functions
import losses_page
import measured
import papers
import settings

from whet.cli.catalogue import by_slot, entries
from whet.cli.explain.choices import choices, public
from whet.cli.explain.pages import Page, Theory, algorithms, page
from whet.cli.explain.parts import brief
from whet.cli.explain.relatives import slots
from whet.training import glossary

DOCS = Path(__file__).parent
ALGORITHMS = "algorithms"
_MADE = "<!-- made of docstrings by `make docs`; change those -->"
_MEASURED = "<!-- made of measured rows by `make docs`; measure them anew -->"
_BENCHMARKS = (
    "Local files of published benchmarks, in the formats of their data set cards; nothing is "
    "downloaded.  `whet eval MODEL --tasks gsm8k:test.jsonl`: the name, a colon, the path."
)
_COLUMNS = ("advantage", "ratio", "clipping", "aggregation", "corrections", "regularisers")


@cache
def pages() -> dict[str, str]:
    """Every page, by its path below docs/."""
    known = [page(entry) for entry in entries("algorithms")]
    made = {f"{ALGORITHMS}/{one.name}.md": _text(_algorithm(one)) for one in known}
    made["algorithms.md"] = _text(_table_of_algorithms(known))
    made["rewards.md"] = _text(_sections("rewards", "A reward says how good a rollout was."))
    made["benchmarks.md"] = _text(_sections("benchmarks", _BENCHMARKS))
    made["sampling.md"] = _text(_slots())
    made["rewards.md"] += "\n" + "\n".join(_settings()).rstrip() + "\n"
    made["rewards_and_papers.md"] = _text(_admissions())
    made["metrics.md"] = _text(_metrics())
    made["evaluation_reference.md"] = _text(functions.evaluation())
    made["verifiers.md"] = _text(measured.verifiers(), _MEASURED)
    made[losses_page.PAGE] = losses_page.page()
    made["papers.md"] = _text(papers.papers())
    made["flags.md"] = _text(settings.flags())
    made["configuration.md"] = _text(settings.configuration())
    return made


def stale() -> list[Path]:
    """Pages of algorithms that are no more."""
    made = pages()
    return [
        p
        for p in sorted((DOCS / ALGORITHMS).glob("*.md"))
        if f"{p.parent.name}/{p.name}" not in made
    ]


def write() -> None:
    """Make them all anew."""
    (DOCS / ALGORITHMS).mkdir(exist_ok=True)
    for path in stale():
        path.unlink()
    for path, text in pages().items():
        (DOCS / path).write_text(text, encoding="utf-8")


def _text(lines: Iterator[str], made: str = _MADE) -> str:
    return "\n".join([made, "", *lines]).rstrip() + "\n"


def _algorithm(one: Page) -> Iterator[str]:
    yield from (f"# {one.name}", "", one.source, "")
    yield from (one.says, "")
    if one.theory:
        yield from ("```text", *one.theory.equation, "```", "")
        yield from _plain(one.theory)
        yield from _list("Symbols", [f"`{s}`: {m}" for s, m in one.theory.symbols.items()])
        yield from _list("Needs", one.theory.needs)
        yield from _list("Beside the loss", [f"`{c}`" for c in one.theory.companions])
    yield from _list("Defaults", [f"`{name} = {value}`" for name, value in one.defaults.items()])
    yield from _list("Sources", _sources(one))
    yield from _list("Unconfirmed", one.unconfirmed)
    yield from _list("Paper and code", one.differs)
    if one.theory:
        yield from _list("Nearest relatives, and what is different there", _relatives(one.theory))
    yield f"`whet show {one.name}` · `{one.where}`"


def _plain(theory: Theory) -> Iterator[str]:
    """The loss in plain torch, from the texts of its parts."""
    yield from ("## In plain torch", "")
    if not theory.plain:
        yield from (f"None: {theory.why_no_plain}.", "")
        return
    yield "Made of a text for each part, and run by a test: on drawn batches it has the loss and"
    yield "the gradient of the algorithm. Without trees of rollouts, and for log-ratios within ±20."
    yield from ("", "```text", *theory.plain, "```", "")


def _sources(one: Page) -> Iterator[str]:
    yield f"{one.name}: {', '.join(map(_link, one.papers)) or 'no arXiv id given'}"
    for part, ids in (one.theory.papers_of_parts if one.theory else {}).items():
        yield f"`{part}`: {', '.join(map(_link, ids.split(', ')))}"


def _link(paper: str) -> str:
    return f"[arXiv:{paper}](https://arxiv.org/abs/{paper})"


def _relatives(theory: Theory) -> Iterator[str]:
    for name, differences in theory.relatives:
        what = "; ".join(f"`{d}`" for d in differences) or "nothing but numbers of its companions"
        yield f"[{name}]({name}.md): {what}"


def _table_of_algorithms(known: Sequence[Page]) -> Iterator[str]:
    yield from ("# Algorithms", "", f"{len(known)} of them, each a choice of parts.", "")
    for family in sorted({one.family for one in known}):
        members = [one for one in known if one.family == family]
        yield from (f"## {family} ({len(members)})", "")
        yield settings.row(
            ["algorithm", "arXiv", "Â", "r", "f", "w", "c", "k", "further sums", "beside"]
        )
        yield settings.row(["---"] * 10)
        yield from (settings.row(_cells(one, slots(algorithms()[one.name]))) for one in members)
        yield ""


def _cells(one: Page, held: Mapping[str, object]) -> list[str]:
    """The parts of a slot; where there are no slots, the criterion stands in that of f."""
    shown = dict(held)
    if "criterion" in shown:
        shown["clipping"] = shown["criterion"]
    within = f" on {brief(shown['on'])}" if "on" in shown else ""
    cells = [brief(shown.get(slot)) if slot in shown else "" for slot in _COLUMNS]
    cells[2] += within
    cells += [brief(shown[slot]) if slot in shown else "" for slot in ("extra", "companions")]
    papers = ", ".join(map(_link, one.papers))
    return [f"[{one.name}]({ALGORITHMS}/{one.name}.md)", papers, *map(_code, cells)]


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _sections(kind: str, about: str) -> Iterator[str]:
    known = [page(entry) for entry in entries(kind)]
    yield from (f"# {kind.capitalize()}", "", f"{about}  {len(known)} of them.", "")
    families = sorted({one.family for one in known})
    for family in families:
        if families != [""]:
            yield from (f"## {family or 'of no family'}", "")
        for one in known:
            if one.family == family:
                yield from _section(one)


def _slots() -> Iterator[str]:
    """The sampling parts by the slot that they fill."""
    known = entries("sampling")
    yield from ("# Sampling", "")
    yield "Sampling strategy: what is played next, and what is learned from. A run has one part in"
    yield f"each slot of the standard strategy, and any number of schedules. {len(known)} parts:"
    yield from ("", settings.row(["slot", "chosen by", "parts"]), settings.row(["---"] * 3))
    blocks = by_slot(known)
    for slot, members in blocks:
        names = ", ".join(f"[{entry.name}](#{entry.name})" for entry in members)
        yield settings.row([slot, _code(f"{members[0].flag.partition(' ')[0]} NAME"), names])
    yield ""
    for slot, members in blocks:
        yield from (f"## {slot or 'of no slot'}", "")
        for entry in members:
            yield from _section(page(entry))


def _admissions() -> Iterator[str]:
    """Where a judge differs from a paper, or could not be held against it."""
    known = [page(entry) for entry in entries("rewards")]
    told = [(one, [*one.unconfirmed, *one.differs]) for one in known]
    yield from ("# Rewards and papers", "")
    yield "What differs from a paper or from released code, and what could not be confirmed in one,"
    yield from (
        "in the docstrings' own words.  A judge that isn't here says nothing of the kind.",
        "",
    )
    for one, sentences in told:
        if sentences:
            yield from _list(f"[{one.name}](rewards.md#{one.name})", sentences)


def _metrics() -> Iterator[str]:
    """The glossary of metrics.jsonl."""
    title, *about = (glossary.__doc__ or "").splitlines()
    yield from ("# Metrics", "", title, *about, "")
    yield "A row of metrics.jsonl has under `metrics`, for each name, its `value` and `of`: how"
    yield "many things it is a mean of.  A mean of nothing is null of 0.  Evaluations have their"
    yield from ("95% intervals in the same row, under `intervals`.", "")
    for title, metrics in glossary.rows():
        yield from (
            f"## {title}",
            "",
            settings.row(["name", "unit", "what", "of"]),
            settings.row(["---"] * 4),
        )
        yield from (settings.row([_code(m.name), m.unit, m.says, m.of]) for m in metrics)
        yield ""


def _section(one: Page) -> Iterator[str]:
    yield from (f"### {one.name}", "", one.source, "")
    if one.flag:
        family = f" Family: {one.family}." if one.family else ""
        yield from (f"Chosen by `{one.flag}`.{family}", "")
    if one.says and one.says != one.source:
        yield from ("```text", *one.says.splitlines(), "```", "")
    if one.defaults:
        told = ", ".join(f"`{name} = {value}`" for name, value in one.defaults.items())
        yield from (f"Defaults: {told}", "")
    if one.papers:
        yield from (f"Source: {', '.join(map(_link, one.papers))}", "")


def _settings() -> Iterator[str]:
    """The classes to choose from for settings of rewards that are more than a number."""
    yield from ("## Settings", "", "Settings that are objects, and the classes to choose from.", "")
    for choice in choices():
        yield from (f"### {choice.title}", "")
        if choice.says and choice.title != choice.classes[0].__name__:
            yield from (" ".join(choice.says.partition("\n\n")[0].split()), "")
        yield from (f"Taken by {', '.join(f'`{name}`' for name in choice.taken_by)}.", "")
        for kind in choice.classes:
            first = " ".join((getdoc(kind) or "").partition("\n\n")[0].split())
            yield f"- `{public(kind)}.{kind.__name__}`: {first}"
        yield ""


def _list(title: str, rows: Sequence[str] | Iterator[str]) -> Iterator[str]:
    found = list(rows)
    if found:
        yield from (f"## {title}", "", *(f"- {row}" for row in found), "")


if __name__ == "__main__":
    write()
