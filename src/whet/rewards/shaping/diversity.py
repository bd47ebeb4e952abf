"""A bonus for answers that few others give (arXiv:2509.06941, unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from whet.protocols import Judge, Play
from whet.rewards.declared import Declared
from whet.rewards.judging import verdicts
from whet.rewards.shaping._bend import bent, right
from whet.rewards.unsupervised import Announced, Extractor
from whet.types import Group, Refusal, Rollout, Verdict

_MOST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity:
    """R + b / √N(a_i)  where the reply is right, N how many replies of the group give its answer.

    b is the most anyone can get, and at most 0.1, so that nothing is gained by being merely odd.
    Counts are those of the group; the paper also counts over all that was seen before.
    """

    bonus: float = 0.1
    reader: Extractor = Announced()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse sizes that make no sense."""
        if not 0 <= self.bonus <= _MOST:
            raise Refusal(f"diversity.bonus is {self.bonus}; give one in [0, {_MOST}]")

    async def probe(self, group: Group, play: Play) -> Sequence[Verdict]:
        """Count the answers."""
        found = await verdicts(group, self.inner, play)
        answers = [self.reader(rollout) for rollout in group]
        seen = dict(zip(map(id, group), answers, strict=True))

        def bend(rollout: Rollout, verdict: Verdict) -> float:
            answer = seen[id(rollout)]
            rare = self.bonus / sqrt(answers.count(answer)) if answer is not None else 0.0
            return verdict.score + right(verdict) * rare

        return bent(group, found, bend, "diversity")
