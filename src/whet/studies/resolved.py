"""A study whose settings have become runs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from whet.studies.endpoint import Endpoint
from whet.studies.plan import Study, Tier
from whet.studies.rows import Cell, RowFile, StudyRow
from whet.studies.settings import settings_digest
from whet.training.run import Run
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A study at one tier, with the run of each arm and its endpoint as a part."""

    study: Study
    tier: Tier
    runs: Mapping[str, Run]  # by arm; their seed is still the recipe's
    endpoint: Endpoint

    @property
    def cells(self) -> list[Cell]:
        """Every arm at every seed; the arms of a seed come together, as they share a warm-up."""
        return [(arm, seed) for seed in self.tier.seeds for arm in self.runs]

    def run_of(self, cell: Cell) -> Run:
        """The run of an arm at a seed, with its warm-ups."""
        arm, seed = cell
        return replace(self.runs[arm], seed=seed)

    def digest(self, arm: str) -> str:
        """The digest of the settings of an arm and of the endpoint; the seed is not in it."""
        return settings_digest(self.runs[arm], self.endpoint)

    def rows(self, file: RowFile) -> tuple[StudyRow, ...]:
        """The rows of a file, all of this study.

        Raises `UsageError` for a row of another study or tier, of an arm that the study lacks, and
        of other settings than the arm has now; the message has the file, the row and the remedy.
        """
        found, digests = file.rows(), {arm: self.digest(arm) for arm in self.runs}
        for number, row in enumerate(found, 1):
            if why := self._foreign(row, digests):
                raise UsageError(
                    f"{file.path}, row {number} {why}, delete the row, or give another --out"
                )
        return found

    def _foreign(self, row: StudyRow, digests: Mapping[str, str]) -> str:
        """Why a row is not of this study, and the first remedy; empty if it is."""
        if row.study != self.study.name or row.tier != self.tier.name:
            return (
                f"is of the study {row.study!r}, tier {row.tier!r}, and not of "
                f"{self.study.name!r}, {self.tier.name!r}: give that one"
            )
        if row.arm not in digests:
            return f"is of the arm {row.arm!r}, which the study lacks: restore {self.study.file}"
        if row.settings != digests[row.arm]:
            return (
                f"was made with other settings of the arm {row.arm!r} (their digest was "
                f"{row.settings}, is {digests[row.arm]}): restore {self.study.file}"
            )
        return ""
