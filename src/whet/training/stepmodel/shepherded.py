"""Step labels by continuations: the success rate of rollouts from each step (arXiv:2312.08935)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.environments.single_turn import SingleTurn
from whet.protocols import Corpus, Environment, Player
from whet.rewards.dense.shepherd import Shepherd
from whet.rollouts.runner import RolloutRunner
from whet.training.stepmodel.chains import LabelledChain
from whet.types import Decoding, Request, Rollout, seed_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Shepherded:
    """Chains sampled by the policy, with each step labelled by continuations of `shepherd`.

    Chains with a fault are left out. The labels depend on the policy: one that corrects its own
    mistakes gives wrong steps high labels.
    """

    corpus: Corpus
    shepherd: Shepherd = Shepherd()
    decoding: Decoding = Decoding()
    environment: Environment = SingleTurn()
    seed: int = 0

    async def chains(self, player: Player, number: int, count: int) -> Sequence[LabelledChain]:
        """Play all chains concurrently."""
        runner = RolloutRunner(player.within(self.environment), self.shepherd, 0)

        async def one(place: int) -> LabelledChain | None:
            task = self.corpus.task("train", number * count + place)
            seeds = (seed_of("shepherded", self.seed, number, place),)
            [rollout] = await runner.rollout(Request.of(task, seeds, self.decoding))
            verdict = rollout.verdict
            if verdict is None or not verdict.judged or not rollout.length:
                return None
            return self._chain(replace(rollout, verdict=None), verdict.credit)

        found = await asyncio.gather(*map(one, range(count)))
        return [chain for chain in found if chain is not None]

    def _chain(self, rollout: Rollout, credit: Sequence[float]) -> LabelledChain:
        """The label of a step is the credit of its last token, divided by the shepherd's weight."""
        cuts = [cut for cut in self.shepherd.cuts(rollout) if cut > rollout.forced_len]
        ends = tuple(cut - 1 for cut in (*cuts, rollout.length))
        labels = tuple(credit[end] / self.shepherd.weight for end in ends)
        return LabelledChain(rollout=rollout, ends=ends, labels=labels)
