"""Branches after observations that make the policy uncertain."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from whet.protocols import OpenPlays, Shape
from whet.sampling.structured.branch_rules import BranchRule, EntropyRise
from whet.sampling.structured.growing import check_counts, extended, failed, fork, one_turn
from whet.types import Play, Request, Rollout, RunSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterTools(Shape):
    """N of M plays are chains; the others branch off where an observation makes entropy rise.

    After each observation of an environment, such as the result of a tool, the `rule` compares the
    entropy of the next reply's first tokens with the initial one, ΔH = H_t − H_0, and decides
    whether `continuations` further plays begin before that reply. Turns are looked at in order, and
    a branch is looked at in its later turns. H_0 is that of the request's chains. If M plays are
    not reached, the rest are further chains, so that a request has M rollouts in any case.

    ARPO (arXiv:2507.19849, code read): `sampling.size.rollouts` 16, `chains` 8, β 0.2 to 0.4 with α
    and τ 0.5. `rule` entropy_rise is the paper's, and entropy_chance that of the released code.

    A branch saves the turns before it. Each turn at which a branch begins waits for the plays
    before it, and the further chains are played last. In a world of one turn there are only chains.
    The environment is played again with the recorded replies, so it has to answer as before.
    """

    chains: int = 8  # N
    continuations: int = 1  # of each branched reply
    rule: BranchRule = EntropyRise()

    def __post_init__(self) -> None:
        check_counts(1, chains=self.chains, continuations=self.continuations)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning in worlds of one reply."""
        return one_turn(self, spec)

    async def roll(self, request: Request, plays: OpenPlays) -> list[Rollout]:
        leaves = await extended(plays, request.plays[: self.chains])
        settings = {r.id: play for r, play in zip(leaves, request.plays, strict=False)}
        initial = self.rule.initial(leaves)
        turn = 1
        while len(leaves) < len(request.plays) and any(len(r.spoken) > turn for r in leaves):
            room = len(request.plays) - len(leaves)
            branched = [leaf for leaf in leaves if self._branches(leaf, turn, initial)]
            asked = self._asked(branched, turn, settings)[:room]
            found = await extended(plays, asked) if asked else []
            settings |= {r.id: play for r, play in zip(found, asked, strict=True)}
            leaves += found
            turn += 1
        if rest := request.plays[len(leaves) :]:
            leaves += await extended(plays, rest)
        return leaves

    def _branches(self, leaf: Rollout, turn: int, initial: float) -> bool:
        """Whether a rollout branches at a turn, which it must have reached by itself."""
        if failed(leaf) or len(leaf.spoken) <= turn:
            return False
        if leaf.parent and leaf.spoken[turn].start <= leaf.forked_at:
            return False
        return self.rule(leaf, turn, initial, Random(repr(("after tools", leaf.seed, turn))))

    def _asked(
        self, branched: Sequence[Rollout], turn: int, settings: dict[str, Play]
    ) -> list[Play]:
        return [
            fork(settings[leaf.id], leaf, leaf.spoken[turn].start, n)
            for leaf in branched
            for n in range(self.continuations)
        ]
