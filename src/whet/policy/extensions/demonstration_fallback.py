"""HPT: a demonstration instead of a group that hardly succeeds."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.policy.extensions.demonstrated import demonstrated
from whet.policy.extensions.groups import attempts, instead, successes
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import Group, Need, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationFallback(Companion):
    """A group with at most `solved` right rollouts is replaced by a demonstration (HPT,
    arXiv:2509.04419).
    """

    provides = frozenset({Need.DEMONSTRATIONS})
    needs = frozenset({Need.DEMONSTRATOR})

    solved: int = 0

    def falls(self, right: int) -> bool:
        """Is it one?"""
        return right <= self.solved

    async def open(self, setup: SetupContext) -> "LiveDemonstrationFallback":
        """It needs nothing of a run."""
        del setup
        return LiveDemonstrationFallback(self)


@dataclass(slots=True)
class LiveDemonstrationFallback(Extension):
    """A demonstration in place of a group that hardly succeeds.

    Nothing is remembered, so the order of tickets doesn't matter.
    """

    settings: DemonstrationFallback

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """A group that no judge could judge stays, and so does one of demonstrations alone."""
        del ticket
        return [self._instead(context, group) for group in groups]

    def _instead(self, context: StepContext, group: Group) -> Group:
        tried = attempts(group)
        if not tried or not self.settings.falls(len(successes(tried))):
            return group
        demo = demonstrated(context, group.task)
        return group if demo is None else instead(group, [demo])
