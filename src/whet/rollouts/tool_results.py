"""Results of tools in the form that a chat template takes."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from whet.rollouts.dropped import Messages
from whet.types.messages import TOOL, USER

RESULTS_AS_USER = "the chat template shows no results of tools, so they go as messages of the user"
OTHER_CALL_IDS = "the chat template does not take the ids of some calls, so results have other ids"
CALL_ID = "tool_call_id"
AWKWARD = f"  Whet's <b> & {{{{ next }}}} é\n\n  {'long ' * 200}\n"  # what a template may change


def with_call_ids(chat: Messages) -> Messages:
    """The chat with an id of a call for each result without one.

    Mistral's templates take nothing but nine letters or digits.
    """
    return [
        {**message, CALL_ID: message.get(CALL_ID) or f"whet{place:05}"}
        if message["role"] == TOOL
        else message
        for place, message in enumerate(chat, 1)
    ]


def as_user(chat: Messages) -> Messages:
    """Results of tools, and messages of the user beside them, as one message of the user."""
    told: Messages = []
    for ours, group in groupby(chat, key=_is_ours):
        if ours:
            told.append({"role": USER, "content": "\n".join(map(_said, group))})
        else:
            told += group
    return told


def _is_ours(message: Mapping[str, Any]) -> bool:
    return message["role"] in (TOOL, USER)


def _said(message: Mapping[str, Any]) -> str:
    if message["role"] == USER:
        return message["content"]
    return f"<tool_response>\n{message['content']}\n</tool_response>"
