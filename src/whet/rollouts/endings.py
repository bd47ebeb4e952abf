"""What a verdict of the environment says of a rollout's ending, and of its single replies."""

from dataclasses import replace

from whet.rewards.judging.numbers import sound
from whet.types import Finish, Rollout, UsageError


def ended(rollout: Rollout) -> Rollout:
    """The rollout with the ending that its verdict names, and with the credit of its replies.

    A turn reward is the credit of the last token of its reply: credit_n = Σ of the turn rewards
    whose reply ends at token n.  A verdict with a number that is none is a fault.  Raises
    `UsageError` for another number of turn rewards than of replies.
    """
    if rollout.verdict is None:
        return rollout
    verdict = sound(rollout.verdict, rollout.task.id, "the environment")
    rollout = replace(rollout, verdict=verdict)
    finish = Finish.FAULT if verdict.fault else verdict.finish or rollout.finish
    rewards, spoken = verdict.turn_rewards, rollout.spoken
    if not rewards:
        return replace(rollout, finish=finish)
    if len(rewards) != len(spoken):
        raise UsageError(
            f"the environment gave {len(rewards)} turn rewards to {len(spoken)} replies of task "
            f"{rollout.task.id!r}, seed {rollout.seed}; give one for each reply, or none"
        )
    credit = [*verdict.credit] or [0.0] * rollout.length
    for reply, reward in zip(spoken, rewards, strict=True):
        if reply.stop > reply.start:
            credit[reply.stop - 1] += reward
    return replace(rollout, finish=finish, verdict=replace(verdict, credit=tuple(credit)))
