"""What becomes of the pilots of a task that has qualified (`TwoPhase`)."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Part


class PilotUse(Part):
    """The use of pilots in the complete group."""

    __slots__ = ()

    @abstractmethod
    def kept(self, pilots: Sequence[bool]) -> tuple[bool, ...] | None:
        """Which rollouts stay in the group, by whether they are pilots; None: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainPilots(PilotUse):
    """Pilots are learned from, and they are in the baseline, as in SPEED-RL (arXiv:2506.09016).

    Only mixed pilots qualify, so the mean of qualified pilots is not p:

        E[p̂ | 0 < p̂ < 1] = (p − p^n) / (1 − p^n − (1 − p)^n)

    n = 8 pilots at p = 0.05 have a mean of 0.148. The baseline of a hard task is too high, and that
    of an easy task too low.
    """

    def kept(self, pilots: Sequence[bool]) -> None:
        del pilots


@dataclass(frozen=True, slots=True, kw_only=True)
class DropPilots(PilotUse):
    """Pilots select tasks, and they are in neither loss nor baseline (ours).

    The further rollouts were sampled after the choice, so their mean is an unbiased estimate of p.
    The price is `TwoPhase.pilots` rollouts per group that nothing is learned from.
    """

    def kept(self, pilots: Sequence[bool]) -> tuple[bool, ...]:
        return tuple(not pilot for pilot in pilots)
