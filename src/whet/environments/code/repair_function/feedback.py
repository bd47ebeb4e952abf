"""What the policy is told after a reply that fails visible tests."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback(ABC):
    """A choice between the failing tests of a reply, and others."""

    @abstractmethod
    def told(self, own: str, other: Callable[[], str]) -> str:
        """The text, of the reply's own failing tests and of those of another task's bug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTests(Feedback):
    """The visible tests that the reply fails."""

    def told(self, own: str, other: Callable[[], str]) -> str:
        del other
        return own


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherTests(Feedback):
    """The visible tests that the bug of another task fails, as a control.

    They have the form of feedback and don't depend on the reply.  By chance one is true of the own
    task, too: 1 of 16 at level 1, where a repair is `x` plus or minus a digit.
    """

    def told(self, own: str, other: Callable[[], str]) -> str:
        del own
        return other()
