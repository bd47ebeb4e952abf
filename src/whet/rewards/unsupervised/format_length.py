"""Format and length in place of the truth (arXiv:2505.19439, unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import out_of_reach
from whet.rewards.unsupervised.readers import Announced, Extractor
from whet.rewards.unsupervised.truth import with_truth
from whet.rewards.verifiable.format import Format
from whet.types import Group, Reason, Rollout, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatLength(GroupReward):
    """R = ½ (format + parses) + L(x) where an answer parses, else min(0, L(x));  x = |y| / longest.

    L(x) = 1 − (1 − x/p)²  up to x = p,  1 − 2 ((x − p) / (1 − p))²  above.

    `format` is the score of the reward `form`, in [0, 1]; `parses` is 1 where the reader finds an
    answer.
    """

    compares = False

    peak: float = 0.5
    longest: int = 3072  # tokens
    form: Judge = Format()
    reader: Extractor = Announced()
    truth: Judge | None = Declared()  # for the record only

    def __post_init__(self) -> None:
        if not 0 < self.peak < 1:
            raise UsageError(f"format_length.peak is {self.peak}; give a share between 0 and 1")
        if self.longest < 1:
            raise UsageError(f"format_length.longest is {self.longest}; give 1 or more")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of lengths whose peak no reply reaches: then longer is always better."""
        top = self.peak * self.longest
        if top > spec.max_new_tokens:
            effect = f"its best length is {top:g}, and no reply reaches it, so longer is better"
            return out_of_reach("format_length", "longest", self.longest, spec, effect)
        return ""

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        formed = await context.judge(self.form, group)
        found = [self._of(r, f) for r, f in zip(group, formed, strict=True)]
        return await with_truth(group, found, self.truth, context)

    def _of(self, rollout: Rollout, formed: Verdict) -> Verdict:
        if not formed.judged:
            return formed
        length = arch(rollout.length / self.longest, self.peak)
        parts = {"format": formed.score, "length": length}
        if self.reader(rollout) is None:
            return Verdict(reason=Reason.NO_ANSWER, score=min(0.0, length), parts=parts)
        score = (formed.score + 1) / 2 + length
        return Verdict(reason=Reason.PARTIAL, score=score, parts=parts)


def arch(x: float, peak: float) -> float:
    """L(x): 0 at x = 0, 1 at the peak, −1 at x = 1, and falling beyond."""
    if x <= peak:
        return 1 - (1 - x / peak) ** 2
    return 1 - 2 * ((x - peak) / (1 - peak)) ** 2
