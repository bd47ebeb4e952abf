"""ReMix: a share of every batch is groups of the previous steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from whet.policy.domains import AT_LEAST_0, COUNT, Domain, check
from whet.policy.extensions.by_ticket import ByTicket
from whet.policy.extensions.last_ticket import closes
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Group, Metrics, Need, Ticket, TrainBatch
from whet.types.saved_rollouts import group_as_plain, group_from_plain, remembered_group

_PART = Domain(lambda x: 0 <= x < 1, "give a number of 0 or more, below 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBatches(Companion):
    """A `share` of every batch is groups of the last `window` steps, sampled by older policies.

    Their proximal log-probs are recomputed by the current policy (ReMix, arXiv:2507.06892,
    unconfirmed).
    """

    provides = frozenset({Need.MEMORIES})

    share: float = 0.4
    window: int = 2
    until: int = 100  # step from which all data is on-policy

    def __post_init__(self) -> None:
        check(self, share=_PART, window=COUNT, until=AT_LEAST_0)

    async def open(self, setup: SetupContext) -> "LivePastBatches":
        del setup
        return LivePastBatches(self)


@dataclass(slots=True)
class LivePastBatches(Extension):
    """Groups of the last steps, newest last.

    The last ticket of a step carries old groups, drawn from the steps before. The step's own groups
    that were learned from are stored after the update, in ticket order.
    """

    settings: PastBatches
    past: list[list[Group]] = field(default_factory=list)
    found: ByTicket[list[Group]] = field(default_factory=ByTicket[list[Group]])

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """The ticket's groups; the last ticket of a step adds as many old ones as the share needs.

        Old groups keep their ticket numbers.
        """
        if context.step >= self.settings.until:
            return groups
        own = [group for group in groups if group.ticket == ticket.number]
        self.found.put(ticket, [remembered_group(group) for group in own])
        if not closes(context, ticket):
            return groups
        known = [group for batch in self.past for group in batch]
        rng = Random(repr(("past", context.seed, context.step)))
        count = context.tickets * max(len(own), 1)
        wanted = round(count * self.settings.share / (1 - self.settings.share))
        return [*groups, *rng.sample(known, min(wanted, len(known)))]

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Store the groups of this step that were learned from."""
        del inputs
        learned = {rollout.id for rollout in batch.rollouts}
        landed = [group for found in self.found.over(context) for group in found]
        groups = [group for group in landed if any(r.id in learned for r in group)]
        past = context.step + 1 < self.settings.until
        self.past = [*self.past, groups][-self.settings.window :] if past else []
        return {}

    def state_dict(self) -> dict[str, Any]:
        return {"past": [_plain(b) for b in self.past], "found": self.found.as_plain(_plain)}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.past = [_back(batch) for batch in state["past"]]
        self.found.load(state["found"], _back)


def _plain(groups: Sequence[Group]) -> list[Any]:
    return [group_as_plain(group) for group in groups]


def _back(held: Sequence[Any]) -> list[Group]:
    return [group_from_plain(group) for group in held]
