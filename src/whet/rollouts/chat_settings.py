"""What a run may say about the chat template of its model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from whet.calls.call_format import CallFormat
from whet.types import UsageError

CONTENT = "{content}"
_OWN = """
    messages conversation tools documents chat_template add_generation_prompt tokenize
    continue_final_message padding truncation max_length return_tensors return_dict strftime_now
    return_assistant_tokens_mask tokenizer_kwargs sanitize_control_tokens
"""  # arguments of a rendering that are not the template's, or that whet gives itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Glue:
    r"""What stands between two replies of a chat, declared where the template does not tell it.

        Glue(
            closing="<end_of_turn>",
            user="\n<start_of_turn>user\n{content}<end_of_turn>\n<start_of_turn>model\n",
        )

    `closing` are the special tokens that close a reply; the last one ends it.  `user` and `tool`
    are the text from there to the first token of the next reply, with `{content}` once.  Contents
    of several messages at once stand in one such text, with line breaks between them.  Without
    `tool`, results of tools are messages of the user.
    """

    closing: str
    user: str
    tool: str = ""

    def __post_init__(self) -> None:
        for name, text in (("user", self.user), ("tool", self.tool)):
            if text.count(CONTENT) != 1 and (text or name == "user"):
                raise UsageError(
                    f"chat.glue.{name} is {text!r:.80}, which has {CONTENT} {text.count(CONTENT)} "
                    "times; give it once, where the message stands"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """Settings of a chat template, for one that does not tell all by itself."""

    arguments: Mapping[str, Any] = field(
        default_factory=dict, hash=False
    )  # of the template, such as {"enable_thinking": false}
    calls: CallFormat | None = None  # how replies write calls of tools; none: as the template does
    glue: Glue | None = None  # between two replies; none: as the template prints it

    def __post_init__(self) -> None:
        own = sorted({*_OWN.split()} & self.arguments.keys())
        if own:
            raise UsageError(
                f"chat.arguments has {own[0]!r}, which whet gives the template itself; leave it out"
            )


PLAIN = ChatSettings()
