"""Labels by playing on: a step is as good as what can still become of it (arXiv:2312.08935)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from whet.environments.question import Question
from whet.protocols import Corpus, Environment, Player
from whet.rewards.dense.shepherd import Shepherd
from whet.rollouts.runner import RolloutRunner
from whet.training.stepmodel.chains import Chain
from whet.types import Decoding, Group, Request, seed_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Shepherded:
    """Chains that the policy itself plays, each step labelled by `shepherd`'s continuations.

    A chain that can't be judged is left out.  The labels are those of this policy: one that
    repairs its mistakes calls wrong steps good.
    """

    corpus: Corpus
    shepherd: Shepherd = Shepherd()
    decoding: Decoding = Decoding()
    environment: Environment = Question()
    seed: int = 0

    async def chains(self, player: Player, number: int, count: int) -> Sequence[Chain]:
        """All played at once."""
        runner = RolloutRunner(player.within(self.environment), self.shepherd, 0)

        async def one(place: int) -> Chain | None:
            task = self.corpus.task("train", number * count + place)
            seeds = (seed_of("shepherded", self.seed, number, place),)
            group = await runner.rollout(Request.of(task, seeds, self.decoding))
            verdict = group[0].verdict
            if verdict is None or not verdict.judged:
                return None
            return self._chain(group, verdict.credit)

        found = await asyncio.gather(*map(one, range(count)))
        return [chain for chain in found if chain is not None]

    def _chain(self, group: Group, credit: Sequence[float]) -> Chain | None:
        """The label stands at a step's last token, times a weight."""
        [rollout] = group
        if not rollout.length:
            return None
        cuts = [cut for cut in self.shepherd.cuts(rollout) if cut > rollout.forced_len]
        ends = tuple(cut - 1 for cut in (*cuts, rollout.length))
        labels = tuple(credit[end] / self.shepherd.weight for end in ends)
        return Chain(rollout=rollout, ends=ends, labels=labels)
