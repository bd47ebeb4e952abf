"""Examine this machine's ranks: `torchrun --nproc-per-node 2 -m whet.engines.fsdp.check MODEL`.

Every law is tried on the models that are given: folders of `save_pretrained`, or shapes from
scratch such as llama-tiny.  Rank 0 prints a table.  A process exits with 1 where a law is broken,
and with 2 for wrong input; torchrun itself exits with 1 in both cases.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from whet.engines.fsdp.further_laws import FURTHER_LAWS
from whet.engines.fsdp.laws import LAWS
from whet.engines.fsdp.ranks import Ranks, all_ranks, each_alone, leave
from whet.engines.fsdp.state_laws import STATE_LAWS
from whet.engines.fsdp.trial import LawFinding, Trial
from whet.engines.models import SHAPES, Folder, FromScratch
from whet.registry import nearest
from whet.types import IntegrityError, UsageError

_ALL = {**LAWS, **STATE_LAWS, **FURTHER_LAWS}
_BROKEN, _WRONG = 1, 2


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: a law on a model, on all ranks."""

    model: str
    law: str
    failure: str  # empty: the law holds
    gap: float = 0.0  # the largest difference, as a share of its limit
    told: str = ""  # the differences

    def __str__(self) -> str:
        state = "FAILED" if self.failure else "passed"
        rest = "; ".join(part for part in (self.failure, self.told) if part)
        return f"{self.model:<14} {self.law:<36} {state} {self.gap:>7.1%}  {rest}".rstrip()


class _Stopped(RuntimeError):
    """A law that ended in an error of torch: the ranks may no longer hear each other."""


async def examine(
    names: Sequence[str], laws: Sequence[str], ranks: Ranks, scratch: Path, budget: int
) -> bool:
    """Try the laws on every model; whether all of them hold.  Rank 0 prints."""
    alone, sound = each_alone(ranks.device.type), True
    for number, name in enumerate(names):
        place = scratch / str(number)
        ranks.together(lambda here=place: here.mkdir(exist_ok=True))
        model = _model(name, ranks, place)
        trial = await Trial.of(model, ranks, alone, place, budget)
        for law in laws:
            line = await _line(trial, Path(name).name, law)
            sound = sound and not line.failure
            _say(ranks, f"{line}\n")
    return sound


async def _line(trial: Trial, model: str, law: str) -> Line:
    found = LawFinding()
    try:
        await _ALL[law](trial, found)
    except (IntegrityError, UsageError) as error:  # all ranks raise them
        found.failures.append(f"{type(error).__name__}: {error}")
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise _Stopped(str(Line(model, law, f"{type(error).__name__}: {reason:.200}"))) from error
    failures = dict.fromkeys(one for told in trial.ranks.gathered(found.failures) for one in told)
    return Line(model, law, "; ".join([*failures][:3]), found.gap, ", ".join(found.told))


def _model(name: str, ranks: Ranks, place: Path) -> Folder:
    """The folder of a model; one from scratch is written into `place` first."""
    if name not in SHAPES:
        if not Path(name).exists():
            told = nearest(name, SHAPES)
            raise UsageError(f"MODEL {name!r} is no folder and no shape; {told}, or a folder")
        return Folder(path=name)
    folder = place / name

    def write() -> None:
        if not ranks.rank:
            model, tokenizer = FromScratch(shape=name).load("cpu")
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)

    ranks.together(write)
    return Folder(path=str(folder))


def _say(ranks: Ranks, text: str) -> None:
    if not ranks.rank:
        sys.stdout.write(text)
        sys.stdout.flush()


class _Parser(argparse.ArgumentParser):
    """Tells wrong arguments in one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; --help tells what can be given")


def _arguments(given: Sequence[str]) -> Any:
    parser = _Parser(prog="whet.engines.fsdp.check", description=__doc__)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--laws", default=",".join(_ALL), help="names, separated by commas")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--budget", type=int, default=60, help="tokens of a micro-batch")
    parser.add_argument("--seconds", type=float, default=120, help="until a rank is lost")
    found = parser.parse_args(given)
    found.laws = found.laws.split(",")
    if odd := [law for law in found.laws if law not in _ALL]:
        raise UsageError(f"--laws {odd[0]!r} is unknown; {nearest(odd[0], _ALL)}")
    if found.device not in ("cpu", "cuda"):
        raise UsageError(f"--device is {found.device!r}; give cpu or cuda")
    for name in ("seconds", "budget"):
        if not getattr(found, name) > 0:
            raise UsageError(f"--{name} is {getattr(found, name)}; give more than 0")
    return found


def main(given: Sequence[str]) -> int:
    """The exit code of this process."""
    try:
        asked = _arguments(given)
        ranks = all_ranks(asked.device, timedelta(seconds=asked.seconds))
        with tempfile.TemporaryDirectory() as own:
            scratch = Path(ranks.gathered(own)[0])
            sound = asyncio.run(examine(asked.models, asked.laws, ranks, scratch, asked.budget))
            ranks.together(lambda: None)  # until all have left rank 0's folder
    except UsageError as error:
        if os.environ.get("RANK", "0") == "0":  # all ranks have the same one
            sys.stderr.write(f"{error}\n")
        return _WRONG
    except _Stopped as error:
        sys.stderr.write(f"{error}\n")
        return _BROKEN
    _say(ranks, "every law holds\n" if sound else "a law is broken\n")
    leave()
    return 0 if sound else _BROKEN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
