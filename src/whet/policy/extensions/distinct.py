"""RFT: one rollout for each way of calculating."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from whet.policy.extensions.groups import by_policy, subset
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import Group, Ticket

_CALCULATION = re.compile(r"[\d.+\-*/^=()%<>]*\d[\d.+\-*/^=()%<>]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct(Companion):
    """Of a task's right rollouts that took the same path only the first is learned from (RFT,
    arXiv:2308.01825, unconfirmed).

    A path is what a reply calculates, in its order: its runs of digits and signs of arithmetic.
    Replies that calculate nothing are compared as they are.  Demonstrations stay.
    """

    def path(self, reply: str) -> str:
        """What a reply calculates."""
        return " ".join(_CALCULATION.findall(reply.replace(" ", ""))) or reply

    def kept(self, replies: Sequence[str]) -> tuple[int, ...]:
        """The first of each path."""
        paths = [self.path(reply) for reply in replies]
        return tuple(i for i, path in enumerate(paths) if path not in paths[:i])

    async def open(self, setup: SetupContext) -> "LiveDistinct":
        """It needs nothing of a run."""
        del setup
        return LiveDistinct(self)


@dataclass(slots=True)
class LiveDistinct(Extension):
    """Right rollouts that took a path already taken are left out of their group.

    Nothing is remembered, so the order of tickets doesn't matter.
    """

    settings: Distinct

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Wrong rollouts stay."""
        del context, ticket
        return [self._distinct(group) for group in groups]

    def _distinct(self, group: Group) -> Group:
        right = [i for i, r in enumerate(group) if by_policy(r) and r.verdict and r.verdict.correct]
        kept = {right[n] for n in self.settings.kept([group[i].reply for i in right])}
        return subset(group, [i in kept or i not in right for i in range(len(group))])
