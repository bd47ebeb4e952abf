"""A policy behind a server, to be measured: it plays, and nobody learns from it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan

from torch import Tensor

from whet.engines.openai.server import Server
from whet.protocols import Environment
from whet.types import Finish, Group, Message, Prompt, Refusal, Request, Rollout

_UNKNOWN = -1  # a token that the server chose and didn't show


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedSampler:
    """Plays any number of rollouts at once; the server's limit says how many really.

    The server counts its tokens and shows none: a rollout's ids are −1 and its log-probabilities
    NaN, so that lengths are right, and any run that tried to learn from it would stop.
    """

    server: Server

    async def play(self, environment: Environment, request: Request) -> Group:
        """Play a request once per seed."""
        if request.prefix:
            raise Refusal(
                f"task {request.task.id!r} begins replies with given tokens, which a server can't "
                "take; use an engine that has the weights"
            )
        plays = (self._play(environment, request, seed) for seed in request.seeds)
        return tuple(await asyncio.gather(*plays))

    async def _play(self, environment: Environment, request: Request, seed: int) -> Rollout:
        voice = _Voice(self.server, request, seed)
        verdict = await environment.play(request.task, voice)
        return Rollout(
            task=request.task,
            seed=seed,
            turns=tuple(voice.turns),
            tokens=(_UNKNOWN,) * voice.length,
            chosen=(True,) * voice.length,
            behaviour_logp=(nan,) * voice.length,
            temperature=request.decoding.temperature or 1.0,
            finish=voice.finish,
            policy_digest=self.digest(),
            verdict=verdict,
        )

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Refuse: the weights are the server's own."""
        raise Refusal(
            f"server {self.server.model!r} can't take {len(weights)} new weights; it can be "
            "measured, not trained"
        )

    def digest(self) -> str:
        """A name, for nobody can see the weights."""
        return f"served:{self.server.model}"

    def spent(self) -> Mapping[str, int]:
        """Tokens read and said since the start."""
        spent = self.server.spent()
        return {
            "prefilled": int(spent["prompt_tokens"]),
            "shared": 0,
            "decoded": int(spent["reply_tokens"]),
        }


@dataclass(slots=True)
class _Voice:
    """One rollout's policy: the conversation so far."""

    server: Server
    request: Request
    seed: int
    messages: list[Message] = field(default_factory=list)
    turns: list[str] = field(default_factory=list)
    length: int = 0
    finish: Finish = Finish.STOP

    async def __call__(self, observation: Prompt) -> str:
        """Text is what a user says; a chat goes as it is."""
        plain = isinstance(observation, str)
        heard = ({"role": "user", "content": observation},) if plain else observation
        self.messages.extend(heard)
        spoken = "\n".join(f"{m['role']}: {m['content']}" for m in heard)
        said = await self.server.say(
            tuple(self.messages), self.request.decoding, self.seed + len(self.turns)
        )
        self.messages.append({"role": "assistant", "content": said.text})
        self.turns.extend((observation if plain else spoken, said.text))
        self.length += said.reply_tokens
        self.finish = said.finish
        return said.text
