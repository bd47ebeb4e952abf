"""Laws with what they mean, and a report of those that applied to an objective."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from whet.protocols.algorithm import TokenLoss

Check = Callable[[TokenLoss, int, torch.dtype], None]


def always(objective: TokenLoss) -> str:
    """No reason why a law would not apply."""
    del objective
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A law of objectives: its check, when it applies, and what a breach of it means."""

    check: Check
    meaning: str
    why_not: Callable[[TokenLoss], str] = always

    @property
    def name(self) -> str:
        """The name of the check."""
        return self.check.__name__

    def __call__(self, objective: TokenLoss, seed: int, dtype: torch.dtype = torch.float64) -> None:
        """Raise `AssertionError` if the objective breaks the law on the batch of a seed."""
        if not self.why_not(objective):
            self.check(objective, seed, dtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class LawVerdict:
    """What one law says of an objective."""

    law: str
    why_not: str = ""  # why it did not apply; empty: it did
    broken: str = ""  # the batch, the difference and what it means; empty: the law holds

    def __str__(self) -> str:
        if self.broken:
            return f"broken   {self.law}: {self.broken}"
        if self.why_not:
            return f"no case  {self.law}: {self.why_not}"
        return f"holds    {self.law}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveReport:
    """The laws that were tried on an objective, those that broke, and why others did not apply."""

    objective: str
    verdicts: tuple[LawVerdict, ...]

    @property
    def passed(self) -> bool:
        """Whether no law is broken."""
        return not any(verdict.broken for verdict in self.verdicts)

    @property
    def applied(self) -> tuple[str, ...]:
        """The names of the laws that applied."""
        return tuple(verdict.law for verdict in self.verdicts if not verdict.why_not)

    def __str__(self) -> str:
        return "\n".join([f"objective {self.objective}", *map(str, self.verdicts)])
