"""A gate: the reply, including its thoughts, is in the requested language."""

from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.languages import codes, detect_language, share
from whet.types import Reason, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Language(Reward):
    """1 where the reply is in the language `code` and its letters belong to its script, else 0.

    py3langid detects the language.  At least the share `least` of all letters must belong to the
    script; `parts["share"]` is that share.  DeepSeek-R1 (arXiv:2501.12948, unconfirmed) adds the
    share of words instead.  A reply of formulas alone is in no language.  The answer is not judged:
    use this reward as a gate or a component.
    """

    code: str = "en"
    least: float = 0.9

    def __post_init__(self) -> None:
        if self.code not in codes():
            raise UsageError(f"language.code is {self.code!r}; choose from {', '.join(codes())}")
        if not 0 <= self.least <= 1:
            raise UsageError(f"language.least is {self.least}; give a share, from 0 to 1")

    def score(self, rollout: Rollout) -> Verdict:
        found, part = detect_language(rollout.reply), share(rollout.reply, self.code)
        well = found == self.code and part >= self.least
        reason = Reason.OK if well else Reason.BAD_FORMAT
        return Verdict(reason=reason, score=float(well), parts={"share": part}, note=found)
