"""Conversations to imitate, as rows of tokens."""

from dataclasses import replace

from whet.protocols import Renderer
from whet.rollouts.hearing import hear
from whet.rollouts.replies import certain
from whet.rollouts.row import Row
from whet.types import Rollout, Task
from whet.types.transcripts import Transcript


def demonstrated(renderer: Renderer, task: Task, said: str | Transcript) -> Rollout:
    """A rollout in which the replies are external tokens, with probability 1.

    Observations become tokens as in a play of the policy.  Each reply is closed as the renderer
    closes a reply to the opening.
    """
    if isinstance(said, str):
        return renderer.demonstration(task, said)
    row, opened = Row(), replace(task, prompt=said.turns[0][0], tools=(*task.tools, *said.tools))
    for observation, reply in said.turns:
        hear(renderer, task, row, observation, () if row.token_ids else said.tools)
        ids = renderer.closed_ids(opened, reply)
        row.choose(ids, None, certain(len(ids)))
        text = renderer.text(ids)
        row.reply(len(ids), text, renderer.char_ends(ids, text), "")
    return row.recorded(task=task, seed=0).sealed()
