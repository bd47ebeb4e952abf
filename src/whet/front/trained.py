"""What training gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from whet.training.folder import Row, RunProgress
from whet.training.run import Run
from whet.types import IntegrityError
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
    def of(cls, folder: Path, run: Run, digest: str = "") -> "Trained":
        """Read from a folder; `digest` is of the weights where the run is not complete.

        Raises `IntegrityError` where it has no checkpoint.
        """
        stands = RunProgress.of(folder, run)
        if stands.newest is None:
            raise IntegrityError(f"{folder} has no checkpoint")
        return cls(
            folder=folder,
            complete=bool(stands.digest),
            steps=stands.done,
            digest=stands.digest or digest,
            checkpoint=stands.newest,
            report=folder / REPORT,
            base=_values(stands.base),
            final=_values(stands.final),
        )


def _values(row: Row) -> dict[str, float]:
    metrics = row.get("metrics", {})
    return {name: mean["value"] for name, mean in metrics.items() if mean["value"] is not None}
