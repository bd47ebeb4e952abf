"""When a task has enough rollouts (`ReinforceAda`)."""

from abc import abstractmethod
from dataclasses import dataclass

from whet.protocols import Part


class ExitRule(Part):
    """The condition under which a task gets no further round."""

    __slots__ = ()

    @abstractmethod
    def met(self, right: int, wrong: int, keep: int) -> bool:
        """Whether so many right and wrong rollouts are enough to keep `keep` of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitOnPositive(ExitRule):
    """At least one right rollout: Reinforce-Ada-pos. An easy task exits after its first round."""

    def met(self, right: int, wrong: int, keep: int) -> bool:
        del wrong, keep
        return right >= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitOnBalance(ExitRule):
    """Half of `keep` right and the other half wrong: Reinforce-Ada-balance.

    It draws more than `ExitOnPositive`, also for easy tasks, whose wrong rollouts are rare.
    """

    def met(self, right: int, wrong: int, keep: int) -> bool:
        return right >= keep // 2 and wrong >= keep - keep // 2
