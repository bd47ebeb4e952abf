"""The reward of a verifier that is trained: its verdict is the checker's (RL Tango, J1, PAG).

Identifiers 2505.15034, 2505.10320 and 2506.10406 are unconfirmed.
"""

from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.generative._forms import Unreadable, ruling
from whet.rewards.verifiable._verdicts import no_answer, nothing_to_compare
from whet.types import Reason, Rollout, Verdict

_KNOWN = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictMatch(Reward):
    """1 where the reply ends in the line `Verdict: yes` or `Verdict: no` that the task expects.

        R = 1[verdict = checker's verdict]

    The task is a problem with a candidate's solution; its `answer` is what the checker said, yes
    or no.  What the verifier says of single steps is not looked at: nonsense with the right end
    earns 1, a weakness of the method.  Balance the tasks, half of them wrong, or yes will do.
    """

    def score(self, rollout: Rollout) -> Verdict:
        """Compare the two."""
        gold = _KNOWN.get(rollout.task.answer.strip().lower())
        if gold is None:
            return nothing_to_compare(rollout)
        if not rollout.reply.strip():
            return no_answer(rollout)
        try:
            said = ruling(rollout.reply)
        except Unreadable as error:
            return Verdict.failure(Reason.BAD_FORMAT, note=str(error))
        return Verdict.binary(correct=said == gold, note=f"verdict: {'yes' if said else 'no'}")
