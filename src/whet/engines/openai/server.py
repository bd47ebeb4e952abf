"""A model behind an OpenAI-compatible server, your own or that of a provider."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import inf
from pathlib import Path
from random import Random
from typing import Any

import httpx2 as httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from whet.engines.openai import chat
from whet.engines.openai.connection import Connection, Feature
from whet.engines.openai.response_cache import ResponseCache, name
from whet.engines.openai.transport import Busy, ServerError
from whet.types import ChatDecoding, ChatReply, Decoding, Message, Size, UsageError

_LONGEST_S = 60.0  # maximum wait between two tries
_PROBE = ({"role": "user", "content": 'Reply with the JSON {"yes": 1}'},)
_PROBED = json.dumps(
    {
        "type": "object",
        "properties": {"yes": {"type": "integer"}},
        "required": ["yes"],
        "additionalProperties": False,
    }
)
_PORTS = 65535
_UNUSABLE = frozenset({400, 422})  # of a body that the server does not take
_JITTER = Random()  # for waiting times only; no result depends on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Prices per million tokens, in any currency."""

    prompt: float = 0.0
    reply: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """`POST {url}/chat/completions` of one model that any number of URLs serve, in turn.

    At most `concurrency` questions are under way.  What fails with 408, 409, 425, 429, 5xx, by
    connection, timeout or garbage is tried `retries` times more, at the next URL, after
    `backoff_s` · 2^try · U(½, 3/2) seconds, or as long as the server asks for, up to a minute.
    Log-probabilities, JSON schemas and several samples at once are things that a server may or
    may not have: it is asked once for each, and what it lacks is left out of later questions.  The
    same holds for seeds, where it refuses the question of a conversation.

    Answers are kept by model, messages and the way they are drawn, in memory and in `cache`, a
    folder; the same question is paid for once.  The key is read from the environment variable
    `key_env` and written nowhere.  Equal values share connections, answers and accounts; the
    connections stay open until their event loop ends, and a cancelled question closes its own.
    """

    model: str
    urls: tuple[str, ...] = ("http://127.0.0.1:8000/v1",)
    key_env: str = ""  # the name of an environment variable; none: no key
    concurrency: int = 16
    timeout_s: float = 60.0
    retries: int = 3
    backoff_s: float = 0.5
    cache: str = ""
    price: Price = Price()

    def __post_init__(self) -> None:
        """Raise `UsageError` for settings without a valid request."""
        if not self.model:
            raise UsageError("server.model is ''; give the name that the server knows it by")
        if not self.urls:
            raise UsageError("server.urls is (); give addresses like http://127.0.0.1:8000/v1")
        for url in self.urls:
            _check_url(url)
        for field, least in (("concurrency", 1), ("retries", 0), ("backoff_s", 0)):
            if getattr(self, field) < least:
                raise UsageError(f"server.{field} is {getattr(self, field)}; give {least} or more")
        if not 0 < self.timeout_s < inf:
            raise UsageError(f"server.timeout_s is {self.timeout_s}; give a finite time above 0")

    async def complete(
        self, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        """The replies, from the cache or the server.  Raises `ServerError` if all tries fail."""
        live = _connection(self)

        async def ask() -> tuple[ChatReply, ...]:
            return await self._asked(live, messages, await self._able(live, decoding))

        return await self._remembered(live, chat.body(self.model, messages, decoding), ask)

    async def say(self, messages: tuple[Message, ...], decoding: Decoding, seed: int) -> ChatReply:
        """The next message of a conversation, from the cache or the server.

        Raises `ServerError` if all tries fail.
        """
        live, body = _connection(self), chat.turn(self.model, messages, decoding, seed)
        unseeded = {name: value for name, value in body.items() if name != "seed"}

        async def ask() -> tuple[ChatReply, ...]:
            if not self.takes_seeds:
                return await self._posted(live, unseeded)
            try:
                return await self._posted(live, body)
            except ServerError as error:
                if error.status not in _UNUSABLE or await live.has(Feature.SEED, self._seeded):
                    raise
            return await self._posted(live, unseeded)

        return (await self._remembered(live, body, ask))[0]

    @property
    def takes_seeds(self) -> bool:
        """False once the server has refused a seed."""
        return _connection(self).features.get(Feature.SEED, True)

    def size(self) -> Size:
        """Raise `UsageError`: a server does not tell it."""
        raise UsageError(
            f"server.model is {self.model!r}, which can be measured and not trained; give a model "
            "with its weights"
        )

    async def _remembered(
        self,
        live: Connection,
        body: Mapping[str, Any],
        ask: Callable[[], Awaitable[tuple[ChatReply, ...]]],
    ) -> tuple[ChatReply, ...]:
        key = name(body)
        known = await live.cache.get(key)
        if known is not None:
            live.usage.update(cached=1)
            return known
        found = await ask()
        await live.cache.put(key, found)
        return found

    def usage(self) -> Mapping[str, float]:
        """The counts of requests, retries, cached answers and tokens, and the cost."""
        usage = _connection(self).usage
        prompt, reply = usage.get("prompt_tokens", 0), usage.get("reply_tokens", 0)
        cost = (prompt * self.price.prompt + reply * self.price.reply) / 1e6
        names = ("requests", "retries", "cached", "prompt_tokens", "reply_tokens")
        return {name: float(usage.get(name, 0)) for name in names} | {"cost": cost}

    async def _able(self, live: Connection, decoding: ChatDecoding) -> ChatDecoding:
        """The same question without the options that this server lacks."""
        if decoding.top and not await live.has(Feature.TOP, self._tells_logprobs):
            decoding = replace(decoding, top=0)
        if decoding.schema and not await live.has(Feature.SCHEMA, self._takes_schemas):
            decoding = replace(decoding, schema="")
        return decoding

    async def _tells_logprobs(self) -> bool:
        found = await self._probed(ChatDecoding(max_new_tokens=4, top=2))
        return found is not None and found[0].top is not None and any(found[0].top)

    async def _takes_schemas(self) -> bool:
        return await self._probed(ChatDecoding(max_new_tokens=16, schema=_PROBED)) is not None

    async def _seeded(self) -> bool:
        return await self._probed(ChatDecoding(max_new_tokens=1)) is not None

    async def _gives_several(self) -> bool:
        found = await self._probed(ChatDecoding(max_new_tokens=1, samples=2, temperature=1.0))
        return found is not None and len(found) > 1

    async def _probed(self, decoding: ChatDecoding) -> tuple[ChatReply, ...] | None:
        """The reply to a small question; None where the server won't take it.

        A refusal of the server's own, 5xx, is one too: some break down over what they don't know.
        """
        try:
            return await self._posted(_connection(self), chat.body(self.model, _PROBE, decoding))
        except ServerError as error:
            if error.status:
                return None
            raise

    async def _asked(
        self, live: Connection, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        """All samples: at once where the server can, else one by one, each with its own seed."""
        if decoding.samples == 1 or await live.has(Feature.SEVERAL, self._gives_several):
            found = await self._posted(live, chat.body(self.model, messages, decoding))
            if len(found) < decoding.samples:
                raise ServerError(f"{len(found)} replies came, {decoding.samples} were asked for")
            return found[: decoding.samples]
        singles = [
            replace(decoding, samples=1, seed=decoding.seed + i) for i in range(decoding.samples)
        ]
        bodies = [chat.body(self.model, messages, single) for single in singles]
        replies = await asyncio.gather(*(self._posted(live, body) for body in bodies))
        return tuple(first for first, *_ in replies)

    async def _posted(self, live: Connection, body: Mapping[str, Any]) -> tuple[ChatReply, ...]:
        """One question, tried until it is answered or the tries are used up."""
        tries = AsyncRetrying(
            retry=retry_if_exception_type(Busy),
            stop=stop_after_attempt(self.retries + 1),
            wait=self._wait_s,
            before_sleep=lambda _: live.usage.update(retries=1),
            reraise=True,
        )
        return await tries(self._tried, live, body)

    def _wait_s(self, state: RetryCallState) -> float:
        """Before the next try: `backoff_s` · 2^try · U(½, 3/2), or as long as the server asks."""
        failed = state.outcome.exception() if state.outcome else None
        asked = failed.wait_s if isinstance(failed, Busy) else 0.0
        own = self.backoff_s * 2 ** (state.attempt_number - 1) * _JITTER.uniform(0.5, 1.5)
        return min(max(own, asked), _LONGEST_S)

    async def _tried(self, live: Connection, body: Mapping[str, Any]) -> tuple[ChatReply, ...]:
        url = f"{self.urls[next(live.turn) % len(self.urls)].rstrip('/')}/chat/completions"
        live.usage.update(requests=1)
        try:
            answer = await live.post(url, body, self._key())
        except ServerError as error:
            raise self._explained(url, error) from None
        found = chat.completions(answer)
        live.usage.update(
            prompt_tokens=sum(one.prompt_tokens for one in found),
            reply_tokens=sum(one.reply_tokens for one in found),
        )
        return found

    def _explained(self, url: str, error: ServerError) -> Exception:
        """Raise `UsageError` for a refused key or name, which a retry can't change."""
        remedies = {
            401: f"server.key_env is {self.key_env!r}, and its key was turned away; give another",
            404: f"server.model is {self.model!r}; the server knows no such model or address",
        }
        remedy = remedies.get(error.status)
        return UsageError(f"{remedy} ({error})") if remedy else error

    def _key(self) -> str:
        if not self.key_env:
            return ""
        key = os.environ.get(self.key_env, "")
        if not key:
            raise UsageError(f"server.key_env is {self.key_env!r}, which is not set; export it")
        return key


@cache
def _connection(server: Server) -> Connection:
    """The one connection of equal servers."""
    folder = Path(server.cache) if server.cache else None
    return Connection(server.concurrency, server.timeout_s, ResponseCache(folder))


os.register_at_fork(after_in_child=_connection.cache_clear)  # sockets and locks are the parent's


def _check_url(url: str) -> None:
    """Raise `UsageError` for a bad URL, and for one with a password, which messages would show."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    sound = parsed.scheme in ("http", "https") and parsed.host and (parsed.port or 80) <= _PORTS
    if not sound:
        raise UsageError(f"server.urls has {url!r}; give addresses like http://127.0.0.1:8000/v1")
    if parsed.userinfo:
        raise UsageError(
            f"server.urls has a password for {parsed.host!r}; put the key into the environment "
            "variable that server.key_env names"
        )
