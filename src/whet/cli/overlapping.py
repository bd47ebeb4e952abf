"""`whet data overlap TRAIN --test TEST`: test items whose wording stands in the training data."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import isfinite

from whet.cli.arguments import DataOptions
from whet.data import corpus
from whet.data.contamination.overlap import Contamination, Overlap, contamination
from whet.data.contamination.texts import training_texts
from whet.data.sections import ALL
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.pass_at_k import mean_average
from whet.evaluation.recording import named
from whet.evaluation.sample_file import read_samples
from whet.evaluation.samples import plain, problems_of
from whet.protocols import Corpus
from whet.types import Task, UsageError

FLAGGED = 1
_LISTED = 20
_Rates = dict[str, Estimate]


def overlap(asked: DataOptions) -> int:
    """Print the findings, or one JSON document; 1 if some item is flagged."""
    if not asked.test:
        raise UsageError(
            "test is not given; give --test with the items that the training data may hold, such "
            "as --test gsm8k:test.jsonl"
        )
    test = _items(corpus(asked.test))
    found = contamination(test, training_texts(asked.file))
    rates = _rates(asked.samples, test, found) if asked.samples else {}
    if asked.json:
        print(json.dumps(_document(found, rates), indent=1, ensure_ascii=False))
    else:
        print("\n".join(_page(asked, found, rates)))
    return FLAGGED if found.flagged else 0


def _items(held: Corpus) -> Sequence[Task]:
    """All tasks of the split for evaluation, each under the name that an evaluation gives it."""
    split = held.benchmark()
    size = held.size(split)
    if size is None:
        raise UsageError(f"test is an endless corpus (split {split!r}); give a file of test items")
    return held.held_out(split or ALL, size)


def _rates(path: str, test: Sequence[Task], found: Contamination) -> _Rates:
    """avg@n of a file of samples, over all of its problems, the flagged ones and the others."""
    names = dict(zip((task.id for task in test), named(test), strict=True))
    flagged = {names[one.task] for one in found.flagged}
    problems = problems_of(sample for sample in plain(read_samples(path)) if not sample.greedy)
    unknown = [problem.name for problem in problems if problem.name not in set(names.values())]
    if unknown:
        raise UsageError(
            f"samples is {path!r}, whose problem {unknown[0]!r} is not in the test items; give the "
            "file that `whet eval --out` wrote of the same items"
        )
    parts = {
        "all": problems,
        "without flagged": [problem for problem in problems if problem.name not in flagged],
        "flagged": [problem for problem in problems if problem.name in flagged],
    }
    return {name: mean_average(part) for name, part in parts.items()}


def _page(asked: DataOptions, found: Contamination, rates: _Rates) -> Iterator[str]:
    by, flagged = found.thresholds, found.flagged
    yield (
        f"{len(flagged)} of {found.items} items of {asked.test} are flagged, by {found.texts:,} "
        f"rows of {asked.file}"
    )
    for what, count in _kinds(found).items():
        yield f"  {count:6}  {what}"
    if found.boilerplate:
        share = f"{by.boilerplate:.0%}"
        yield f"  left out: {found.boilerplate} runs that stand in more than {share} of the items"
    if found.unseen:
        yield f"  not looked for: {found.unseen} items, too short or all as questions are put"
    for name, rate in rates.items():
        yield f"  pass@1 {name:16} {rate}"
    yield from (f"  {_line(one)}" for one in flagged[:_LISTED])
    if len(flagged) > _LISTED:
        yield f"  and {len(flagged) - _LISTED} more, which --json lists"


def _kinds(found: Contamination) -> dict[str, int]:
    """How many items are flagged for each reason."""
    by = found.thresholds
    return {
        f"have a run of {by.long} words in common": sum(one.long for one in found.found),
        f"have {by.share:.0%} of their runs of {by.short} words in common": sum(
            one.share >= by.share for one in found.found
        ),
        f"have a run of {by.characters} characters in common": sum(
            one.characters for one in found.found
        ),
        "are short, and a whole line or text of the data": sum(one.whole for one in found.found),
        f"have a near-duplicate (Jaccard similarity {by.near} or more)": sum(
            one.near >= by.near for one in found.found
        ),
    }


def _line(one: Overlap) -> str:
    return f"{one.task}: {one.share:.0%} in common, similarity {one.near:.2f}, first {one.where}"


def _document(found: Contamination, rates: _Rates) -> dict[str, object]:
    return {
        "items": found.items,
        "training_rows": found.texts,
        "boilerplate": found.boilerplate,
        "not_looked_for": found.unseen,
        "thresholds": asdict(found.thresholds),
        "flagged": [asdict(one) for one in found.flagged],
        "pass@1": {name: _known(rate) for name, rate in rates.items()},
    }


def _known(rate: Estimate) -> dict[str, float | None]:
    return {name: value if isfinite(value) else None for name, value in asdict(rate).items()}
