"""The policy as its own judge: a reward that asks a model asks the current weights."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import blake2b
from typing import Any, Protocol, runtime_checkable

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.generative.pointwise import Pointwise
from whet.rewards.verifiable.extraction import with_open_think
from whet.types import (
    ChatDecoding,
    ChatReply,
    Decoding,
    Group,
    Message,
    Need,
    Prompt,
    Request,
    Task,
    UsageError,
    Verdict,
)
from whet.types.messages import content_of


@runtime_checkable
class PromptStyle(Protocol):
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
        return self.between.join(content_of(message) for message in messages) + self.between


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyJudge(GroupReward):
    """`judge` with the policy as its model.

    The questions are played like tasks, in the run's environment, which must be a single turn.
    They have no gradient.  The judge changes with the policy; to keep it fixed, serve a snapshot
    and give the judge that server.  Log-probabilities exist for sampled tokens only, so beliefs are
    votes.
    """

    needs = frozenset({Need.POLICY})
    compares = False

    judge: Judge = Pointwise()
    prompt_style: PromptStyle = Chat()

    def __post_init__(self) -> None:
        asks = is_dataclass(self.judge) and "chat_model" in {f.name for f in fields(self.judge)}
        if not asks:
            raise UsageError(
                f"policy_judge.judge is {self.judge}, which asks no model; "
                "give a judge with a chat model"
            )

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        judge: Any = self.judge
        lent = replace(
            judge, chat_model=_PolicyChatModel(context=context, prompt_style=self.prompt_style)
        )
        return await context.judge(lent, group)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PolicyChatModel:
    """A chat model that plays requests with the policy.  Equal questions have equal seeds."""

    context: RewardContext
    prompt_style: PromptStyle

    async def complete(
        self, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        """One reply per sample."""
        prompt = self.prompt_style(messages)
        label = repr((prompt, decoding.seed)).encode()
        seeds = tuple(
            int.from_bytes(blake2b(label, digest_size=7, salt=i.to_bytes(8)).digest())
            for i in range(decoding.samples)
        )
        name = blake2b(label, digest_size=8).hexdigest()
        request = Request.of(
            Task(id=f"judge:{name}", prompt=prompt),
            seeds,
            Decoding(temperature=decoding.temperature, max_new_tokens=decoding.max_new_tokens),
        )
        return tuple(
            ChatReply(
                text=with_open_think(rollout.turns),
                finish=rollout.finish,
                prompt_tokens=len(rollout.token_ids) - rollout.length,
                reply_tokens=rollout.length,
            )
            for rollout in await self.context.played(request)
        )
