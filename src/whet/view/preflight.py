"""What was found before an evaluation, as lines of text and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from whet.evaluation.preflight import Preflight


def preflight_lines(found: Preflight) -> Iterator[str]:
    """What was not tried, and the null policies that are right too often."""
    if found.skipped:
        yield f"  right answers not tried: {found.skipped}"
    elif found.faults or found.without:
        yield (
            f"  right answers tried: {found.golds} accepted, {found.faults} could not be judged, "
            f"{found.without} are missing or not covered"
        )
        if found.fault:
            yield f"    the first that could not be: {found.fault}"
    for policy in found.floors:
        yield (
            f"  warning: the guess floor is {policy.right / policy.tasks:.2f}, of {policy.name} "
            f"({policy.reply!r:.40}): right on {policy.right} of {policy.tasks} tasks tried"
        )


def preflight_document(found: Preflight) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "golds": found.golds,
        "without": found.without,
        "faults": found.faults,
        "fault": found.fault,
        "skipped": found.skipped,
        "null_policies": [asdict(policy) | {"floor": policy.floor} for policy in found.nulls],
    }
