"""IFEval: requests with instructions that a program can check (Zhou et al., arXiv:2311.07911)."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar, get_type_hints

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_row import BenchmarkRow
from whet.registry import nearest
from whet.rewards.verifiable.constraints.constraint import Relation
from whet.rewards.verifiable.constraints.kinds import KINDS, read
from whet.types import Task

_KINDS = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ifeval(BenchmarkFile):
    """The rows of IFEval, judged by `constraints`.

    The columns are `key`, `prompt`, `instruction_id_list` and `kwargs`, a list with the arguments
    of each instruction.  Tables fill it with nulls, which are left out.  The prompt is given as it
    is.

    A reply is correct where it meets all instructions: this is the authors' strict accuracy of
    prompts.  Their loose one, for which the first line, the last line and asterisks may be left
    out, is that of the reward `Constraints(reading=Trimmed())`.  The score is the share of the
    instructions that are met.  `constraints` refuses replies that repeat themselves, and says in
    what else it differs from the authors' code.

    Sources: the authors' data and code (github.com/google-research/google-research,
    instruction_following_eval); Zhou et al., arXiv:2311.07911.
    """

    family: ClassVar[str] = "ifeval"
    card: ClassVar[str] = "google/IFEval"

    def read(self, row: BenchmarkRow) -> Task:
        names, given = row.texts("instruction_id_list"), _arguments(row)
        if len(names) != len(given):
            raise row.wrong("kwargs", f"give {len(names)} of them, one for each instruction")
        for name, kwargs in zip(names, given, strict=True):
            _insist_on_instruction(row, name, kwargs)
        return Task(
            id=f"{self.family}/{row.identity('key')}",
            prompt=row.text("prompt"),
            info={
                "family": self.family,
                "verifier": "constraints",
                "instruction_id_list": names,
                "kwargs": given,
            },
        )


def _arguments(row: BenchmarkRow) -> list[dict[str, Any]]:
    """The arguments of each instruction without nulls."""
    held = row.json("kwargs")
    if not isinstance(held, list | tuple):
        raise row.wrong("kwargs", "give a list of objects")
    if any(one is not None and not isinstance(one, Mapping) for one in held):
        raise row.wrong("kwargs", "give a list of objects")
    return [{k: v for k, v in (one or {}).items() if v is not None} for one in held]


def _insist_on_instruction(row: BenchmarkRow, name: str, kwargs: Mapping[str, Any]) -> None:
    """Raise `UsageError` for an unknown instruction, and for arguments that it does not take."""
    if name not in _KINDS:
        near = nearest(name, _KINDS)
        raise row.wrong("instruction_id_list", f"instruction {name!r:.60} is unknown; {near}")
    hints = get_type_hints(_KINDS[name])
    wrong = next((key for key, held in kwargs.items() if not _fits(held, hints.get(key))), "")
    if wrong:
        raise row.wrong("kwargs", f"{wrong} of {name} has another type; mend it")
    try:
        read(name, kwargs)
    except ValueError as error:
        raise row.wrong("kwargs", f"{' '.join(str(error).split())}; mend it") from None


def _fits(held: Any, hint: object) -> bool:
    """Whether an argument is of a type; a float that is whole counts as a number, as of tables."""
    if hint is int:
        number = isinstance(held, int | float) and not isinstance(held, bool)
        return number and isfinite(held) and held == int(held)
    if hint in (str, Relation):
        return isinstance(held, str)
    if hint is None:
        return True  # not an argument of it, which is told otherwise
    return isinstance(held, list | tuple) and all(isinstance(one, str) for one in held)
