"""RFT: one correct rollout per sequence of calculations."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from whet.policy.extensions.groups import by_policy, subset
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import Group, Need, Ticket

_CALCULATION = re.compile(r"[\d.+\-*/^=()%<>]*\d[\d.+\-*/^=()%<>]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct(Companion):
    """A filter that keeps one correct rollout of a task per reasoning path.

    As in RFT (arXiv:2308.01825, unconfirmed). The path of a reply is its calculations in order: its
    runs of digits and arithmetic signs. Replies without a calculation are compared as a whole.
    Demonstrations stay.
    """

    needs = frozenset({Need.CORRECTNESS})

    def path(self, reply: str) -> str:
        """The calculations of a reply, joined by spaces."""
        return " ".join(_CALCULATION.findall(reply.replace(" ", ""))) or reply

    def kept(self, replies: Sequence[str]) -> tuple[int, ...]:
        """Indices of the first reply of each path."""
        paths = [self.path(reply) for reply in replies]
        return tuple(i for i, path in enumerate(paths) if path not in paths[:i])

    async def open(self, setup: SetupContext) -> "LiveDistinct":
        del setup
        return LiveDistinct(self)


@dataclass(slots=True)
class LiveDistinct(Extension):
    """Drops correct rollouts that repeat a path of their group.

    It has no state, so the order of tickets does not matter.
    """

    settings: Distinct

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Drop correct rollouts with a repeated path; wrong ones stay."""
        del context, ticket
        return [self._distinct(group) for group in groups]

    def _distinct(self, group: Group) -> Group:
        right = [i for i, r in enumerate(group) if by_policy(r) and r.verdict and r.verdict.correct]
        kept = {right[n] for n in self.settings.kept([group[i].reply for i in right])}
        return subset(group, [i in kept or i not in right for i in range(len(group))])
