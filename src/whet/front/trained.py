"""The result of training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from whet.training.folder import Row, RunProgress
from whet.training.run import Run
from whet.types import IntegrityError
from whet.view.report import REPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """The result of a run that is complete, or was stopped.

    `base` and `final` are the evaluations on the test split, before the first RL step and after the
    last one, by metric.  They are empty before the evaluation.
    """

    folder: Path
    complete: bool  # False: it was stopped, and the same call continues it
    steps: int  # number of finished RL steps
    digest: str  # of the weights; a killed and resumed run has the same
    checkpoint: Path  # the newest one, a Hugging Face folder
    report: Path  # path of the HTML report
    base: Mapping[str, float] = field(default_factory=dict)
    final: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, run: Run, digest: str = "") -> "Trained":
        """Read the result from a folder; `digest` is that of the weights of an incomplete run.

        Raises `IntegrityError` if the folder has no checkpoint.
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
