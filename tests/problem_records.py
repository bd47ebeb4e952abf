"""Problems of an evaluation written down by columns, and every way to fill in their verdicts."""

from dataclasses import replace
from itertools import product

from whet.evaluation.samples import Problem, Sample

R, W, N = True, False, None  # right, wrong, no verdict


def problem(correct, name="p", **columns):
    """A problem with these verdicts; further columns are fields of a sample, or lists of them."""
    rows = [
        {field: column[at] if isinstance(column, list) else column}
        for at in range(len(correct))
        for field, column in columns.items()
    ]
    fields = len(columns)
    samples = tuple(
        Sample(
            problem=name,
            index=at,
            correct=verdict,
            **{key: row[key] for row in rows[at * fields : (at + 1) * fields] for key in row},
        )
        for at, verdict in enumerate(correct)
    )
    return Problem(name=name, family="", level=None, samples=samples)


def completions(problems, field="correct"):
    """The problems with every missing verdict filled in, in every way."""
    missing = sum(getattr(s, field) is None for p in problems for s in p.samples)
    for fill in product((False, True), repeat=missing):
        chosen = iter(fill)
        yield [
            replace(
                one,
                samples=tuple(
                    replace(s, **{field: next(chosen)}) if getattr(s, field) is None else s
                    for s in one.samples
                ),
            )
            for one in problems
        ]
