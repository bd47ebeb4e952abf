"""Faults of training that nobody would notice, each beside its healthy twin.

A fault is caught where a run, a resume, an examination or a law ends with a message.  `tried` says
where, after how many steps, and with which words.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from small import Nearby, small

from whet.evaluation.measure import EvalConfig
from whet.front.training import begin, go_on
from whet.training import card
from whet.training.events import Noticed
from whet.training.loop import TrainStep
from whet.training.run import PeriodicEval, Run
from whet.training.trainer import fit
from whet.types import IntegrityError, UsageError

STEPS = 3  # of a run that is not stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a trial ended; without a message, nothing was noticed."""

    message: str = ""
    steps: int = 0  # steps of RL taken before
    where: str = ""  # in words, where it is no step of a run

    @property
    def caught(self) -> str:
        """Where the fault was noticed, in words; empty if it was not."""
        return self.message and (self.where or f"step {self.steps}")


class Trial(Protocol):
    """Something that may go wrong in silence."""

    def outcome(self, folder: Path, seed: int = 0) -> Outcome:
        """Try it in an empty folder, with the run's seed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault, its healthy twin, and the part of a message that tells it from others."""

    name: str
    broken: Trial
    healthy: Trial
    told: str
    elsewhere: tuple[str, ...] = ()  # repository#number of public reports
    asked: str = ""  # the setting without which it is not noticed; empty: by default


def tiny(**changes: object) -> Run:
    """Three steps from random weights, with as little evaluation as there is."""
    held = {
        "warmup": (),
        "reward": Nearby(),  # graded, so that every step has a gradient
        "steps": STEPS,
        "evaluation": EvalConfig(problems=1, samples=1, k=(1,)),
        "periodic": PeriodicEval(every=0),
    }
    return small(**held | changes)


def walked(run: Run, folder: Path) -> Outcome:
    """Train the rest of a run; its end, or what stopped it."""
    folder.mkdir(exist_ok=True)
    taken: list[int] = []

    async def follow() -> None:
        async for event in fit(run, folder):
            if isinstance(event, TrainStep):
                taken.append(event.number)

    try:
        asyncio.run(follow())
    except (IntegrityError, UsageError) as error:
        return Outcome(message=str(error), steps=len(taken))
    return Outcome(steps=len(taken))


@dataclass(frozen=True, slots=True, kw_only=True)
class InRun:
    """A run of three steps."""

    run: Callable[[], Run]

    def outcome(self, folder: Path, seed: int = 0) -> Outcome:
        """The run's end, or what stopped it."""
        return walked(replace(self.run(), seed=seed), folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterResume:
    """A run that was stopped before its last step, changed in its folder, and resumed.

    What the resumed run notices and mends by going further back is a message, too.
    """

    run: Callable[[], Run]
    change: Callable[[Path], object]  # of the stopped run's folder
    after: Callable[[], Run] | None = None  # the run that goes on; None: the same

    def outcome(self, folder: Path, seed: int = 0) -> Outcome:
        """The end of the resumed run."""
        place, taken, said = folder / "run", list[int](), list[str]()

        def note(event: object) -> None:
            if isinstance(event, TrainStep):
                taken.append(event.number)
            if isinstance(event, Noticed):
                said.append(event.message)

        run = replace(self.run(), seed=seed)
        begin(run, place, card.card(run), note, lambda: len(taken) == STEPS - 1)
        assert len(taken) == STEPS - 1
        self.change(place)
        again = replace((self.after or self.run)(), seed=seed)
        try:
            go_on(again, place, note, lambda: False)
        except (IntegrityError, UsageError) as error:
            return Outcome(message=str(error), where="resume")
        return Outcome(message="; ".join(said), where="resume")


@dataclass(frozen=True, slots=True, kw_only=True)
class ByCheck:
    """A check that a user calls: it returns or raises."""

    check: Callable[[], object]
    where: str

    def outcome(self, folder: Path, seed: int = 0) -> Outcome:
        """What the check raised; it draws its own seeds."""
        del folder, seed
        try:
            self.check()
        except (AssertionError, IntegrityError, UsageError) as error:
            words = " ".join(str(error).split())
            return Outcome(message=words[max(words.find("breaks"), 0) :], where=self.where)
        return Outcome(where=self.where)
