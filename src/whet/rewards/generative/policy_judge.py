"""The policy as its own judge: any judge that asks a model asks the weights of now."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import blake2b
from typing import Any, Protocol, runtime_checkable

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.generative.pointwise import Pointwise
from whet.types import (
    Asking,
    ChatReply,
    Decoding,
    Group,
    Message,
    Need,
    Prompt,
    Refusal,
    Request,
    Task,
    Verdict,
)


@runtime_checkable
class Manner(Protocol):
    """How a judge's question is put to a policy."""

    def __call__(self, messages: tuple[Message, ...]) -> Prompt:
        """The prompt."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """As the chat that it is; the tokenizer needs a template."""

    def __call__(self, messages: tuple[Message, ...]) -> Prompt:
        return messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """As running text, for models that know no chat."""

    between: str = "\n\n"

    def __call__(self, messages: tuple[Message, ...]) -> Prompt:
        return self.between.join(message["content"] for message in messages) + self.between


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyJudge(GroupReward):
    """Lends `judge` the policy as its adviser.

    The questions are played like tasks, in the run's environment, which has to be one question
    and one answer; no gradient goes into what is said.  The judge moves with the policy: for one
    that stays, serve a snapshot and give the judge that server.  The policy tells no
    log-probabilities of words that it didn't choose, so beliefs are votes.
    """

    needs = frozenset({Need.POLICY})

    judge: Judge = Pointwise()
    manner: Manner = Chat()

    def __post_init__(self) -> None:
        asks = is_dataclass(self.judge) and "adviser" in {f.name for f in fields(self.judge)}
        if not asks:
            raise Refusal(
                f"policy_judge.judge is {self.judge}, which asks nobody; give one that does"
            )

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        judge: Any = self.judge
        lent = replace(judge, adviser=_Voice(context=context, manner=self.manner))
        return await context.judge(lent, group)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voice:
    """An adviser made of a way to play.  The same question has the same seeds."""

    context: RewardContext
    manner: Manner

    async def complete(
        self, messages: tuple[Message, ...], asking: Asking
    ) -> tuple[ChatReply, ...]:
        """Play the question, once per sample."""
        prompt = self.manner(messages)
        label = repr((prompt, asking.seed)).encode()
        seeds = tuple(
            int.from_bytes(blake2b(label, digest_size=7, salt=i.to_bytes(8)).digest())
            for i in range(asking.samples)
        )
        name = blake2b(label, digest_size=8).hexdigest()
        request = Request.of(
            Task(id=f"judge:{name}", prompt=prompt),
            seeds,
            Decoding(temperature=asking.temperature, length=asking.length),
        )
        return tuple(
            ChatReply(
                text=rollout.reply,
                prompt_tokens=len(rollout.token_ids) - rollout.length,
                reply_tokens=rollout.length,
            )
            for rollout in await self.context.played(request)
        )
