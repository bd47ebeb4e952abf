"""Environments of verifiers 0, played by their own loop."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from .plain import Misuse, awaited, dumped

_ID = 5  # digits of a call's id, nine characters in all


class Source:
    """An environment, or the function `load_environment` that makes it, once for each process."""

    def __init__(self, made: Any) -> None:
        self.made = made
        self.held: dict[str, Any] = {}

    def size(self, arguments: Mapping[str, Any]) -> int:
        """The number of rows."""
        return len(self._env(arguments).get_dataset())

    def task(self, index: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The prompt of a row."""
        prompt = self._row(index, arguments)["prompt"]
        listed = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        return {"prompt": [_message(message, {}) for message in listed], "name": ""}

    def open(self, given: Mapping[str, Any]) -> "Episode":
        """The play of one row."""
        row = self._row(given["index"], given["arguments"])
        return Episode(self._env(given["arguments"]), row)

    def _row(self, index: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
        rows = self._env(arguments).get_dataset()
        if index >= len(rows):
            raise Misuse(f"a task has index {index}, but the environment has {len(rows)} rows")
        return dict(rows[index])

    def _env(self, arguments: Mapping[str, Any]) -> Any:
        key = json.dumps(arguments, sort_keys=True)
        if key not in self.held:
            env = self.made(**arguments) if callable(self.made) else self.made
            lacking = [n for n in ("run_rollout", "get_dataset", "rubric") if not hasattr(env, n)]
            if lacking:
                raise Misuse(
                    f"{type(env).__name__} has no {' and no '.join(lacking)}, as environments of "
                    "verifiers 0 have; name its load_environment"
                )
            self.held[key] = env
        return self.held[key]


class Episode:
    """A rollout of the environment, which waits where it asks its client."""

    def __init__(self, env: Any, row: Mapping[str, Any]) -> None:
        self.client = _client()
        self.seen: list[Any] = []
        self.calls = 0
        self.names: dict[str, str] = {}
        run = env.run_rollout(row, self.client, "policy", {})
        self.rollout = asyncio.get_event_loop().create_task(awaited(run))

    async def first(self) -> dict[str, Any]:
        """What the policy is asked first, with the schemas of tools; or the end."""
        return await self._next()

    async def step(self, text: str, calls: list[dict[str, Any]], finish: str) -> dict[str, Any]:
        """What follows on a reply: messages, or the end."""
        made = [self._call(call) for call in calls]
        self.client.reply(text, made, finish)
        return await self._next()

    async def stop(self) -> dict[str, Any]:
        """End the rollout where it asks, as for a prompt that is too long; it is judged then."""
        self.client.refuse()
        return await self._next()

    async def close(self) -> None:
        """Cancel what is left of the rollout."""
        self.rollout.cancel()
        await asyncio.gather(self.rollout, return_exceptions=True)

    def _call(self, call: Mapping[str, Any]) -> dict[str, str]:
        name, given = call["name"], call["id"] or f"call{self.calls:0{_ID}d}"
        self.calls += 1
        self.names[given] = name
        return {"id": given, "name": name, "arguments": json.dumps(call["arguments"])}

    async def _next(self) -> dict[str, Any]:
        await asyncio.wait({self.rollout, self.client.asked}, return_when=asyncio.FIRST_COMPLETED)
        if self.rollout.done():
            return {"ended": True, **_outcome(self.rollout.result())}
        prompt, tools = self.client.take()
        past = len(self.seen)
        if [_key(message) for message in prompt[:past]] != [_key(one) for one in self.seen]:
            raise Misuse("the environment rewrites the past of its conversation, which only grows")
        known = past + 1 if past else 0  # the reply stands behind the past
        self.seen = list(prompt)
        news = [_message(message, self.names) for message in prompt[known:]]
        return {"ended": False, "messages": news, "tools": [_schema(tool) for tool in tools or ()]}


def _client() -> Any:
    """A client of verifiers that hands each request over and waits for its reply."""
    from verifiers.clients import Client  # pyright: ignore[reportMissingImports]
    from verifiers.errors import OverlongPromptError  # pyright: ignore[reportMissingImports]
    from verifiers.types import (  # pyright: ignore[reportMissingImports]
        Response,
        ResponseMessage,
        ToolCall,
    )

    class Waiting(Client):
        """Its own `get_response`, so that no native format is needed."""

        def __init__(self) -> None:
            super().__init__(None)
            self.asked = asyncio.get_event_loop().create_future()
            self.answer = asyncio.get_event_loop().create_future()

        async def get_response(self, prompt: Any, model: str, *_: Any, **how: Any) -> Any:
            self.asked.set_result((prompt, how.get("tools")))
            text, calls, finish = await self.answer
            self.answer = asyncio.get_event_loop().create_future()
            message = ResponseMessage(
                content=text,
                tool_calls=[ToolCall(**call) for call in calls] or None,
                finish_reason=finish,
                is_truncated=finish == "length",
            )
            return Response(id="reply", created=0, model=model, message=message)

        def take(self) -> Any:
            asked = self.asked.result()
            self.asked = asyncio.get_event_loop().create_future()
            return asked

        def reply(self, *said: Any) -> None:
            self.answer.set_result(said)

        def refuse(self) -> None:
            self.answer.set_exception(OverlongPromptError("the limit of turns"))

    Waiting.__abstractmethods__ = frozenset()
    return Waiting()


def _outcome(output: Any) -> dict[str, Any]:
    """The reward and the metrics of a finished rollout.  Raises its error, if it has one."""
    if output.get("error") is not None:
        raise RuntimeError(f"the rollout failed: {output['error']}")
    metrics = {k: float(x) for k, x in (output.get("metrics") or {}).items() if x is not None}
    return {"reward": float(output["reward"]), "metrics": metrics}


def _message(message: Any, names: Mapping[str, str]) -> dict[str, Any]:
    shown = dict(dumped(message))
    content = shown.get("content")
    if isinstance(content, list):
        if any(part.get("type") != "text" for part in content):
            raise Misuse("a message of the environment has parts that are no text")
        content = "".join(part["text"] for part in content)
    told = {"role": str(shown["role"]), "content": str(content or "")}
    if told["role"] == "tool":
        given = str(shown.get("tool_call_id") or "")
        told |= {"tool_call_id": given, "name": names.get(given, "tool")}
    return told


def _key(message: Any) -> str:
    return json.dumps(dumped(message), sort_keys=True, default=str)


def _schema(tool: Any) -> dict[str, Any]:
    """A tool in the form of OpenAI's interface."""
    shown = dict(dumped(tool))
    known = {name: shown.get(name) or "" for name in ("name", "description")}
    return {"type": "function", "function": {**known, "parameters": shown.get("parameters") or {}}}
