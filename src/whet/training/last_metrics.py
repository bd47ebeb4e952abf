"""What the last step reported: strategies are told of it, before and after a kill alike."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from whet.types import Mean, Metrics

_STATE = "reported.json"


@dataclass(slots=True)
class LastMetrics:
    """The metrics of extensions in the step before; none at first."""

    metrics: Metrics = field(default_factory=dict)

    async def save(self, folder: Path) -> None:
        """Totals and counts, as exact as floats are."""
        held = {name: (mean.total, mean.count) for name, mean in self.metrics.items()}
        (folder / _STATE).write_text(json.dumps(held), encoding="utf-8")

    async def load(self, folder: Path) -> None:
        """Go on with the step after the checkpoint in `folder`."""
        held = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        self.metrics = {name: Mean(total=held[name][0], count=held[name][1]) for name in held}
