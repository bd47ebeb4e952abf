"""`whet eval FILE`: the numbers of a file of samples, computed again without a model."""

import json
from dataclasses import fields
from pathlib import Path

from whet.cli.arguments import EvalOptions
from whet.cli.values import counts
from whet.front.rereading import reread
from whet.types import UsageError
from whet.view import scorecard
from whet.view.curves import curve_lines, curves
from whet.view.metric_report import write_metrics

_HEEDED = ("model", "k", "json", "report")


def again(asked: EvalOptions) -> int:
    """Print the table or the JSON document of a file of samples.

    Raises `UsageError` for an option that only a new evaluation has.
    """
    for held in fields(asked):
        if held.name not in _HEEDED and getattr(asked, held.name) != held.default:
            raise UsageError(
                f"{held.name} is {getattr(asked, held.name)!r}, but {asked.model!r} is a file of "
                "samples, which are there already; leave it out, or give a model"
            )
    ks = () if asked.k is None else counts(asked.k, "k")
    found = reread(asked.model, ks)
    if asked.report:
        write_metrics(Path(asked.report), found.scores.rows)
    problems, samples = found.scores.problems, found.scores.samples
    if asked.json:
        facts = {
            "model": found.model,
            "split": found.split,
            "problems": problems,
            "samples": samples,
            "policy_digest": found.policy,
        }
        print(json.dumps(facts | scorecard.document(found.scores), indent=1, ensure_ascii=False))
        return 0
    lines = [
        f"{asked.model}: {problems} problems (split {found.split}), {samples} samples each, of "
        f"{found.model or 'weights'} {found.policy}",
        *scorecard.lines(found.scores),
        *curve_lines(curves(found.scores.rows)),
        f"  {scorecard.tokens(found.scores)}",
    ]
    print("\n".join(lines))
    return 0
