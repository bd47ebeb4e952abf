"""One judgement in progress: the model that is asked, the cost, and the verdict."""

import asyncio
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from whet.protocols import ChatModel
from whet.rewards.generative.forms import AnswerForm, Unreadable
from whet.rewards.generative.prompts import brief
from whet.types import ChatDecoding, ChatReply, Message, Reason, UsageError, Verdict

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoChatModel:
    """A placeholder for the model of a judge that has none yet, such as one that `policy_judge`
    wraps.
    """

    async def complete(
        self, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        del messages, decoding
        raise UsageError(
            "this judge has no chat model; give it one, such as whet.engines.openai.server.Server("
            "model=…), or have the policy judge itself with policy_judge"
        )


@dataclass(slots=True)
class Consultation:
    """Questions to one model, with the cost of all of them."""

    chat_model: ChatModel
    start: float = field(default_factory=time.perf_counter)
    calls: int = 0
    repairs: int = 0
    remembered: int = 0
    prompt_tokens: int = 0
    reply_tokens: int = 0

    async def ask(
        self, duty: str, exhibits: Mapping[str, str], form: AnswerForm[T], decoding: ChatDecoding
    ) -> list[T]:
        """The content of the judge's form, once per sample.

        An unreadable reply is asked for a second time.  Raises `Unreadable` where that fails too:
        one missing sample makes the whole question a fault.
        """
        messages = brief(duty, exhibits, form.instruction)
        decoding = replace(decoding, schema=form.schema)
        replies = await self._complete(messages, decoding)
        return await gathered(self._read(messages, decoding, form, reply) for reply in replies)

    async def _read(
        self,
        messages: tuple[Message, ...],
        decoding: ChatDecoding,
        form: AnswerForm[T],
        reply: ChatReply,
    ) -> T:
        try:
            return form.read(reply)
        except Unreadable as error:
            complaint = f"This can't be read ({error}). {form.instruction}"
        self.repairs += 1
        more = (
            {"role": "assistant", "content": reply.text},
            {"role": "user", "content": complaint},
        )
        once = replace(decoding, samples=1)
        [again] = await self._complete((*messages, *more), once)
        return form.read(again)

    async def _complete(
        self, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        replies = await self.chat_model.complete(messages, decoding)
        self.calls += len(replies)
        paid = [reply for reply in replies if not reply.remembered]
        self.remembered += len(replies) - len(paid)
        self.prompt_tokens += sum(reply.prompt_tokens for reply in paid)
        self.reply_tokens += sum(reply.reply_tokens for reply in paid)
        return replies

    def bill(self, over: int = 1) -> dict[str, float]:
        """The cost so far, divided by the number of verdicts, as parts of a verdict."""
        return {
            "judge_calls": self.calls / over,
            "judge_repairs": self.repairs / over,
            "judge_remembered": self.remembered / over,
            "judge_prompt_tokens": self.prompt_tokens / over,
            "judge_reply_tokens": self.reply_tokens / over,
        }

    def verdict(
        self,
        score: float,
        parts: Mapping[str, float],
        *,
        correct: bool | None = None,
        note: str = "",
        over: int = 1,
    ) -> Verdict:
        """A verdict with this score, the given parts and the cost."""
        return Verdict(
            reason=_reason(score if correct is None else float(correct), score),
            score=score,
            correct=correct,
            parts={**parts, **self.bill(over)},
            note=note,
            cost_ms=1000 * (time.perf_counter() - self.start) / over,
        )


def _reason(full: float, score: float) -> Reason:
    """The reason that belongs to a score between 0 and 1."""
    if full >= 1:
        return Reason.OK
    return Reason.PARTIAL if score > 0 else Reason.WRONG


async def gathered(questions: Iterable[Awaitable[T]]) -> list[T]:
    """All results, in order.  The first exception is raised once all calls have ended."""
    found = await attempted(questions)
    for answer in found:
        if isinstance(answer, Exception):
            raise answer
    return cast(list[T], found)


async def attempted(questions: Iterable[Awaitable[T]]) -> list[T | Exception]:
    """All results or exceptions, in order.  Raises what is not a fault, such as a `UsageError`."""
    found = await asyncio.gather(*questions, return_exceptions=True)
    for answer in found:
        fault = isinstance(answer, Exception) and not isinstance(answer, UsageError)
        if isinstance(answer, BaseException) and not fault:
            raise answer
    return cast(list[T | Exception], found)


def mean(numbers: Sequence[float]) -> float:
    """The arithmetic mean of at least one number."""
    return sum(numbers) / len(numbers)
