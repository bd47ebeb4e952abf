"""The chat template of a tokenizer: renderings, and the tokens that close a reply."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import takewhile
from json import dumps
from typing import Any

from jinja2 import TemplateError

from whet.rollouts.call_forms import FORMS
from whet.rollouts.chat_settings import ChatSettings
from whet.rollouts.chats import chat_of, check_tools, continued
from whet.rollouts.dates import day_of, frozen
from whet.rollouts.dropped import DroppedParts, Messages, Tools
from whet.rollouts.special_tokens import QuoteMarks, SpecialTokens, Tokenizer, any_of
from whet.types import Message, UsageError
from whet.types.messages import ASSISTANT

# what templates raise; RecursionError is a RuntimeError, UnicodeError a ValueError
_RAISED = (
    TemplateError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
)
_NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token")
_ASKED, _SAID, _NEXT = "whetquestion", "whetanswer", "whetnext"
_TALK: tuple[Message, ...] = (
    {"role": "user", "content": _ASKED},
    {"role": ASSISTANT, "content": _SAID},
    {"role": "user", "content": _NEXT},
)


_Ending = Mapping[str, bool]  # how a rendering ends, as `apply_chat_template` takes it
OPENED: _Ending = {"add_generation_prompt": True}
_CONTINUED: _Ending = {"continue_final_message": True}
WHOLE: _Ending = {}


@dataclass(slots=True)
class ChatTemplate:
    """A tokenizer's chat template, with the date and the settings of the run."""

    tokenizer: Tokenizer
    today: str = ""  # ISO date that the template prints; empty: the present day
    settings: ChatSettings = ChatSettings()
    notes: dict[str, None] = field(
        default_factory=dict
    )  # on what the template leaves out, once each
    specials: SpecialTokens = field(init=False)
    _dropped: DroppedParts = field(init=False)
    _said: frozenset[str] | None = None  # special tokens that no content of the assistant can say
    pattern: re.Pattern[str] = field(init=False)  # of added tokens
    _day: date = field(init=False)
    _frozen: dict[str, str] = field(default_factory=dict)  # templates with the date

    def __post_init__(self) -> None:
        """Read the special tokens; the template is read when a chat comes.

        Raises `UsageError` for arguments that the template does not read.
        """
        self.specials = SpecialTokens(self.tokenizer)
        self.pattern = any_of([text for text in self.specials.added if text.strip()])
        self._day = day_of(self.today)
        self._dropped = DroppedParts(self._tried)
        self._check_arguments()

    @property
    def there(self) -> bool:
        """True where the tokenizer has a chat template."""
        return bool(self.tokenizer.chat_template)

    def ids(self, prompt: Sequence[Message], tools: Tools = ()) -> list[int]:
        """Ids of a chat up to the start of the assistant's turn.

        A last message of the assistant is continued.  Strings of special tokens in contents and
        tools are text; in the assistant's contents, tokens such as a thinking mark, which do not
        part messages, stay what they are.

        Raises `UsageError` where the template does not take the chat or leaves a part of it out.
        """
        return self.specials.encode(*self.opened(prompt, tools))

    def opened(self, prompt: Sequence[Message], tools: Tools = ()) -> tuple[str, QuoteMarks]:
        """The text of these ids, and the marks around what is quoted in it."""
        self._insist()
        chat = chat_of(prompt)
        check_tools(tools)
        ending = _CONTINUED if continued(chat) else OPENED
        marks = QuoteMarks.unused(dumps([chat, tools], ensure_ascii=False))
        marked = [self.marked(message, marks) for message in chat]
        shown = self.specials.marked(tools, marks, frozenset(self.specials.ids))
        text = marks.restored(self.rendered(marked, shown, ending))
        plain = marks.removed(text)
        for note in self._dropped.check(chat, tools, plain):
            self.notes[note] = None
        if ending is _CONTINUED and not plain.endswith(chat[-1]["content"]):
            raise UsageError(
                f"the tokenizer's chat template changes the last message {chat[-1]['content']!r}, "
                "which the reply continues; give it without spaces around it, or use another "
                "template"
            )
        return text, marks

    def quoted(self, text: str) -> list[int]:
        """Ids of a text that continues a chat, without tokens that are special or part messages."""
        if self.there:
            self._parting()
        return self.specials.quoted(text)

    def closing(self, known: frozenset[int]) -> tuple[int, ...]:
        """Ids that the template puts behind a reply; the last one ends it.

        They are found behind a stand-in reply: the special tokens in a row that follow it both at
        the end of a chat and before a next message, up to the first one in `known`, ids that end a
        reply.  Where nothing follows the reply, the token that opens the next message ends it.
        Empty without a template or where no special token follows.  A declared glue names them.
        """
        if self.settings.glue is not None:
            return self.declared_closing(self.settings.glue.closing)
        last, past = (self._behind(_TALK[:n]) for n in (2, 3))
        if last is None:
            return ()
        runs = [[*self._run(tail)] for tail in (last, past or "")]
        if not last.strip():
            return tuple(runs[1][:1])
        shared = [a for a, b in zip(*runs, strict=False) if a == b] or runs[0]
        ahead = [*takewhile(lambda token: token not in known, shared)]
        return tuple(shared[: len(ahead) + 1])

    def declared_closing(self, text: str) -> tuple[int, ...]:
        """Ids of a declared closing.  Raises `UsageError` where it is more than added tokens."""
        if self.pattern.sub("", text).strip():
            raise UsageError(
                f"chat.glue.closing is {text!r:.80}, which is more than special tokens of the "
                "tokenizer; give those that close a reply, and the rest in chat.glue.user"
            )
        return tuple(self.specials.added[name] for name in self.pattern.findall(text))

    def closing_text(self) -> str:
        """What the template puts behind a reply, as text."""
        return (self._behind(_TALK[:2]) or "").strip()

    def marked(self, message: Mapping[str, Any], marks: QuoteMarks) -> dict[str, Any]:
        """A message with marks around the special tokens that are text in it."""
        said = self._parting()
        controls = said if message["role"] == ASSISTANT else frozenset(self.specials.ids)
        inner = self.specials.marked(message, marks, controls)
        return {**inner, "role": message["role"]}

    def _parting(self) -> frozenset[str]:
        """Tokens that part messages: around a question, and at both ends of a reply.

        Added tokens among them that are not special count as special from then on.
        """
        if self._said is None:
            self._said = frozenset(self._parts())
            self.specials.count(self._said)
        return self._said

    def _parts(self) -> Iterator[str]:
        known, ids = self.specials.ids, self.specials.added
        named: Any = self.tokenizer.special_tokens_map
        yield from (named[name] for name in _NAMED if named.get(name) in known)
        asked, whole = (self._shown(_TALK[:n]) for n in (1, 2))
        if asked is None or whole is None:
            yield from known
        else:
            yield from self.pattern.findall(asked)
            yield from self.pattern.findall(whole, len(asked))[:1]
        strings = {number: text for text, number in ids.items()}
        yield from (strings[number] for number in self.closing(frozenset()))

    def _behind(self, talk: Sequence[Message]) -> str | None:
        """What a rendering has behind the stand-in reply; None where it has none."""
        text = self._shown(talk) if self.there else None
        return None if text is None or _SAID not in text else text.rpartition(_SAID)[2]

    def _run(self, tail: str) -> Iterator[int]:
        """The first special or added token in a text, and those that follow it at once."""
        match = self.pattern.search(tail)
        while match is not None:
            yield self.specials.added[match[0]]
            match = self.pattern.match(tail, match.end())

    def _shown(self, talk: Sequence[Message]) -> str | None:
        try:
            return self.rendered([dict(message) for message in talk], (), WHOLE)
        except UsageError:
            return None

    def _tried(self, chat: Messages, tools: Tools) -> str | None:
        try:
            return self.rendered(chat, tools, _CONTINUED if continued(chat) else OPENED)
        except UsageError:
            return None

    def rendered(self, chat: Messages, tools: Tools, ending: _Ending) -> str:
        """The rendering; templates differ in how they read calls, so all forms are tried."""
        first: Exception | None = None
        calling = any("tool_calls" in message for message in chat)
        for form in FORMS if calling else FORMS[:1]:
            try:
                return self._attempt(form(chat), tools, ending)
            except UsageError:
                raise
            except _RAISED as error:
                first = first or error
        roles = ", ".join(message["role"] for message in chat)
        reason = " ".join(str(first).split())
        raise UsageError(
            f"the tokenizer's chat template doesn't take the prompt's messages ({roles}): "
            f"{type(first).__name__}: {reason:.300}; give others, or mend the template"
        ) from first

    def _attempt(self, chat: Messages, tools: Tools, ending: _Ending) -> str:
        given = [dict(tool) for tool in tools] or None
        template = self.tokenizer.get_chat_template(None, given)
        if template not in self._frozen:
            self._frozen[template] = frozen(template, self._day)
        return self.tokenizer.apply_chat_template(
            chat,
            tools=given,
            chat_template=self._frozen[template],
            tokenize=False,
            **self.settings.arguments,
            **ending,
        )

    def _check_arguments(self) -> None:
        texts = self.tokenizer.chat_template
        text = "\n".join(texts.values()) if isinstance(texts, Mapping) else texts or ""
        for name in self.settings.arguments:
            if not re.search(rf"\b{re.escape(name)}\b", text):
                raise UsageError(
                    f"chat.arguments has {name!r}, which the tokenizer's chat template does not "
                    "read; leave it out, or give another name"
                )

    def _insist(self) -> None:
        if not self.there:
            raise UsageError(
                "prompt is a chat, but the tokenizer has no chat template; give prompts as text "
                "and no system prompt, or a model with a template"
            )
