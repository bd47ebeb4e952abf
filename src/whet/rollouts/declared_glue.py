"""A declared glue: what a run says that stands between two replies of a chat."""

from collections.abc import Sequence
from dataclasses import dataclass
from json import dumps

from whet.rollouts.chat_settings import CONTENT, Glue
from whet.rollouts.chats import chat_of
from whet.rollouts.glue import check_others
from whet.rollouts.glue_text import GlueText
from whet.rollouts.special_tokens import QuoteMarks
from whet.rollouts.templates import ChatTemplate
from whet.rollouts.tool_results import as_user
from whet.types import Message, UsageError
from whet.types.messages import TOOL, USER


@dataclass(frozen=True, slots=True)
class DeclaredGlue:
    """Ids of new messages behind a reply, as `Glue` declares them; the template is not asked."""

    template: ChatTemplate
    ends: frozenset[int]  # end-token ids
    declared: Glue

    def ids(self, messages: Sequence[Message], said: Sequence[int]) -> tuple[int, ...]:
        """Ids of the messages behind a reply with the ids `said`, as of `TemplateGlue`.

        Raises `UsageError` for messages of other roles than user and tool.
        """
        chat = chat_of(messages)
        check_others(chat)
        form, contents = self._told(chat)
        marks = QuoteMarks.unused(dumps([form, contents], ensure_ascii=False))
        every = frozenset(self.template.specials.ids)
        content = "\n".join(self.template.specials.marked(contents, marks, every))
        text = GlueText(
            body=self.declared.closing + form.replace(CONTENT, content),
            closing=self.template.declared_closing(self.declared.closing),
        )
        return text.ids(self.template, self.ends, marks, said)

    def _told(self, chat: list[dict[str, str]]) -> tuple[str, list[str]]:
        """The form of these messages, and their contents."""
        roles = {message["role"] for message in chat}
        if roles == {TOOL} and self.declared.tool:
            return self.declared.tool, [message["content"] for message in chat]
        told = as_user(chat)
        for message in told:
            if message["role"] != USER:
                raise UsageError(
                    f"a message of the observation has role {message['role']!r}, for which "
                    "chat.glue has no form; send messages of the user, or results of tools"
                )
        return self.declared.user, [message["content"] for message in told]
