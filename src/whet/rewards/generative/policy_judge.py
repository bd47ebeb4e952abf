"""The policy as its own judge: a reward that asks a model asks the current weights."""

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
    """The way in which a judge's question becomes a prompt."""

    def __call__(self, messages: tuple[Message, ...]) -> Prompt:
        """The prompt of the question."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """The question as chat messages; the tokenizer needs a chat template."""

    def __call__(self, messages: tuple[Message, ...]) -> Prompt:
        return messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """The question as plain text, for models without a chat template."""

    between: str = "\n\n"

    def __call__(self, messages: tuple[Message, ...]) -> Prompt:
        return self.between.join(message["content"] for message in messages) + self.between


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyJudge(GroupReward):
    """`judge` with the policy as its model.

    The questions are played like tasks, in the run's environment, which must be a single turn.
    They have no gradient.  The judge changes with the policy; to keep it fixed, serve a snapshot
    and give the judge that server.  Log-probabilities exist for sampled tokens only, so beliefs are
    votes.
    """

    needs = frozenset({Need.POLICY})

    judge: Judge = Pointwise()
    manner: Manner = Chat()

    def __post_init__(self) -> None:
        asks = is_dataclass(self.judge) and "adviser" in {f.name for f in fields(self.judge)}
        if not asks:
            raise Refusal(
                f"policy_judge.judge is {self.judge}, which asks no model; "
                "give a judge with an adviser"
            )

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        judge: Any = self.judge
        lent = replace(judge, adviser=_Voice(context=context, manner=self.manner))
        return await context.judge(lent, group)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voice:
    """A chat model that plays requests with the policy.  Equal questions have equal seeds."""

    context: RewardContext
    manner: Manner

    async def complete(
        self, messages: tuple[Message, ...], asking: Asking
    ) -> tuple[ChatReply, ...]:
        """One reply per sample."""
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
