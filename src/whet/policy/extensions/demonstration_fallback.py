"""HPT: a demonstration in place of a group with few successes."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.policy.domains import AT_LEAST_0, check
from whet.policy.extensions.demonstrated import demonstrated
from whet.policy.extensions.groups import attempts, instead, successes
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import Group, Need, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationFallback(Companion):
    """Replace a group of at most `solved` correct rollouts by a demonstration.

    As in HPT (arXiv:2509.04419).
    """

    provides = frozenset({Need.DEMONSTRATIONS})
    needs = frozenset({Need.DEMONSTRATOR, Need.CORRECTNESS})

    solved: int = 0

    def __post_init__(self) -> None:
        check(self, solved=AT_LEAST_0)

    def falls(self, right: int) -> bool:
        """True if a group with this number of correct rollouts is replaced."""
        return right <= self.solved

    async def open(self, setup: SetupContext) -> "LiveDemonstrationFallback":
        del setup
        return LiveDemonstrationFallback(self)


@dataclass(slots=True)
class LiveDemonstrationFallback(Extension):
    """Replaces groups with few successes by a demonstration.

    It has no state, so the order of tickets does not matter.
    """

    settings: DemonstrationFallback

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Groups without a judged rollout of the policy are unchanged."""
        del ticket
        return [self._instead(context, group) for group in groups]

    def _instead(self, context: StepContext, group: Group) -> Group:
        tried = attempts(group)
        if not tried or not self.settings.falls(len(successes(tried))):
            return group
        demo = demonstrated(context, group.task)
        return group if demo is None else instead(group, [demo])
