"""PAV: a step is worth the progress that a prover makes by it (arXiv:2410.08146)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import Judge, Play
from whet.rewards.declared import Declared
from whet.rewards.dense._cuts import Cuts, Separated, spans
from whet.rewards.dense._places import AtEnd, last_reply
from whet.rewards.dense._values import Continuations, best_of, differences
from whet.rewards.judging import verdicts
from whet.types import Decoding, Group, Refusal, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """r_k = α (Q^μ(s_{k+1}) − Q^μ(s_k)) at the last token of step k.

    The prover μ is the best of K of the policy itself, Q^μ = 1 − (1 − Q^π)^K; Q^π is the mean score
    of `count` continuations, and the outcome at the end.  The paper's α lies around 3 to 5
    (unconfirmed); Q^π itself is learned from through the score.
    """

    alpha: float = 3.0
    prover: int = 4
    count: int = 8
    cuts: Cuts = Separated()
    decoding: Decoding = Decoding()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse a prover that never tries."""
        if self.prover < 1:
            raise Refusal(f"progress.prover is {self.prover}; give 1 or more")
        self._plays()

    def _plays(self) -> Continuations:
        return Continuations(count=self.count, decoding=self.decoding, judge=self.inner)

    async def probe(self, group: Group, play: Play) -> Sequence[Verdict]:
        """Play on from every cut."""
        found = await verdicts(group, self.inner, play)
        pairs = zip(group, found, strict=True)
        return await asyncio.gather(*(self._of(r, v, play) for r, v in pairs))

    async def _of(self, rollout: Rollout, verdict: Verdict, play: Play) -> Verdict:
        whole = last_reply(rollout)
        if verdict.fault or whole.start == whole.stop:
            return verdict
        cuts = [cut for cut in self.cuts(rollout) if cut > rollout.given]
        starts = [max(whole.start, rollout.given), *cuts]
        values = await self._plays().values(rollout, starts, play)
        proved = [best_of(value, self.prover) for value in values]
        gains = differences(proved, best_of(verdict.score, self.prover))
        steps = spans(cuts, slice(starts[0], whole.stop))
        credit = AtEnd()([self.alpha * gain for gain in gains], steps, rollout.length)
        parts = {"value": values[0], "prover": proved[0], "steps": float(len(gains))}
        return replace(verdict, credit=credit, parts={**verdict.parts, **parts})
