"""`whet eval PILOT --power DIFFERENCE`: the problems that a comparison needs."""

import json
from collections.abc import Iterator
from dataclasses import asdict, fields

from whet.cli.arguments import EvalOptions
from whet.front.powering import PlannedComparison, PowerPlan, power_plan
from whet.types import UsageError

_HEEDED = ("model", "power", "samples", "problems", "json")
_SHARED = {1.0: "the same problems are hard for both", 0.0: "which problems are hard is unrelated"}


def print_plan(asked: EvalOptions, difference: float) -> None:
    """Print the plan.  Raises `UsageError` for options of an evaluation: there is none."""
    for one in fields(asked):
        if one.name not in _HEEDED and (held := getattr(asked, one.name)) != one.default:
            raise UsageError(
                f"{one.name} is {held!r}, but --power {difference:g} evaluates nothing; leave one "
                "out"
            )
    if asked.samples < 1:
        raise UsageError(f"samples is {asked.samples}; give 1 or more of each problem")
    plan = power_plan(asked.model, difference, asked.samples, asked.problems)
    print(json.dumps(asdict(plan), indent=1) if asked.json else "\n".join(_lines(asked, plan)))


def _lines(asked: EvalOptions, plan: PowerPlan) -> Iterator[str]:
    yield (
        f"{asked.model}: accuracy {plan.accuracy:.3f}; two models on the same problems, "
        f"{plan.samples} samples each, power 0.8, α 0.05"
    )
    if plan.assumed:
        yield "  how much problems differ is assumed; a file of samples as the pilot would tell it"
    yield from (f"  {_row(plan, row)}" for row in plan.rows)


def _row(plan: PowerPlan, row: PlannedComparison) -> str:
    shared = _SHARED.get(row.correlation)
    about = f"correlation {row.correlation:g}" + (f" ({shared})" if shared else "")
    said = f"{row.needed.count:,} problems show a difference of {plan.difference:g}"
    if row.smallest is not None:
        said += f"; {plan.problems:,} problems show {row.smallest:.3f}"
    return f"{about}: {said}"
