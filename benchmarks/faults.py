"""Try every fault beside its healthy twin, and write docs/faults.md.

    python benchmarks/faults.py

A row says where the fault was noticed and with which words.  Paths of this run are left out.
"""

import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
TESTS = HERE.parent / "tests"
sys.path[:0] = [str(TESTS / name) for name in ("faults", "training", "engines", ".")]

from every_fault import EVERY  # noqa: E402
from trials import Fault, Outcome, Trial  # noqa: E402

PAGE = HERE.parent / "docs" / "faults.md"
_LONGEST = 160
_HEAD = """# Faults that are noticed

Each row is a fault that was put into a run, a resume or an algorithm, and the message that ended
it.  `step n` means that n steps of RL had been taken.  Beside each fault its healthy twin, the same
trial without the fault, was tried with the same seed.  Reports of the same fault in other projects
are named where we know one.  `python benchmarks/faults.py` writes this page from a run of all.

"""


def tried(trial: Trial, seed: int) -> Outcome:
    """The outcome in a folder of its own, without its path."""
    with tempfile.TemporaryDirectory() as folder:
        found = trial.outcome(Path(folder), seed)
    plain = re.sub(r"[^\s'(]*/tmp[^\s']*?/(?=[\w.-]+)", "…/", found.message)
    plain = plain.replace(f"{HERE.parent}/", "")
    return Outcome(message=plain, steps=found.steps, where=found.where)


def row(fault: Fault, found: Outcome) -> str:
    """One row of the table."""
    words = found.message.replace("|", "\\|").replace("\n", " ")
    words = words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1].rstrip()}…"
    caught = f"{found.caught}, with {fault.asked}" if fault.asked else found.caught
    cells = (fault.name, caught or "not noticed", words, ", ".join(fault.elsewhere) or "–")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Try all, print each row as it is known, and write the page."""
    rows, caught, early, asked, alarms = [], 0, 0, 0, []
    for number, fault in enumerate(EVERY):
        found, twin = tried(fault.broken, number), tried(fault.healthy, number)
        named = fault.told in found.message
        soon = named and found.steps <= 1 and found.where in ("", "resume")
        caught += named
        early += soon and not fault.asked
        asked += soon and bool(fault.asked)
        alarms += [f"{fault.name}: {twin.message}"] if twin.message else []
        rows.append(row(fault, found))
        print(f"{'ok' if named and not twin.message else '!!'} {rows[-1]}", flush=True)
    told = (
        f"{len(EVERY)} faults: {caught} noticed, {early} of them within one step of a run or when "
        f"it was resumed, under default settings, {asked} as soon with a setting that the row "
        f"names, and {caught - early - asked} by `check_engine` or `check_objective`, which a user "
        f"calls.  Healthy twins that raised anything: {len(alarms)} of {len(EVERY)}."
    )
    print("\n".join([told, *alarms]))
    table = ["| fault | noticed at | message | elsewhere |", "| --- | --- | --- | --- |", *rows]
    PAGE.write_text(_HEAD + told + "\n\n" + "\n".join(table) + "\n", "utf-8")


if __name__ == "__main__":
    main()
