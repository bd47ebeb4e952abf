"""Cut replies by stage: left out while the limit is short, penalised once it is long."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import zero
from whet.rewards.shaping.nesting import Shaper
from whet.rewards.shaping.overlong import Overlong, check_ramp
from whet.rewards.shaping.rescoring import not_negative, rescore_inner
from whet.types import Finish, Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedOverlong(Shaper):
    """R − λ clip((|y| − (L_max − C)) / C, 0, 1) as in `overlong`; L_max is `longest`, C `cushion`.

    A reply that was cut at a limit below L_max has no verdict ("not applicable"), so it enters
    neither loss nor baseline: with more room it might have been right. It belongs to a length that
    grows by stages (`--sampling.schedules staged_length`), whose last stage is L_max. Long
    right replies have no penalty before the last stage, where L_max − C is first within reach.

    Source: a survey (arXiv:2509.08827) says of staged lengths that cut replies are masked while the
    limit is short and penalised when it is long. The penalty is DAPO's (arXiv:2503.14476). Their
    composition is ours. A cut reply leaves the training accuracy `correct`, too, which is then of
    finished replies only; `truncated` says how many are missing.
    """

    longest: int = 20480
    cushion: int | None = None
    weight: float = 1.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        check_ramp("staged_overlong", self.longest, self.cushion)
        not_negative("staged_overlong", weight=self.weight)

    def run_error(self, spec: RunSpec) -> str:
        """An error where L_max is beyond the last stage: every cut reply would be left out."""
        if self.longest <= spec.max_new_tokens:
            return ""
        return (
            f"staged_overlong.longest is {self.longest}, but a reply has at most "
            f"{spec.max_new_tokens} tokens (sampling.decoding.max_new_tokens), so cut replies are "
            f"left out in all stages; give {spec.max_new_tokens}"
        )

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a penalty of 0."""
        del spec
        return zero("staged_overlong", weight=self.weight)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        priced = Overlong(longest=self.longest, cushion=self.cushion, weight=self.weight)
        found = await rescore_inner(group, self.inner, context, priced.priced, "overlong")
        return [self._kept(r, v) for r, v in zip(group, found, strict=True)]

    def _kept(self, rollout: Rollout, verdict: Verdict) -> Verdict:
        limit = rollout.decoding.max_new_tokens
        if rollout.finish is not Finish.LENGTH or limit >= self.longest or not verdict.judged:
            return verdict
        return Verdict.not_applicable(f"cut at {limit} tokens, in a stage before {self.longest}")
