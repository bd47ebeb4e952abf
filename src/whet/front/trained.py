"""What training gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from whet.training.folder import RunFolder
from whet.types import Broken
from whet.view.report import REPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A run that is over, or was asked to stop.

    `base` and `final` are what was measured on the test split before the first reward and after
    the last step, by the names that the ledger has; empty: not measured yet.
    """

    folder: Path
    complete: bool  # False: it was asked to stop; the same call goes on
    steps: int  # taken, with rewards
    digest: str  # of the weights: the same for the same run, killed and resumed or not
    checkpoint: Path  # the newest one, an ordinary Hugging Face folder
    report: Path  # one HTML page
    base: Mapping[str, float] = field(default_factory=dict)
    final: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, held: RunFolder, digest: str) -> "Trained":
        """Read from a folder.  Raises `Broken` where it has no checkpoint."""
        newest = held.newest
        if newest is None:
            raise Broken(f"{held.path} has no checkpoint")
        return cls(
            folder=held.path,
            complete=held.complete,
            steps=held.done,
            digest=digest,
            checkpoint=newest,
            report=held.path / REPORT,
            base=_values(held, "base"),
            final=_values(held, "final"),
        )


def _values(held: RunFolder, name: str) -> dict[str, float]:
    metrics = held.measured(name).get("metrics", {})
    return {metric: m["value"] for metric, m in metrics.items() if m["value"] is not None}
