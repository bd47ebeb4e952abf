"""The page of what was measured on verifiers and rewards, from the rows below benchmarks/."""

import json
from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any

from settings import row

from whet.evaluation.statistics.proportions import wilson

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
LABELLED, VERDICTS = BENCHMARKS / "labelled", BENCHMARKS / "verdicts"
_HALVES: Mapping[str, str] = {
    "kept": (
        "No rule was made with a look at these rows. They were measured once, at the end; math a "
        "second time, after its rules had changed for the sets second to sixth. `first` is the "
        "first measurement."
    ),
    "sixth": (
        "By writers that knew neither the judges nor the other rows, as second to fifth; 210 of "
        "the rows are meant to cheat a lenient judge. `first` is before a look at the rows, `whet` "
        "after rules were made with them."
    ),
    "fifth": "As sixth: 300 of the rows are meant to cheat a lenient judge.",
    "fourth": "As sixth, by two writers, with unusual spellings of right replies.",
    "third": "As sixth, with ordinary spellings.",
    "second": "As sixth.",
    "open": "Rules were made with a look at these rows, so the figures are too good.",
    "siblings": "Written with the rules, as tests of known kinds of defects: no estimate.",
}
_AXES = ("objectivity", "speed", "scale", "noise", "gradation")


def verifiers() -> Iterator[str]:
    """The page, a section for each question."""
    yield from ("# What was measured on verifiers", "")
    yield "Every number is from a committed row below benchmarks/. Times are of one machine of"
    yield "two cores, and only their ratios within a table say something."
    yield ""
    for section in (_sets, _precision, _kinds, _attacks, _onsets, _law, _rederived):
        yield from section()
        yield ""


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _table(head: Sequence[str], cells: Iterator[Sequence[object]]) -> Iterator[str]:
    yield row(head)
    yield row(["---"] * len(head))
    yield from (row([str(cell) for cell in line]) for line in cells)
    yield ""


def _sets() -> Iterator[str]:
    yield from ("## Labelled replies", "")
    yield "How they were made and checked is in `benchmarks/labelled/README.md`. `right` says how"
    yield "many replies deserve a reward."
    yield ""

    def lines() -> Iterator[Sequence[object]]:
        for path in sorted((LABELLED / "open").glob("*.jsonl")):
            files = [LABELLED / half / path.name for half in _HALVES]
            halves = [_rows(file) if file.exists() else [] for file in files]
            cells = [f"{len(h)} ({sum(r['correct'] for r in h)})" if h else "" for h in halves]
            yield path.stem, *cells

    yield from _table(["set", *(f"{half}: rows (right)" for half in _HALVES)], lines())


def _precision() -> Iterator[str]:
    yield from ("## Precision and recall", "")
    yield "`before` is the code before the rules were changed. A reply without a verdict is not"
    yield "paid. The intervals are Wilson's of 95 % over replies; replies to one problem are"
    yield "taken as independent, so they are too narrow. `rows/s` is of one process."
    yield ""
    measured = _rows(VERDICTS / "labelled.jsonl")
    for half, about in _HALVES.items():
        here = [one for one in measured if one["half"] == half]
        if here:
            yield from (f"### {half}", "", about, "")
            yield from _table(
                ["set", "judge", "rows", "precision", "recall", "wrong paid", "right refused",
                 "unjudged", "rows/s"],
                map(_counts, _ours_first(here)),
            )  # fmt: skip


def _ours_first(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows by set, our judge first, with the rate that was measured beside another one."""
    rates = {row["set"]: row["rate"] for row in rows if row["judge"] == f"whet {row['set']}"}
    left = [row for row in rows if row["judge"] != f"whet {row['set']}"]
    told = [
        row | {"rate": rates.get(row["set"])} if row["judge"] == "whet" else row for row in left
    ]
    return sorted(told, key=lambda row: (row["set"], not row["judge"].startswith("whet")))


def _counts(one: Mapping[str, Any]) -> Sequence[object]:
    paid, refused = one["paid"] - one["hits"], one["right"] - one["hits"]
    rate = "" if one["rate"] is None else _number(one["rate"])
    return (
        one["set"], one["judge"], one["rows"], _share(one["hits"], one["paid"]),
        _share(one["hits"], one["right"]), paid, refused, one["unjudged"], rate,
    )  # fmt: skip


def _number(value: float) -> str:
    """Three digits, and no exponent."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004


def _share(hits: int, of: int) -> str:
    within = wilson(hits, of)
    return f"{within.value:.3f} [{within.low:.3f}, {within.high:.3f}]"


def _kinds() -> Iterator[str]:
    yield from ("## Siblings of known defects, by kind", "")
    yield "`otherwise` counts the rows that are judged otherwise than they deserve: wrong ones"
    yield "that are paid + right ones that are refused."
    yield ""
    rows = _rows(VERDICTS / "siblings.jsonl")
    before = {(r["judge"], r["kind"]): r for r in rows if r["when"] == "before"}

    def lines() -> Iterator[Sequence[object]]:
        for one in (r for r in rows if r["when"] == "after"):
            first = before.get((one["judge"], one["kind"]))
            was = f"{first['paid']} + {first['refused']}" if first else ""
            yield one["judge"], one["kind"], one["rows"], was, f"{one['paid']} + {one['refused']}"

    yield from _table(["judge", "kind", "rows", "otherwise before", "otherwise now"], lines())


def _attacks() -> Iterator[str]:
    yield from ("## Attacks", "")
    yield "A hostile program wins where a test passes, the host is read, or something is left."
    yield "A quoted verdict wins where it is read, a forged one where it is paid."
    yield ""
    rows = _rows(VERDICTS / "attacks.jsonl")
    names = ("judge", "attack", "place", "tried", "won", "note")
    yield from _table(names, ([one[name] for name in names] for one in rows))


def _onsets() -> Iterator[str]:
    yield from ("## A judge that becomes biased during a run", "")
    yield "A simulated policy learns to be right and to dress its replies; from the step"
    yield "`onset` on the judge pays a dress. The columns are the steps at which checks noticed"
    yield "it. `nothing` is a judge that pays no reply any more, `none` one without a bias."
    yield "There is one seed, so rows with the same steps are the same simulation with another"
    yield "dress."
    yield ""
    rows = _rows(VERDICTS / "onsets.jsonl")
    names = ["bias", "onset", "most replies hack", "known rows", "dressed rows", "doctor"]

    def lines() -> Iterator[Sequence[object]]:
        for one in rows:
            steps = ["–" if one[name] is None else one[name] for name in names]
            yield [*steps, *(f"{one[n][0]:.2f} → {one[n][1]:.2f}" for n in ("accuracy", "reward"))]

    yield from _table([*names, "accuracy", "reward"], lines())


def _law() -> Iterator[str]:
    yield from ("## Verifier's Law", "")
    yield "`whet verify --law` on the open rows, and on drawn tasks of puzzles. Objectivity:"
    yield "the share of replies with the same verdict when asked again. Speed: 1 / the median"
    yield "seconds of a call. Scale: verdicts per second of all calls together. Noise: 1 −"
    yield "(recall + specificity − 1). Gradation: bits in the scores. All with intervals of 95"
    yield "%."
    yield "Traps are replies without the answer. Some are right for rules that ask for no answer,"
    yield "as constraints and a schema without a value do; in two for `choice` nine of ten boxes"
    yield "name no option."
    yield ""
    found = json.loads((VERDICTS / "law.json").read_text(encoding="utf-8"))

    def lines() -> Iterator[Sequence[object]]:
        for name, one in found.items():
            spent = [_number(one["latency_ms"][at]) for at in ("p50", "p95")]
            faults, attacked = one["faults"]["count"], one["attacked"]
            traps = f"{attacked['odd']['count']} of {attacked['tried']}"
            axes = [_axis(one["axes"][axis]) for axis in _AXES]
            yield name, one["seen"], *axes, faults, *spent, traps

    head = ["verifier", "replies", *_AXES, "faults", "p50 ms", "p95 ms", "traps paid"]
    yield from _table(head, lines())


def _axis(one: Mapping[str, float | None]) -> str:
    value, low, high = (one[name] for name in ("value", "low", "high"))
    if value is None or isnan(value):
        return "–"
    if low is None or high is None:
        return _number(value)
    return f"{_number(value)} [{_number(low)}, {_number(high)}]"


def _rederived() -> Iterator[str]:
    yield from ("## Rewards derived again from their papers", "")
    yield "Each equation was derived without a look at the file that it is compared with."
    yield "`read` says what from: the paper, an implementation, or memory. `cases` are"
    yield "comparisons of values."
    yield ""
    names = ("reward", "source", "read", "cases", "outcome", "note")
    for path in sorted((BENCHMARKS / "rederived").glob("*.jsonl")):
        yield from (f"### {path.stem}", "")
        yield from _table(names, ([one[name] for name in names] for one in _rows(path)))
