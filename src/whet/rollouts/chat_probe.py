"""A probe of a chat template, before any play: it tells how turns end, or the run is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from os.path import commonprefix
from typing import Any

from whet.calls.formats import FORMATS
from whet.rollouts.declared_glue import DeclaredGlue
from whet.rollouts.dropped import Messages
from whet.rollouts.glue import TemplateGlue
from whet.rollouts.templates import OPENED, WHOLE, ChatTemplate
from whet.rollouts.tool_forms import ToolForms
from whet.rollouts.tool_results import AWKWARD
from whet.types import UsageError
from whet.types.messages import ASSISTANT, TOOL, USER

KEEPS_FORM = (
    "every later turn has the form of the second one; this chat template gives turns a form by "
    "their place"
)
KEEPS_THINKING = "earlier thinking stays in context; this chat template would drop it"
_ASKED: dict[str, Any] = {"role": USER, "content": "whetquestion"}
_THOUGHT = "whetthought"
_REPLY = "whetanswer"
_THOUGHTFUL = {"role": ASSISTANT, "content": f"<think>\n{_THOUGHT}\n</think>\n\n{_REPLY}"}


def _result(number: int) -> dict[str, Any]:
    held = {"name": "probe", "tool_call_id": f"whetcall{number}", "content": f"whetresult{number}"}
    return {"role": TOOL, **held}


_TURNS: Mapping[str, Messages] = {
    "a message of the user": [_ASKED],
    "a long message with spaces and marks": [{"role": USER, "content": AWKWARD}],
}
_RESULTS: Mapping[str, Messages] = {
    "the result of a tool": [_result(1)],
    "two results at once": [_result(1), _result(2)],
}


@dataclass(frozen=True, slots=True)
class ChatProbe:
    """Talks with stand-ins for all that is said, through the glue of a run."""

    template: ChatTemplate
    glue: TemplateGlue | DeclaredGlue
    forms: ToolForms

    def check_turns(self) -> None:
        """Raise `UsageError` where no later message of the user can follow a reply."""
        for talk, messages in _TURNS.items():
            self._check(talk, messages)
        if self._drops_thinking():
            self.template.notes[KEEPS_THINKING] = None
        if self._numbers_turns():
            self.template.notes[KEEPS_FORM] = None

    def check_results(self) -> None:
        """Raise `UsageError` where no result of a tool can follow a reply."""
        for talk, messages in _RESULTS.items():
            self._check(talk, messages)

    def facts(self) -> Mapping[str, Any]:
        """What the template does, for the card of a run; empty without a template."""
        if not self.template.there:
            return {}
        ends, name = self.glue.ends, self.template.tokenizer.convert_ids_to_tokens
        closing = self.template.closing(ends)
        return {
            "end_tokens": name(sorted(ends)),
            "closing": name([*closing]),
            "generation_prompt": self._generation_prompt(),
            "calls": self._calls(),
            "notes": [*self.template.notes],
        }

    def _check(self, talk: str, messages: Messages) -> None:
        """Put the messages behind a reply that was closed, and behind one that was cut off."""
        for said in (self.template.closing(self.glue.ends), ()):
            try:
                self.glue.ids(messages, said)
            except UsageError as error:
                raise UsageError(
                    f"the chat template does not tell how {talk} follows a reply ({error}); "
                    "declare it with --model.chat.glue.closing and --model.chat.glue.user"
                ) from error

    def _drops_thinking(self) -> bool:
        """Whether a rendering of the past would leave out what was thought before."""
        try:
            text = self.template.rendered([_ASKED, _THOUGHTFUL, _ASKED], (), OPENED)
        except UsageError:
            return False
        return _THOUGHT not in text

    def _numbers_turns(self) -> bool:
        """Whether a turn has another form behind more turns."""
        earlier, reply = ({"role": ASSISTANT, "content": word} for word in ("hm", _REPLY))
        short = [_ASKED, reply, _ASKED]
        try:
            texts = [
                self.template.rendered(talk, (), OPENED)
                for talk in (short, [_ASKED, earlier, *short])
            ]
        except UsageError:
            return False
        first, second = (text.partition(_REPLY)[2] for text in texts)
        return first != second

    def _generation_prompt(self) -> str:
        """What opens a reply behind a question; "" where the template does not take one alone."""
        encode, decode = self.template.specials.middle, self.template.tokenizer.decode
        try:
            texts = [self.template.rendered([_ASKED], (), how) for how in (WHOLE, OPENED)]
        except UsageError:
            return ""
        whole, opened = map(encode, texts)
        return decode(opened[len(commonprefix([whole, opened])) :])

    def _calls(self) -> str:
        """The name of the format of calls, or of the class of a declared one."""
        held = self.forms.calls
        known = (name for name, form in FORMATS.items() if form == held)
        return next(known, type(held).__name__)
