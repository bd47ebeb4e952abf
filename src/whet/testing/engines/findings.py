"""What the laws of engines find: the largest difference, and what is wrong in words."""

from dataclasses import dataclass, field
from math import ceil

from torch import Tensor


@dataclass(slots=True)
class LawRecord:
    """What one law has found so far; a law fills it."""

    gap: float = 0.0  # the largest difference
    limit: float = 0.0  # its limit
    failures: list[str] = field(default_factory=list)
    unshown: str = ""  # why the law could not be tried; empty: it was
    stray: float = 0.0  # share of numbers that `near` lets differ by more

    def near(self, what: str, ours: Tensor, due: Tensor, limit: float) -> None:
        """The numbers `ours` are those that are due, up to `limit`."""
        if ours.shape != due.shape:
            sizes = f"{tuple(ours.shape)} numbers, where {tuple(due.shape)} are due"
            self.failures.append(f"{what}: {sizes}")
            return
        if not ours.numel():
            return
        apart = (ours.double().cpu() - due.double().cpu()).abs().flatten()
        strays = ceil(self.stray * len(apart)) if len(apart) > 1 and apart.isfinite().all() else 0
        self.within(what, apart.sort(descending=True).values[strays].item(), limit)

    def within(self, what: str, gap: float, limit: float) -> None:
        """A difference is at most `limit`; NaN is not."""
        if not gap <= limit:
            self.failures.append(f"{what} differs by {gap:.3g}, and {limit:.3g} is rounding")
        if not self.limit or not gap / limit <= self.gap / self.limit:
            self.gap, self.limit = gap, limit

    def holds(self, failure: str, *, sound: bool) -> None:
        """A statement is true; `failure` says what it means if it is not."""
        if not sound:
            self.failures.append(failure)


@dataclass(frozen=True, slots=True, kw_only=True)
class LawFinding:
    """One law: whether the engine obeys it, the largest difference, and what is wrong."""

    law: str
    gap: float = 0.0
    limit: float = 0.0  # 0: the law compares no rounded numbers
    failure: str = ""  # empty: the engine obeys
    refused: str = ""  # the engine's own words, where it refuses what the law needs
    unshown: str = ""  # why the law could not be tried

    @property
    def passed(self) -> bool:
        """Whether nothing contradicts the law: not for one that could not be tried."""
        return not (self.failure or self.refused or self.unshown)

    def __str__(self) -> str:
        numbers = f" (largest difference {self.gap:.2g} of {self.limit:.2g})" if self.limit else ""
        if self.failure:
            return f"FAILED   {self.law}{numbers}: {self.failure}"
        if self.refused:
            return f"refused  {self.law}: {self.refused}"
        if self.unshown:
            return f"unshown  {self.law}: {self.unshown}"
        return f"passed   {self.law}{numbers}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReport:
    """The findings of every law, and what the engine itself says of the model."""

    engine: str
    findings: tuple[LawFinding, ...]
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no law is broken and nothing was refused; laws that can't be tried may be."""
        return not any(finding.failure or finding.refused for finding in self.findings)

    @property
    def failures(self) -> tuple[LawFinding, ...]:
        """The laws that the engine breaks."""
        return tuple(finding for finding in self.findings if finding.failure)

    @property
    def refusals(self) -> tuple[LawFinding, ...]:
        """The laws that the engine refuses to be examined by."""
        return tuple(finding for finding in self.findings if finding.refused)

    @property
    def gap(self) -> float:
        """The largest difference of all laws, as a share of its limit; 1 is at the limit."""
        return max((f.gap / f.limit for f in self.findings if f.limit), default=0.0)

    def __str__(self) -> str:
        told = [f"  {note}" for note in self.notes]
        return "\n".join([f"engine {self.engine}", *told, *map(str, self.findings)])
