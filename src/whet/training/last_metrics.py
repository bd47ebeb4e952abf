"""Metrics of the previous step, saved so that a resumed strategy sees the same ones."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from whet.types import Mean, Metrics

_STATE = "reported.json"


@dataclass(slots=True)
class LastMetrics:
    """Metrics of extensions in the previous step; empty in the first step."""

    metrics: Metrics = field(default_factory=dict)

    async def save(self, folder: Path) -> None:
        """Write sums and counts as JSON, without loss of precision."""
        held = {name: (mean.total, mean.count) for name, mean in self.metrics.items()}
        (folder / _STATE).write_text(json.dumps(held, allow_nan=False), encoding="utf-8")

    async def load(self, folder: Path) -> None:
        """Restore the metrics of the checkpoint in `folder`."""
        held = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        self.metrics = {name: Mean(total=held[name][0], count=held[name][1]) for name in held}
