"""LUFFY: demonstrations are added to every group."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.policy.extensions.demonstrated import demonstrated
from whet.policy.extensions.groups import own
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import Group, Need, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstrations(Companion):
    """Add `count` demonstrations with reward 1 to every group (LUFFY, arXiv:2504.14945).

    Their behaviour probability is taken to be π_β = 1.
    """

    provides = frozenset({Need.DEMONSTRATIONS})
    needs = frozenset({Need.DEMONSTRATOR})

    count: int = 1

    async def open(self, setup: SetupContext) -> "LiveDemonstrations":
        del setup
        return LiveDemonstrations(self)


@dataclass(slots=True)
class LiveDemonstrations(Extension):
    """Adds `count` demonstrations of its task to every group.

    It has no state, so the order of tickets does not matter.
    """

    settings: Demonstrations

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Groups without own rollouts, and tasks without a demonstration, are unchanged.

        So are further rounds of a task, because the first one has the demonstration.
        """
        if ticket.request.completes is not None:
            return groups
        return [self._joined(context, group) for group in groups]

    def _joined(self, context: StepContext, group: Group) -> Group:
        demo = demonstrated(context, group.task) if own(group) else None
        return group if demo is None else group.joined([demo] * self.settings.count)
