"""The moments at which benchmarks/kills.py kills a run: before, inside and after a call.

A process kills itself (SIGKILL) at the n-th call of a function.  Inside a write means that half of
the bytes are in the file.
"""

import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutinefunction, unwrap
from pathlib import Path
from typing import Any

import torch
from pyarrow import parquet

from whet import durable
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.embedded.scheduler import Scheduler
from whet.environments.opponents.models import LivePast
from whet.policy.extensions.together import Extensions
from whet.training.checkpoint import Checkpoints
from whet.training.ledger import Ledger
from whet.training.trainer import Trainer

BEFORE, INSIDE, AFTER = "before", "inside", "after"

PLACES: Mapping[str, tuple[Any, str]] = {
    "os.replace": (os, "replace"),
    "rename": (Path, "rename"),
    "fsync": (durable, "sync"),
    "append": (durable, "append"),
    "write_bytes": (Path, "write_bytes"),
    "write_text": (Path, "write_text"),
    "torch.save": (torch, "save"),
    "parquet": (parquet, "write_table"),
    "delete": (shutil, "rmtree"),
    "unlink": (Path, "unlink"),
    "mkdir": (Path, "mkdir"),
    "decode": (Scheduler, "step"),
    "backward": (EmbeddedLearner, "_backward"),
    "record": (Trainer, "_write"),
    "evaluate": (Trainer, "_evaluate"),
    "checkpoint": (Checkpoints, "save"),
    "settle folder": (durable, "settle_folder"),
    "mend": (Checkpoints, "mend"),
    "rewind": (Ledger, "rewind"),
    "end of the rows": (Ledger, "end"),
    "forget later steps": (Ledger, "forget_after"),
    "base checkpoint to first step": (Trainer, "_accompany"),
    "load": (EmbeddedLearner, "load"),
    "load extensions": (Extensions, "load"),
    "pool": (LivePast, "after_step"),
}
"""A module or a class, and the name of its function."""

_SPLIT = ("append", "write_bytes", "write_text", "torch.save", "parquet")  # those that write


@dataclass(frozen=True, slots=True)
class Kill:
    """Where a process dies: at the n-th call, from 0 on, of a place."""

    place: str
    number: int
    when: str

    @property
    def moments(self) -> tuple[str, ...]:
        """What `when` may be at this place."""
        return (BEFORE, INSIDE, AFTER) if self.place in _SPLIT else (BEFORE, AFTER)

    def arm(self) -> None:
        """Have this process die there."""
        inside = self.when == INSIDE

        def before(count: int, given: tuple[Any, ...]) -> None:
            if count == self.number and self.when != AFTER:
                if inside:
                    _half(self.place, given)
                _die()

        def after(count: int) -> None:
            if count == self.number and self.when == AFTER:
                _die()

        _watch(self.place, before, after)


def counted() -> Counter[str]:
    """How often each place is called from now on in this process."""
    found: Counter[str] = Counter()
    for place in PLACES:
        _watch(place, lambda count, given, place=place: found.update([place]), lambda count: None)
    return found


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _half(place: str, given: tuple[Any, ...]) -> None:
    """Write the first half of what a call would write."""
    if place == "append":
        with given[0].open("ab", buffering=0) as file:
            file.write(given[1][: len(given[1]) // 2])
    elif place in ("write_bytes", "write_text"):
        data = given[1] if isinstance(given[1], bytes) else given[1].encode()
        with given[0].open("wb", buffering=0) as file:
            file.write(data[: len(data) // 2])
    else:
        write = unwrap(torch.save if place == "torch.save" else parquet.write_table)
        write(*given)
        os.truncate(given[1], os.path.getsize(given[1]) // 2)


def _watch(
    place: str,
    before: Callable[[int, tuple[Any, ...]], None],
    after: Callable[[int], None],
) -> None:
    owner, name = PLACES[place]
    original, count = getattr(owner, name), iter(range(10**9))

    @wraps(original)
    def watched(*given: Any, **named: Any) -> Any:
        number = next(count)
        before(number, given)
        found = original(*given, **named)
        after(number)
        return found

    @wraps(original)
    async def awaited(*given: Any, **named: Any) -> Any:
        number = next(count)
        before(number, given)
        found = await original(*given, **named)
        after(number)
        return found

    setattr(owner, name, awaited if iscoroutinefunction(original) else watched)
