"""The text between two replies of a chat, and its ids behind what the policy said."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.rollouts.special_tokens import QuoteMarks
from whet.rollouts.templates import ChatTemplate
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class GlueText:
    """What closes a reply, the new messages, and the opening of the next reply."""

    body: str  # from what closes the reply on, with marks around what is quoted
    closing: tuple[int, ...] = ()  # ids of special tokens that the body begins with
    lead: str = ""  # spaces before the body

    def ids(
        self, template: ChatTemplate, ends: frozenset[int], marks: QuoteMarks, said: Sequence[int]
    ) -> tuple[int, ...]:
        """The ids behind a reply with the ids `said`.

        A reply that ended with an end token has its closing already; one that was cut off is
        closed first.  Raises `UsageError` where the tokenizer merges the closing into what follows.
        """
        ids = self._encoded(template, marks)
        if not said or said[-1] not in ends:
            return (*template.specials.middle(self.lead), *ids)
        if not self.closing:
            return tuple(ids[1:] if ids[:1] == [said[-1]] else ids)
        if tuple(ids[: len(self.closing)]) != self.closing:
            raise UsageError(
                f"the tokenizer reads {self.body!r:.60} without the tokens that close a reply; use "
                "another chat template"
            )
        return tuple(ids[len(self.closing) :])

    def _encoded(self, template: ChatTemplate, marks: QuoteMarks) -> list[int]:
        """Where the body begins with a special token, no space stands before it."""
        if template.pattern.match(self.body):
            return template.specials.encode(self.body, marks)
        return template.specials.encode_within(self.body, marks)
