"""`whet compare MODEL BASELINE`: which of two evaluations on the same problems is better."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import isfinite, isinf
from pathlib import Path
from typing import Any

from whet.cli.arguments import CompareOptions
from whet.cli.options import parse
from whet.cli.values import counts
from whet.evaluation.metrics.crossing import Crossing, NoCrossing
from whet.front.comparing import Compared, compared
from whet.front.comparing_seeds import compared_seeds


def main(words: Sequence[str]) -> int:
    """Print a table, or one JSON document."""
    asked = parse(CompareOptions, words, "compare")
    ks = () if asked.k is None else counts(asked.k, "k")
    if len(_several(asked.model)) > 1 or len(_several(asked.baseline)) > 1:
        return _seeds(asked, ks)
    found = compared(asked.model, asked.baseline, ks, asked.margin)
    if asked.json:
        print(json.dumps(document(found), indent=1))
    else:
        print("\n".join(table(asked, found)))
    return 0


def _seeds(asked: CompareOptions, ks: Sequence[int]) -> int:
    """Several runs of each side, with commas between them."""
    models, baselines = (_several(side) for side in (asked.model, asked.baseline))
    found = compared_seeds(models, baselines, ks, asked.margin)
    if asked.json:
        print(json.dumps(asdict(found), indent=1))
        return 0
    print(f"{len(models)} runs of each, paired in order, on the same {found.problems} problems")
    for k, one in found.at.items():
        print(f"  pass@{k:<6} {one}")
    if found.left_out:
        print(f"  left out {found.left_out} problems with a missing verdict")
    return 0


def _several(side: str) -> list[str]:
    """The runs of one side; a path that is there may have a comma in its name."""
    if Path(side).exists():
        return [side]
    return [piece.strip() for piece in side.split(",") if piece.strip()]


def document(found: Compared) -> dict[str, Any]:
    """The comparison as JSON; null is an end of the crossing's interval beyond n, and a length that
    was not counted.
    """
    crossed = asdict(found.crossing)
    return {
        "pass_at": {str(k): asdict(one) for k, one in found.at.items()},
        "crossing": {n: None if isinf(value) else value for n, value in crossed.items()},
        "tokens_per_sample": {
            name: tokens if isfinite(tokens) else None
            for name, tokens in zip(("baseline", "model"), found.tokens, strict=True)
        },
        "left_out": found.left_out,
        "equal": {str(k): asdict(one) for k, one in found.equal.items()},
    }


def table(asked: CompareOptions, found: Compared) -> Iterator[str]:
    """A line for each k, then the crossing, the lengths and what was left out."""
    yield f"{asked.model} less {asked.baseline}, on the same problems"
    for k, one in found.at.items():
        yield f"  pass@{k:<6} {one}"
        if k in found.equal:
            yield f"  {'':11} {found.equal[k]}"
    yield f"  {crossing(found.crossing)}"
    theirs, ours = (f"{t:.1f}" if isfinite(t) else "not counted" for t in found.tokens)
    yield f"  {ours} tokens a sample, the baseline {theirs}"
    if found.left_out:
        yield f"  left out {found.left_out} problems with a missing verdict"


def crossing(found: Crossing | NoCrossing) -> str:
    """Where the curves of pass@k cross."""
    if isinstance(found, NoCrossing):
        return f"pass@k: no crossing up to k = {found.most} ({found.share:.0%} of resamples cross)"
    high = f"more than {found.most}" if isinf(found.high) else f"{found.high:.0f}"
    ahead = "the model" if found.leads == 1 else "the baseline"
    low = f"more than {found.most}" if isinf(found.low) else f"{found.low:.0f}"
    return (
        f"pass@k: {ahead} is ahead below k = {found.k} [{low}, {high}], the other one from there "
        f"on ({found.share:.0%} of resamples cross so)"
    )
