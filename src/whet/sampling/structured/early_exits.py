"""Early exits: answers that are forced at random places of a thought."""

from dataclasses import dataclass
from random import Random

from whet.protocols import OpenPlays, Shape
from whet.sampling.structured.forced_words import forcing_error
from whet.sampling.structured.growing import check_counts, extended, failed, fork, together
from whet.sampling.structured.thoughts import thought_end
from whet.types import Play, Request, Rollout, RunSpec, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyExits(Shape):
    """A chain per play, and `exits` answers from random places of its first reply's thought.

    The places are drawn without replacement from all tokens before the thought's end that leave
    room for an answer. Each exit has the thought up to there, then the `phrase` as external tokens,
    and then the policy's answer. The rollouts of a play are the whole chain, and the exits from the
    shortest thought to the longest. A reward may halve the score with every further correct exit.

    S-GRPO (arXiv:2505.07686, from memory): one chain and 8 exits per task, so give
    `sampling.size.rollouts` 1. The phrase is its own; the number is unconfirmed.

    The objective must leave the forced words out (`--objective.on policy_tokens`).

    An exit costs the tokens of its answer. The exits wait for the chain.
    """

    exits: int = 8
    phrase: str = "Time is limited, stop thinking and start answering.\n</think>\n\n"
    close: str = "</think>"

    def __post_init__(self) -> None:
        check_counts(1, exits=self.exits)
        if not self.phrase:
            raise UsageError("sampling.shape.phrase is ''; give the words that end a thought")

    def run_error(self, spec: RunSpec) -> str:
        return forcing_error(self, spec)

    def leaves(self, plays: int) -> int:
        """The most rollouts; a thought of fewer tokens has fewer exits."""
        return plays * (1 + self.exits)

    async def roll(self, request: Request, plays: OpenPlays) -> list[Rollout]:
        return await together([self._exits(play, plays) for play in request.plays])

    async def _exits(self, play: Play, plays: OpenPlays) -> list[Rollout]:
        [chain] = await extended(plays, [play])
        forced = plays.ids(self.phrase)
        places = self._places(chain, play.decoding.max_new_tokens - len(forced))
        if not places:
            return [chain]
        asked = [fork(play, chain, at, n, prefix=forced) for n, at in enumerate(places)]
        return [chain, *await extended(plays, asked)]

    def _places(self, chain: Rollout, most: int) -> list[int]:
        """Tokens before each exit, in ascending order; fewer than `most`."""
        if failed(chain) or not chain.acts:
            return []
        end = thought_end(chain, self.close)
        end = chain.spoken[0].stop if end is None else end
        inside = range(chain.forced_len + 1, min(end, most))
        rng = Random(repr(("early exits", chain.seed)))
        return sorted(rng.sample(inside, min(self.exits, len(inside))))
