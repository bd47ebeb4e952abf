"""Trains a verifier: its verdict should be the checker's (RL Tango, J1, PAG).

Identifiers 2505.15034, 2505.10320 and 2506.10406 are unconfirmed.
"""

from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.generative.quotations import Unreadable, last_verdict
from whet.rewards.verifiable.extraction import after_think, with_open_think
from whet.rewards.verifiable.verdicts import no_answer, nothing_to_compare
from whet.types import Reason, Rollout, Verdict

_KNOWN = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictMatch(Reward):
    """1 where the reply ends in the line `Verdict: yes` or `Verdict: no` that the task expects.

        R = 1[verdict = checker's verdict]

    The task is a problem with a candidate's solution; its `answer` is the checker's verdict, yes or
    no.  The verifier's reasoning is not judged: nonsense with the right end earns 1, a weakness of
    the method.  Make half of the tasks wrong, or a constant yes pays.
    """

    def score(self, rollout: Rollout) -> Verdict:
        gold = _KNOWN.get(rollout.task.answer.strip().lower())
        if gold is None:
            return nothing_to_compare(rollout)
        if not rollout.reply.strip():
            return no_answer(rollout)
        try:
            said = last_verdict(after_think(with_open_think(rollout.turns)) or "")
        except Unreadable as error:
            return Verdict.failure(Reason.BAD_FORMAT, note=str(error))
        return Verdict.binary(correct=said == gold, note=f"verdict: {'yes' if said else 'no'}")
