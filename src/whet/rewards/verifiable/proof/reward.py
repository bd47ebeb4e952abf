"""The reward `proof`: extract the proof and pass it to the kernel."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import announced, final_text
from whet.rewards.verifiable.fences import is_open, last_block
from whet.rewards.verifiable.proof.natural_deduction import ProofCheck, check
from whet.rewards.verifiable.verdicts import no_answer
from whet.types import Reason, Rollout, UsageError, Verdict


@runtime_checkable
class ProofCredit(Protocol):
    """The score of a proof, from the result of checking it."""

    def __call__(self, checked: ProofCheck) -> float:
        """A score in [0, 1]."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOrNothing:
    """1 for a complete proof, else 0."""

    def __call__(self, checked: ProofCheck) -> float:
        return float(checked.proved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """1 for a proof, else  min(cap, lines before the first error / lines).

    Valid lines that lead nowhere are paid too, and a policy can learn to write those.
    """

    cap: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.cap < 1:
            raise UsageError(f"proof.credit.cap is {self.cap}; give a share, from 0 to below 1")

    def __call__(self, checked: ProofCheck) -> float:
        return 1.0 if checked.proved else min(self.cap, checked.accepted / max(checked.total, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof(Reward):
    r"""The kernel's result for a proof of `info["statement"]`, such as `P, P -> Q |- Q`.

    The proof stands after the thoughts in the last fence, in `<answer>…</answer>`, in `\boxed{…}`
    or after the last `#`.  It consists of lines such as `1 assume P`, `2 ->I 1-1`, or the same with
    `;` between them.  The rules are assume, premise, ->I, ->E, &I, &E1, &E2, |I1, |I2, |E, _|_E and
    LEM; `~P` is an abbreviation of `P -> _|_`.  `credit` is `AllOrNothing`, or `Prefix` for partial
    credit.  An unreadable statement is a fault.
    """

    credit: ProofCredit = AllOrNothing()
    longest: int = 20_000  # characters of a proof

    def score(self, rollout: Rollout) -> Verdict:
        task = rollout.task
        if "statement" not in task.info:
            return Verdict.unjudged(f"task {task.id!r} has no info['statement']")
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        if is_open(text):
            return no_answer(rollout)
        block = last_block(text)
        given = announced(rollout, self.longest) if block is None else block
        if isinstance(given, Verdict):
            return given
        if len(given) > self.longest:
            return Verdict.failure(Reason.WRONG, note=f"{len(given)} characters")
        checked = check(str(task.info["statement"]), given)
        score = self.credit(checked)
        reason = Reason.PARTIAL if 0 < score < 1 else Reason.OK if score else Reason.WRONG
        parts = {"accepted": float(checked.accepted), "lines": float(checked.total)}
        return Verdict(
            reason=reason,
            score=score,
            correct=checked.proved,
            parts=parts,
            note=checked.error[:200],
        )
