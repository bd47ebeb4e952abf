"""Self-play (arXiv:2505.03335): the proposer of a task earns by the task's difficulty."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.broken_rollouts import unbroken
from whet.rewards.unsupervised.proposals import Edge, Poser, Worth
from whet.types import Decoding, Group, Need, Reason, Request, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposer(GroupReward):
    """R = worth(p̂),  p̂ the share of `tries` plays of the proposed task that `solver` calls right.

    A reply without a task earns `malformed`.  An invalid task, or one that another reply of the
    group proposed before in the same words, earns `invalid`.  There is no right proposal, so
    `correct` stays open.

    A play counts as solved if it is `correct`, and where `correct` is open, if its score is 1 or
    more: so a vote without a truth, `Majority(truth=None)`, makes p̂ the share of the majority, as
    in R-Zero.  Plays that ended with a fault don't count.  A task whose plays have no verdict is a
    fault, so the poser refuses what the solver can't judge.
    """

    needs = frozenset({Need.POLICY})

    poser: Poser
    worth: Worth = Edge()
    solver: Judge = Declared()
    tries: int = 8
    decoding: Decoding = Decoding()
    invalid: float = -0.5
    malformed: float = -1.0

    def __post_init__(self) -> None:
        if self.tries < 1:
            raise UsageError(f"proposer.tries is {self.tries}; give 1 or more")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        seen: set[str] = set()
        posed = [self._posed(rollout, seen) for rollout in group]
        return await asyncio.gather(*(self._played(request, context) for request in posed))

    def _posed(self, rollout: Rollout, seen: set[str]) -> Request | Verdict:
        try:
            task = self.poser(rollout)
        except ValueError as error:
            return Verdict(reason=Reason.UNSAFE, score=self.invalid, note=str(error)[:200])
        if task is None:
            return Verdict(reason=Reason.BAD_FORMAT, score=self.malformed)
        words = " ".join(str(task.prompt).split()).casefold()
        if words in seen:
            return Verdict(reason=Reason.WRONG, score=self.invalid, note="proposed before")
        seen.add(words)
        seeds = tuple(rollout.seed + 1 + k for k in range(self.tries))
        return Request.of(task, seeds, self.decoding)

    async def _played(self, request: Request | Verdict, context: RewardContext) -> Verdict:
        if isinstance(request, Verdict):
            return request
        found = await context.judge(self.solver, unbroken(await context.played(request)))
        right = [v.score >= 1 if v.correct is None else v.correct for v in found if v.judged]
        if not right:
            return Verdict.unjudged(f"no play of the proposed task {request.task.id!r} is judged")
        solved = sum(right) / len(right)
        parts = {"solved": solved}
        return Verdict(reason=Reason.PARTIAL, score=self.worth(solved), parts=parts)
