"""Values by label: the answer of the task family `lock`."""

import re
from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.verdicts import nothing_to_compare
from whet.types import Finish, Reason, Rollout, Verdict

_REPLY = re.compile(r"(?:[a-z][0-9])+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled(Reward):
    """1 where each label of the answer has its value in the reply, else 0.

    Answer and reply are chains of a letter and a digit, such as `f6j0n6`, without any other text.
    The reply may have more labels than the answer; of a repeated label the last value counts.
    """

    def score(self, rollout: Rollout) -> Verdict:
        gold, reply = rollout.task.answer, rollout.reply
        if not _REPLY.fullmatch(gold):
            return nothing_to_compare(rollout)
        if rollout.finish is Finish.LENGTH:
            return Verdict.failure(Reason.TRUNCATED)
        if not _REPLY.fullmatch(reply):
            return Verdict.failure(Reason.BAD_FORMAT)
        wanted, given = _values(gold), _values(reply)
        answer = "".join(label + given.get(label, "?") for label in wanted)
        return Verdict.binary(correct=wanted.items() <= given.items(), answer=answer)


def _values(chain: str) -> dict[str, str]:
    return dict(zip(chain[::2], chain[1::2], strict=True))
