"""Checks of a run for problems.  Each finding is a hint, and states its numbers.

A finding is computed from known values only: a metric over nothing is said to be unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.training.curves import FEW
from whet.training.doctor.evaluations import evaluated, unknown_problems
from whet.training.doctor.findings import Finding as Finding
from whet.training.doctor.findings import Row
from whet.training.doctor.findings import note as note
from whet.training.doctor.findings import wrong as wrong
from whet.training.doctor.hacks import HackSigns
from whet.training.doctor.nothing_learned import NothingLearned
from whet.training.doctor.step_checks import StepChecks, faults, threshold_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """All checks with their thresholds.

    Those of `hacks` were chosen on runs of benchmarks/doctor_trial.py and then measured on others;
    the other thresholds are our choices, and not measured.
    """

    steps: StepChecks = StepChecks()
    hacks: HackSigns = HackSigns()
    nothing: NothingLearned = NothingLearned()

    def examine(self, rows: Sequence[Row]) -> list[Finding]:
        """Run all checks on the rows of a ledger.

        The reward is compared with the base evaluation where there is a later one.  Without, the
        ends of the training curves are compared.
        """
        steps = [row for row in rows if row["kind"] == "step"]
        finished = any(row["kind"] == "final" for row in rows)
        held = evaluated(rows)
        found = [note(f"{len(steps)} steps, {'finished' if finished else 'not finished'}")]
        found += [*unknown_problems(rows), *faults(steps)]
        if len(steps) < FEW:
            few = f"too few steps for the other checks: {len(steps)}, of {FEW} that they need"
            return [*found, note(few), *self.nothing.unmoved(steps, held)]
        found += self.steps.examine(steps, base_known=len(held) > 1)
        lonely = threshold_only(steps)
        found += self.hacks.examine(held, lonely=lonely)
        return [*found, *self.nothing.examine(steps, held, lonely=lonely)]
