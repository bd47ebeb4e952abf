"""The first sandbox that works on this machine."""

from dataclasses import dataclass
from functools import lru_cache
from logging import getLogger

from whet.sandbox.bubblewrap import Bubblewrap
from whet.sandbox.landlock import Landlock
from whet.sandbox.limits import Limits, Program, ProgramResult, Sandbox
from whet.sandbox.messages import SessionFolder, SessionLimits
from whet.sandbox.session import SandboxSession, SessionSandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Safest:
    """bubblewrap if it works, else Landlock, else `UsageError`; never an unconfined run.

    Each backend is tried once per process with a short program.
    """

    slots: int = 2  # concurrent programs

    def run(self, program: Program, limits: Limits) -> ProgramResult:
        return chosen(self.slots).run(program, limits)

    def pair(
        self, tested: Program, harness: Program, limits: Limits
    ) -> tuple[ProgramResult, ProgramResult]:
        return chosen(self.slots).pair(tested, harness, limits)

    def open(self, limits: SessionLimits, folder: SessionFolder) -> SandboxSession:
        """Start a session, which `slots` doesn't count."""
        backend = chosen(self.slots)
        assert isinstance(backend, SessionSandbox)
        return backend.open(limits, folder)

    def probe(self) -> str:
        """Why no backend works; empty if one does."""
        from whet.types import UsageError

        try:
            chosen(self.slots)
        except UsageError as refusal:
            return str(refusal)
        return ""


@lru_cache(maxsize=8)
def chosen(slots: int) -> Sandbox:
    """The first backend that works. Raises `UsageError` with the remedies if none does."""
    backend = first((Bubblewrap(slots=slots), Landlock(slots=slots)))
    if isinstance(backend, Landlock):
        getLogger(__name__).warning(
            "programs are confined by Landlock, which leaves `stat` of the host's paths open; "
            "bubblewrap would close it"
        )
    return backend


def first(backends: tuple[Sandbox, ...]) -> Sandbox:
    """The first of these backends that works. Raises `UsageError` if none does."""
    from whet.types import UsageError

    failures = []
    for backend in backends:
        failure = backend.probe()
        if not failure:
            return backend
        failures.append(f"{type(backend).__name__}: {failure}")
    raise UsageError(
        f"no sandbox works here ({'; '.join(failures)}); install bubblewrap and permit "
        "user namespaces, or run on Linux 6.2 with Landlock, or give Unsafe() if programs can do "
        "no harm"
    )
