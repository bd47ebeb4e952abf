"""How the chats of a model show tools, and how its replies call them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from typing import Any

from whet.calls.call_format import CallFormat
from whet.calls.formats import detected
from whet.rollouts.chats import chat_of, check_tools
from whet.rollouts.dropped import Messages, Tools
from whet.rollouts.templates import OPENED, WHOLE, ChatTemplate
from whet.types import Message, ToolCall, UsageError
from whet.types.messages import ASSISTANT, USER

TOOLS_IN_SYSTEM = "the chat template shows no tools, so their schemas stand in the system message"
TOOLS_IN_USER = (
    "the chat template shows no tools and takes no system message, so their schemas stand in the "
    "first message of the user"
)
_SYSTEM = ("system", "developer")
_ASKED = "whetquestion"
_PROBE: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": "whettool",
        "description": "whettold",
        "parameters": {
            "type": "object",
            "properties": {"q": {"type": "string", "description": "whetparameter"}},
            "required": ["q"],
        },
    },
}
_EXAMPLE = ToolCall(name="NAME", arguments={"PARAMETER": "VALUE"})
_TOLD = """# Tools

You can call functions. Each line between <tools> and </tools> is the schema of one:
<tools>
{schemas}
</tools>

To call a function, write its name and its arguments like this, and nothing behind it:
{example}
The next message holds the result."""


@dataclass(slots=True)
class ToolForms:
    """The form of tools in openings, and of calls in replies."""

    template: ChatTemplate
    _format: CallFormat | None = None
    _shows: bool | None = None  # whether the template prints the tools that it is given

    @property
    def calls(self) -> CallFormat:
        """The declared format, else the one in which the template shows a call, else Hermes."""
        if self._format is None:
            self._format = self.template.settings.calls or detected(self._called)
        return self._format

    def opened(self, prompt: Sequence[Message], tools: Tools) -> tuple[Sequence[Message], Tools]:
        """The chat and the tools that the template has to show.

        Where the template ignores tools, their schemas stand in the system message, else in the
        first message of the user, and a note says so.

        Raises `UsageError` for a chat without a message that could hold them.
        """
        if not tools or not self.template.there or self._printed():
            return prompt, tools
        check_tools(tools)
        told = self._told(tools)
        chat = chat_of(prompt)
        if chat[0]["role"] in _SYSTEM:
            self.template.notes[TOOLS_IN_SYSTEM] = None
            return [
                _with(chat[0], f"{chat[0].get('content', '')}\n\n{told}".strip()),
                *chat[1:],
            ], ()
        if self._takes_system():
            self.template.notes[TOOLS_IN_SYSTEM] = None
            return [{"role": "system", "content": told}, *chat], ()
        self.template.notes[TOOLS_IN_USER] = None
        return _in_question(chat, told), ()

    def _printed(self) -> bool:
        """Whether a rendering with a tool differs from one without."""
        if self._shows is None:
            asked: Messages = [{"role": USER, "content": _ASKED}]
            with_tool, without = (self._tried(asked, tools) for tools in ((_PROBE,), ()))
            self._shows = with_tool is None or with_tool != without
        return self._shows

    def _takes_system(self) -> bool:
        chat = [{"role": "system", "content": "whetsystem"}, {"role": USER, "content": _ASKED}]
        return "whetsystem" in (self._tried(chat, ()) or "")

    def _tried(self, chat: Messages, tools: Tools) -> str | None:
        try:
            return self.template.rendered(chat, tools, OPENED)
        except UsageError:
            return None

    def _told(self, tools: Tools) -> str:
        """The schemas, and how to call one of them."""
        schemas = "\n".join(dumps(tool, ensure_ascii=False) for tool in tools)
        return _TOLD.format(schemas=schemas, example=self.calls.for_tools(tools).write([_EXAMPLE]))

    def _called(self, call: ToolCall) -> str | None:
        """The assistant's message with a call, as the template shows it."""
        asked = {"name": call.name, "arguments": dict(call.arguments)}
        made = {"id": "whetcall1", "type": "function", "function": asked}
        chat: Messages = [{"role": USER, "content": _ASKED}]
        said: Messages = [*chat, {"role": ASSISTANT, "tool_calls": [made]}]
        if not self.template.there:
            return None
        try:
            before, whole = (self.template.rendered(part, (), WHOLE) for part in (chat, said))
        except UsageError:
            return None
        return whole[len(before) :] if whole.startswith(before) else whole


def _with(message: Mapping[str, Any], content: str) -> dict[str, Any]:
    return {**message, "content": content}


def _in_question(chat: Messages, told: str) -> Messages:
    """The chat with a text before its first question."""
    for place, message in enumerate(chat):
        if message["role"] == USER:
            held = _with(message, f"{told}\n\n{message.get('content', '')}")
            return [*chat[:place], held, *chat[place + 1 :]]
    raise UsageError(
        "the tokenizer's chat template shows no tools and takes no system message, and the prompt "
        "has no message of the user to show them in; add one"
    )
