"""What the previous step left, saved so that a resumed run goes on from the same."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from whet.types import Mean, Metrics

_STATE = "reported.json"
_OPTIMIZER = "optimizer.json"


@dataclass(slots=True)
class LastMetrics:
    """Metrics of extensions in the previous step; empty in the first step."""

    metrics: Metrics = field(default_factory=dict)
    optimizer_steps: int | None = None  # that the learner's optimizer had taken; None: not known
    still: int = 0  # steps in a row that moved no weight; not saved

    async def save(self, folder: Path) -> None:
        """Write sums and counts as JSON, without loss of precision."""
        held = {name: (mean.total, mean.count) for name, mean in self.metrics.items()}
        (folder / _STATE).write_text(json.dumps(held, allow_nan=False), encoding="utf-8")
        (folder / _OPTIMIZER).write_text(json.dumps(self.optimizer_steps), encoding="utf-8")

    async def load(self, folder: Path) -> None:
        """Restore the metrics of the checkpoint in `folder`."""
        held = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        self.metrics = {name: Mean(total=held[name][0], count=held[name][1]) for name in held}
        taken = folder / _OPTIMIZER  # older checkpoints have none
        self.optimizer_steps = json.loads(taken.read_text("utf-8")) if taken.is_file() else None
