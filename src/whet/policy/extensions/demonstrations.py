"""LUFFY: demonstrations join every group."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.policy.extensions.demonstrated import demonstrated
from whet.policy.extensions.groups import own
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import Group, Need, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstrations(Companion):
    """So many demonstrations join every group, with reward 1 and π_β = 1 (LUFFY,
    arXiv:2504.14945).
    """

    provides = frozenset({Need.DEMONSTRATIONS})
    needs = frozenset({Need.DEMONSTRATOR})

    count: int = 1

    async def open(self, setup: SetupContext) -> "LiveDemonstrations":
        """It needs nothing of a run."""
        del setup
        return LiveDemonstrations(self)


@dataclass(slots=True)
class LiveDemonstrations(Extension):
    """Every group with `count` demonstrations of its task.

    Nothing is remembered, so the order of tickets doesn't matter.
    """

    settings: Demonstrations

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """A group without attempts of the policy stays, and so does a task that can't be shown."""
        del ticket
        return [self._joined(context, group) for group in groups]

    def _joined(self, context: StepContext, group: Group) -> Group:
        demo = demonstrated(context, group.task) if own(group) else None
        return group if demo is None else group.joined([demo] * self.settings.count)
