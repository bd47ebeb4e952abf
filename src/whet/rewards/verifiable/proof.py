"""Proofs in propositional logic, checked by a kernel of natural deduction."""

import re
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.protocols import Reward
from whet.rewards.verifiable._announced import announced, final_text
from whet.rewards.verifiable._natural_deduction import ProofCheck, check
from whet.types import Reason, Rollout, UsageError, Verdict

_FENCE = re.compile(r"```[a-z]*[ \t]*\n(.*?)```", re.DOTALL)


@runtime_checkable
class ProofCredit(Protocol):
    """What a proof is worth."""

    def __call__(self, checked: ProofCheck) -> float:
        """From how far it was followed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOrNothing:
    """1 for a proof, 0 for anything else."""

    def __call__(self, checked: ProofCheck) -> float:
        return float(checked.proved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """1 for a proof, else  min(cap, lines before the first error / lines).

    Lines that follow and lead nowhere are paid, too: a policy can learn to write those.
    """

    cap: float = 0.5

    def __post_init__(self) -> None:
        """Less than a proof is worth less than one."""
        if not 0 <= self.cap < 1:
            raise UsageError(f"proof.credit.cap is {self.cap}; give a share, from 0 to below 1")

    def __call__(self, checked: ProofCheck) -> float:
        return 1.0 if checked.proved else min(self.cap, checked.accepted / max(checked.total, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof(Reward):
    r"""What the kernel makes of a proof of `info["statement"]`, such as `P, P -> Q |- Q`.

    The proof stands, after the thoughts, in the last fence, in `<answer>…</answer>`, in `\boxed{…}`
    or after the last `#`: lines such as `1 assume P`, `2 ->I 1-1`, or the same with `;` between
    them.  Rules: assume, premise, ->I, ->E, &I, &E1, &E2, |I1, |I2, |E, _|_E, LEM; `~P` is short
    for `P -> _|_`.  `credit` is `AllOrNothing`, or `Prefix` for partial credit.  A statement that
    can't be read is a fault.
    """

    credit: ProofCredit = AllOrNothing()
    longest: int = 20_000  # characters of a proof

    def score(self, rollout: Rollout) -> Verdict:
        """Hand it to the kernel."""
        task = rollout.task
        if "statement" not in task.info:
            return Verdict.unjudged(f"task {task.id!r} brings no info['statement']")
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        fences = _FENCE.findall(text[: self.longest])
        given = fences[-1] if fences else announced(rollout, self.longest)
        if isinstance(given, Verdict):
            return given
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
