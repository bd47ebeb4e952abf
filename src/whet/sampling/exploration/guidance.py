"""Rules for the length of guidance, from the rewards of the steps before."""

from abc import abstractmethod

from whet.protocols.part import Part

LEAST = 0.01
"""The smallest length. From 0 a rule that multiplies would not come back."""


class GuidanceRule(Part):
    """How long guidance is, as a share of the solution."""

    __slots__ = ()

    steps: int = 1  # of training, between two decisions

    @abstractmethod
    def after(self, length: float, rewards: tuple[float, ...]) -> float:
        """The next length in [0, 1], after the mean task metrics of so many steps."""


def bounded(length: float) -> float:
    """The nearest length that is possible."""
    return min(max(length, LEAST), 1.0)
