"""Checks of the chats that a run or an evaluation will have, before the first of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from whet.calls.tools import schemas_of
from whet.environments.agents.tool_agent import ToolAgent
from whet.environments.single_turn import SingleTurn
from whet.policy.inspection import walk
from whet.protocols import Environment, Renderer
from whet.types import Task, UsageError

_LOOKED_AT = 16  # openings of an environment of several turns


def check_chats(
    renderer: Renderer, tasks: Sequence[Task], environment: Environment
) -> Mapping[str, Any]:
    """Facts of the chat template, after a check that it takes what these tasks need.

    Of chats in an environment of several turns, a few openings are rendered with the tools of the
    environment, and the later turns with stand-ins.  Empty where no task is a chat.

    Raises `UsageError` where the template does not tell how a turn follows a reply.
    """
    chats = [task for task in tasks if not isinstance(task.prompt, str)]
    if not chats:
        return {}
    if not isinstance(environment, SingleTurn):
        _check_turns(renderer, chats, environment)
    return renderer.facts()


def _check_turns(renderer: Renderer, chats: Sequence[Task], environment: Environment) -> None:
    agents = [part for part in walk(environment) if isinstance(part, ToolAgent)]
    given = [schema for agent in agents for schema in schemas_of(agent.tools)]
    for task in chats[:_LOOKED_AT]:
        try:
            renderer.opening(task.prompt, (*task.tools, *given))
        except UsageError as error:
            raise UsageError(f"{task.id}: {error}") from error
    if given or any(task.tools for task in chats):
        renderer.check_results()
    if not agents:  # a tool agent sends results alone
        renderer.check_turns()
