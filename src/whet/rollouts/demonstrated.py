"""A given reply, as a chat template says it behind the opening of a chat."""

from collections.abc import Sequence

from whet.rollouts.chats import chat_of, continued
from whet.rollouts.dropped import Messages, Tools
from whet.rollouts.templates import OPENED, WHOLE, ChatTemplate
from whet.types import Message, UsageError
from whet.types.messages import ASSISTANT

_STAND_IN = "whetanswer"


def worded(template: ChatTemplate, prompt: Sequence[Message], tools: Tools, reply: str) -> str:
    """A reply as the template prints it behind the opening, up to what closes it.

    What the template puts before a reply (a space, a channel, an empty thought) and the spaces
    behind it belong to it, because a model that was trained on the template says them.  A template
    may trim the reply.  The reply stays as it is where the template changes it in another way, and
    where it continues a message.
    """
    chat = chat_of(prompt)
    if continued(chat):
        return reply
    printed, stand_in = (_behind(template, chat, tools, text) for text in (reply, _STAND_IN))
    before, found, _ = stand_in.partition(_STAND_IN)
    kept = [text for text in (reply, reply.strip()) if printed.startswith(before + text)]
    if not found or not kept:
        return reply
    said = before + kept[0]
    behind = printed[len(said) :]
    closed = template.pattern.match(behind.lstrip())
    return said + (behind[: len(behind) - len(behind.lstrip())] if closed else "")


def _behind(template: ChatTemplate, chat: Messages, tools: Tools, reply: str) -> str:
    """What a rendering with a reply has behind the opening; "" where that is no part of it."""
    whole = [*chat, {"role": ASSISTANT, "content": reply}]
    try:
        opened = template.rendered(chat, tools, OPENED)
        text = template.rendered(whole, tools, WHOLE)
    except UsageError:
        return ""
    return text[len(opened) :] if text.startswith(opened) else ""


def reply_ids(
    template: ChatTemplate, prompt: Sequence[Message], tools: Tools, said: str
) -> list[int]:
    """Ids of a text behind the opening of a chat.

    They are those of the opening with the text, without the opening's; where tokens of both run
    together, those of a text that continues another one.
    """
    text, marks = template.opened(prompt, tools)
    before, whole = (template.specials.encode(text + more, marks) for more in ("", said))
    if whole[: len(before)] == before:
        return whole[len(before) :]
    return template.specials.middle(said)
