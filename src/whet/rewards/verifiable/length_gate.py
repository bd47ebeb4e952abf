"""A gate: the reply ends by itself, and its length is within limits."""

from dataclasses import dataclass

from whet.protocols import Reward
from whet.types import Finish, Reason, Rollout, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthGate(Reward):
    """1 where the policy sampled from `shortest` to `longest` tokens and was not truncated, else 0.

    `shortest` is for tasks that need a chain of thought.  The answer is not judged: use this reward
    as a gate or a component.
    """

    shortest: int = 1
    longest: int = 1 << 20

    def __post_init__(self) -> None:
        if not 0 <= self.shortest <= self.longest:
            raise UsageError(
                f"length_gate.shortest is {self.shortest} and longest {self.longest}; "
                "give 0 <= shortest <= longest"
            )

    def run_warning(self, spec: RunSpec) -> str:
        """Warns where no reply can be long enough."""
        if self.shortest <= spec.max_new_tokens:
            return ""
        return (
            f"length_gate.shortest is {self.shortest}, but a reply has at most "
            f"{spec.max_new_tokens} tokens (sampling.decoding.max_new_tokens), so none passes; "
            "give less"
        )

    def score(self, rollout: Rollout) -> Verdict:
        parts = {"tokens": float(rollout.length)}
        if rollout.finish is Finish.LENGTH:
            return Verdict(reason=Reason.TRUNCATED, score=0.0, parts=parts)
        if self.shortest <= rollout.length <= self.longest:
            return Verdict(reason=Reason.OK, score=1.0, parts=parts)
        note = "too short" if rollout.length < self.shortest else "too long"
        return Verdict(reason=Reason.BAD_FORMAT, score=0.0, parts=parts, note=note)
