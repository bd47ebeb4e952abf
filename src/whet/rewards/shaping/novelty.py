"""A bonus for right replies that say what the other replies of their group do not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import alone, out_of_reach, zero
from whet.rewards.shaping.nesting import Shaper, ranges_of
from whet.rewards.shaping.rescoring import Range, judged, rescore_group, right
from whet.types import Group, Rollout, RunSpec, UsageError, Verdict

_MOST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty(Shaper):
    """R + b u_i  where the reply is right;  u_i is the share of its n-grams in no other reply.

    An n-gram is `size` consecutive tokens that the policy sampled, counted once per reply. A
    shorter reply has none, and u = 0. b = `bonus` is at most 0.1, so that novelty alone does not
    pay. Replies without a verdict don't count. `diversity` compares the answers, and this reward
    the words.

    The form is ours. Known failure: paraphrase is novel, too; a reply that rambles before the
    answer has more n-grams of its own, so keep a length penalty beside it.
    """

    bonus: float = 0.1
    size: int = 4
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        if not 0 <= self.bonus <= _MOST:
            raise UsageError(f"novelty.bonus is {self.bonus}; give one in [0, {_MOST}]")
        if not self.size >= 1:
            raise UsageError(f"novelty.size is {self.size}; give 1 or more")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of settings with which every reply gets the same."""
        if self.size > spec.max_new_tokens:
            effect = "no reply has an n-gram"
            return out_of_reach("novelty", "size", self.size, spec, effect)
        return zero("novelty", bonus=self.bonus) or alone("novelty", spec)

    @property
    def ranges(self) -> tuple[Range, Range] | None:
        """Those of the inner reward, with b more where the reply is right."""
        known = ranges_of(self.inner)
        if known is None:
            return None
        right, wrong = known
        return Range(low=right.low, high=right.high + self.bonus), wrong

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        known = judged(group, found)
        replies = Counter(gram for rollout, _ in known for gram in self.grams(rollout))

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            mine = self.grams(rollout)
            own = sum(replies[gram] == 1 for gram in mine)
            return verdict.score + right(verdict) * self.bonus * own / max(len(mine), 1)

        return rescore_group(group, found, score_of, "novelty")

    def grams(self, rollout: Rollout) -> set[tuple[int, ...]]:
        """The distinct n-grams of the tokens that the policy sampled."""
        ids = rollout.chosen_ids[~rollout.external].tolist()
        return {tuple(ids[i : i + self.size]) for i in range(len(ids) - self.size + 1)}
