"""The policy as its own judge: any judge that asks a model asks the weights of now."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import blake2b
from typing import Any, Protocol, runtime_checkable

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.generative.pointwise import Pointwise
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


@runtime_checkable
class PromptStyle(Protocol):
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
    """Lends `judge` the policy as its chat model.

    The questions are played like tasks, in the run's environment, which has to be one question
    and one answer; no gradient goes into what is said.  The judge moves with the policy: for one
    that stays, serve a snapshot and give the judge that server.  The policy tells no
    log-probabilities of words that it didn't choose, so beliefs are votes.
    """

    needs = frozenset({Need.POLICY})

    judge: Judge = Pointwise()
    prompt_style: PromptStyle = Chat()

    def __post_init__(self) -> None:
        """Refuse a judge that asks nobody."""
        asks = is_dataclass(self.judge) and "chat_model" in {f.name for f in fields(self.judge)}
        if not asks:
            raise UsageError(
                f"policy_judge.judge is {self.judge}, which asks nobody; give one that does"
            )

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Judge with the policy of this moment."""
        judge: Any = self.judge
        lent = replace(
            judge, chat_model=_PolicyChatModel(context=context, prompt_style=self.prompt_style)
        )
        return await context.judge(lent, group)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PolicyChatModel:
    """A chat model made of a way to play.  The same question has the same seeds."""

    context: RewardContext
    prompt_style: PromptStyle

    async def complete(
        self, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        """Play the question, once per sample."""
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
                text=rollout.reply,
                prompt_tokens=len(rollout.token_ids) - rollout.length,
                reply_tokens=rollout.length,
            )
            for rollout in await self.context.played(request)
        )
