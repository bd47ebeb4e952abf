"""One judgement under way: who is asked, what it cost, and the verdict that comes of it."""

import asyncio
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from whet.protocols import ChatModel
from whet.rewards.generative._brief import brief
from whet.rewards.generative._forms import AnswerForm, Unreadable
from whet.types import ChatDecoding, ChatReply, Message, Reason, UsageError, Verdict

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoChatModel:
    """No chat model yet.  A judge that has none can be looked at, and be lent the policy's
    voice.
    """

    async def complete(
        self, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        """Refuse."""
        del messages, decoding
        raise UsageError(
            "this judge has no chat model; give it one, such as whet.engines.openai.server.Server("
            "model=…), or have the policy judge itself with policy_judge"
        )


@dataclass(slots=True)
class Consultation:
    """Counts what all its questions cost."""

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
        """What the judge wrote into the form, once per sample.

        A reply that can't be read is asked for once more, in form.  Raises `Unreadable` when even
        that was in vain: one sample that stays silent spoils the question.
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
        """What it cost so far, for each of `over` verdicts."""
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
        """A score, with all that it was made of."""
        return Verdict(
            reason=_reason(score if correct is None else float(correct), score),
            score=score,
            correct=correct,
            parts={**parts, **self.bill(over)},
            note=note,
            cost_ms=1000 * (time.perf_counter() - self.start) / over,
        )


def _reason(full: float, score: float) -> Reason:
    """The word for a score between nothing and everything."""
    if full >= 1:
        return Reason.OK
    return Reason.PARTIAL if score > 0 else Reason.WRONG


async def gathered(questions: Iterable[Awaitable[T]]) -> list[T]:
    """All answers, in order.  A failure is raised once everyone has come to an end."""
    found = await attempted(questions)
    for answer in found:
        if isinstance(answer, Exception):
            raise answer
    return cast(list[T], found)


async def attempted(questions: Iterable[Awaitable[T]]) -> list[T | Exception]:
    """All answers, or what went wrong, in order.  Raises what is no fault, such as a
    `UsageError`.
    """
    found = await asyncio.gather(*questions, return_exceptions=True)
    for answer in found:
        fault = isinstance(answer, Exception) and not isinstance(answer, UsageError)
        if isinstance(answer, BaseException) and not fault:
            raise answer
    return cast(list[T | Exception], found)


def mean(numbers: Sequence[float]) -> float:
    """Of at least one number."""
    return sum(numbers) / len(numbers)
