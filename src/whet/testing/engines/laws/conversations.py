"""The law of conversations: later replies are those of a forward over the whole text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import Environment, Policy
from whet.testing.engines.examined import ExaminedEngine, played, rollouts_of
from whet.testing.engines.findings import LawRecord
from whet.testing.engines.laws.sampling import compare
from whet.types import Decoding, Finish, Group, Over, Task, UsageError

_SHORT = 4  # tokens of a reply
_HOW = Decoding(max_new_tokens=_SHORT)
_ANSWER = "+5="
_SEEDS = (61, 62, 63)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thrice(Environment):
    """Asks for a reply, and twice for another one."""

    async def play(self, task: Task, policy: Policy) -> None:
        """A conversation that is full ends before."""
        try:
            for asked in (task.prompt, _ANSWER, _ANSWER):
                await policy(asked)
        except Over:
            return


async def a_conversation_is_a_full_forward(subject: ExaminedEngine, found: LawRecord) -> None:
    """Replies after an observation are those of the whole text, each with a limit of its own."""
    try:
        groups = await conversations(subject, _HOW)
    except UsageError as error:
        found.unshown = f"the model takes no second turn of plain text: {error}"
        return
    rollouts = [rollout for rollout in rollouts_of(groups) if len(rollout.acts) > 1]
    if not rollouts:
        found.unshown = "no conversation had room for a second reply"
        return
    for rollout in rollouts:
        full = len(rollout.token_ids) == subject.positions
        for act in rollout.acts:
            size = act.stop - act.start
            whole = size == _SHORT or full or act.finish is not Finish.LENGTH
            found.holds(
                f"a later reply of {size} tokens is reported as cut at {_SHORT}",
                sound=whole and size <= _SHORT,
            )
    await compare(subject, found, rollouts)


async def conversations(
    subject: ExaminedEngine, how: Decoding, seeds: Sequence[int] = _SEEDS
) -> list[Group]:
    """Conversations of up to three replies."""
    short = replace(how, max_new_tokens=_SHORT)
    return await played(subject.player.within(Thrice()), short, seeds)
