"""The endpoint of a study: the number of an arm and a seed that its contrasts compare."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from whet.protocols.part import Part
from whet.training.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that is complete."""

    run: Run  # its model has the weights before the first RL step
    base: Mapping[str, float]  # the evaluation before the first RL step, by metric
    final: Mapping[str, float]  # the one after the last step


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The endpoint, and numbers beside it that no contrast uses."""

    endpoint: float
    secondary: Mapping[str, float]


class Endpoint(Part):
    """The part that measures a complete run.  Its fields are part of what the study fixes."""

    __slots__ = ()

    def check_arm(self, run: Run) -> None:
        """Raise `UsageError` for a run on which this can't be measured, before any compute."""

    @abstractmethod
    async def measure(self, ended: Ended) -> Measurement:
        """The endpoint of a run.  Raises `IntegrityError` where it has none."""
