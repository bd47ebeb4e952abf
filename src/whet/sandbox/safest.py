"""The first sandbox that works on this machine."""

from dataclasses import dataclass
from functools import lru_cache

from whet.sandbox.bubblewrap import Bubblewrap
from whet.sandbox.landlock import Landlock
from whet.sandbox.limits import Limits, Outcome, Program, Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Safest:
    """bubblewrap where it works, else Landlock, else a refusal: never no sandbox at all.

    Each is tried once per process, with a program that has to answer.
    """

    slots: int = 2  # programs at once

    def run(self, program: Program, limits: Limits) -> Outcome:
        """In the one that works."""
        return chosen(self.slots).run(program, limits)

    def pair(self, tested: Program, harness: Program, limits: Limits) -> tuple[Outcome, Outcome]:
        """Two programs that talk, in the one that works."""
        return chosen(self.slots).pair(tested, harness, limits)

    def probe(self) -> str:
        """Why none works; empty where one does."""
        from whet.types import Refusal

        try:
            chosen(self.slots)
        except Refusal as refusal:
            return str(refusal)
        return ""


@lru_cache(maxsize=8)
def chosen(slots: int) -> Sandbox:
    """The first whose probe succeeds.  Raises `Refusal` where none does, and says what would."""
    return first((Bubblewrap(slots=slots), Landlock(slots=slots)))


def first(backends: tuple[Sandbox, ...]) -> Sandbox:
    """The first of these that works."""
    from whet.types import Refusal

    failures = []
    for backend in backends:
        failure = backend.probe()
        if not failure:
            return backend
        failures.append(f"{type(backend).__name__}: {failure}")
    raise Refusal(
        f"sandbox finds none that works ({'; '.join(failures)}); install bubblewrap and permit "
        "user namespaces, or run on Linux 6.2 with Landlock, or name Unsafe() if nothing can be "
        "harmed"
    )
