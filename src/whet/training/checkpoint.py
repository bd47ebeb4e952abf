"""Checkpoints: Hugging Face folders that anyone can load, from which a run goes on exactly.

All randomness is counted from seed and place, so weights, optimiser and place are the whole state.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from whet.training.warmup import Progress

_STATE = "place.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run stands: its phase (every warm-up is one, then the rewards), and how far in."""

    phase: int = 0
    progress: Progress = Progress()

    @property
    def at(self) -> tuple[int, int]:
        """As the ledger orders it."""
        return self.phase, self.progress.done


@runtime_checkable
class Saved(Protocol):
    """A learner, extensions, a buffer: what writes itself into a folder."""

    async def save(self, folder: Path) -> None:
        """Write all that is needed to go on exactly."""
        ...


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The folder of them, oldest first by place."""

    folder: Path
    warmups: int  # phases before the one with rewards
    keep: int

    def path(self, place: Place) -> Path:
        """step-000040 in the phase of rewards, warmup-1-000250 before it."""
        warm = place.phase < self.warmups
        return (
            self.folder / f"{f'warmup-{place.phase}' if warm else 'step'}-{place.progress.done:06}"
        )

    @property
    def base(self) -> Path:
        """The policy before any reward; kept for good, and the reference of a KL."""
        return self.path(Place(phase=self.warmups))

    async def save(self, place: Place, *held: Saved) -> Path:
        """Write it whole, under its name only when complete; then drop the oldest."""
        target = self.path(place)
        partial = self.folder / f"partial-{target.name}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for one in held:
            await one.save(partial)
        (partial / _STATE).write_text(json.dumps(asdict(place)), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        os.replace(partial, target)
        self._prune()
        return target

    def latest(self) -> Place | None:
        """The newest complete one."""
        return max(self._places(), key=lambda place: place.at, default=None)

    def _places(self) -> list[Place]:
        files = self.folder.glob(f"*-*/{_STATE}")
        states = [f for f in files if not f.parent.name.startswith("partial-")]
        return [_place(json.loads(file.read_text(encoding="utf-8"))) for file in states]

    def _prune(self) -> None:
        places = sorted(self._places(), key=lambda place: place.at)
        for place in places[: -self.keep]:
            if self.path(place) != self.base:
                shutil.rmtree(self.path(place))


def _place(held: dict[str, Any]) -> Place:
    return Place(phase=held["phase"], progress=Progress(**held["progress"]))
