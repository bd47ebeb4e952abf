"""Environments of Tinker: of tokens, or of messages."""

from collections.abc import Mapping
from typing import Any

from .plain import Misuse, awaited, dumped, maker, taken

_END = "stop"  # why a reply ended, in Tinker's words


class Source:
    """A class or function that makes an environment for one episode."""

    def __init__(self, made: Any) -> None:
        self.make = maker(made)

    async def open(self, given: Mapping[str, Any]) -> "Messages | Tokens":
        """The environment of one episode."""
        env = await awaited(self.make(**taken(self.make, given)))
        lacking = [
            n for n in ("initial_observation", "step") if not callable(getattr(env, n, None))
        ]
        if lacking:
            raise Misuse(
                f"{type(env).__name__} has no {' and no '.join(lacking)}, as Tinker's have"
            )
        first = await awaited(env.initial_observation())
        if isinstance(first, list):
            return Messages(env, first)
        return Tokens(env, first)


class Messages:
    """A `MessageEnv`: replies and observations are messages."""

    def __init__(self, env: Any, first: list[Any]) -> None:
        self.env = env
        self.seen = [_message(message) for message in first]

    def first(self) -> dict[str, Any]:
        """The opening chat."""
        return {"messages": self.seen, "stop": []}

    async def step(self, text: str, finish: str) -> dict[str, Any]:
        """What follows on a reply."""
        del finish  # a MessageEnv is not told
        said = {"role": "assistant", "content": text}
        result = await awaited(self.env.step(said))
        ended = bool(result.episode_done)
        known = [_message(message) for message in result.next_messages]
        news = [] if ended else _news(self.seen, said, known)
        self.seen = known
        stop = _texts(getattr(result, "next_stop_condition", None))
        told = {"messages": news, "stop": stop, "reward": float(result.reward), "ended": ended}
        return told | {"note": _note(result)}

    def close(self) -> None:
        """Nothing is held."""


class Tokens:
    """An `Env`: replies and observations are tokens, by the tokenizer of its renderer."""

    def __init__(self, env: Any, first: Any) -> None:
        self.env = env
        self.over = first if not isinstance(first, tuple) else None
        renderer = getattr(env, "renderer", None)
        own = getattr(env, "tokenizer", None)
        self.tokenizer: Any = getattr(renderer, "tokenizer", own)
        if self.tokenizer is None:
            raise Misuse(
                f"{type(env).__name__} has neither renderer.tokenizer nor tokenizer; give one of "
                "them, so that its tokens can be read"
            )
        observation, stop = first if isinstance(first, tuple) else (None, [])
        self.seen = _ids(observation)
        self.stop = stop

    def first(self) -> dict[str, Any]:
        """The opening as text; or the end, where it is too long for the environment."""
        if self.over is not None:
            return {"text": "", "stop": [], "reward": float(self.over.reward), "ended": True}
        return {"text": self.tokenizer.decode(self.seen), "stop": self._stop()}

    async def step(self, text: str, finish: str) -> dict[str, Any]:
        """What follows on a reply, which is encoded with the stop token that ended it."""
        said = list(self.tokenizer.encode(text, add_special_tokens=False))
        said += self._closing(text, finish)
        result = await awaited(self.env.step(said, extra={"stop_reason": finish}))
        known, ended = _ids(result.next_observation), bool(result.episode_done)
        news = "" if ended else self._news(text, known)
        self.seen, self.stop = known, result.next_stop_condition
        told = {"text": news, "stop": self._stop(), "reward": float(result.reward), "ended": ended}
        return told | {"note": _note(result)}

    def close(self) -> None:
        """Nothing is held."""

    def _news(self, text: str, known: list[int]) -> str:
        """What an observation says behind the reply, as the policy said it.

        The renderer may put other white space around a reply.  Raises `Misuse` where it changes
        what was said, or what stands before it.
        """
        before, now = self.tokenizer.decode(self.seen), self.tokenizer.decode(known)
        stop = next((one for one in _texts(self.stop) if text.endswith(one)), "")
        said = text.removesuffix(stop).strip()
        start = now.find(said, len(before)) if now.startswith(before) else -1
        if start < 0:
            raise Misuse(
                f"{type(self.env).__name__} rewrites the past of its conversation, which only "
                "grows here; give a renderer that keeps it"
            )
        return now[start + len(said) :].removeprefix(stop)

    def _closing(self, text: str, finish: str) -> list[int]:
        """The ids of the stop condition, for a reply that the policy's own end token closed."""
        if finish != _END or not self.stop:
            return []
        if isinstance(self.stop[0], int):
            return [self.stop[0]]
        closed = any(text.endswith(one) for one in self.stop)
        return [] if closed else list(self.tokenizer.encode(self.stop[0], add_special_tokens=False))

    def _stop(self) -> list[str]:
        ids = [one for one in self.stop or () if isinstance(one, int)]
        return _texts(self.stop) + [self.tokenizer.decode([one]) for one in ids]


def _texts(stop: Any) -> list[str]:
    return [one for one in stop or () if isinstance(one, str)]


def _ids(observation: Any) -> list[int]:
    """The tokens of a `ModelInput`.  Raises `Misuse` for chunks that are no text."""
    found = list[int]()
    for chunk in getattr(observation, "chunks", ()) if observation is not None else ():
        tokens = getattr(chunk, "tokens", None)
        if tokens is None:
            raise Misuse(f"an observation has a {type(chunk).__name__}; only text is supported")
        found += map(int, tokens)
    return found


def _message(message: Any) -> dict[str, Any]:
    shown = dict(dumped(message))
    if shown.get("tool_calls"):
        raise Misuse("an observation has calls of tools, which replies of text can't continue")
    content = shown.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content)
    return {"role": str(shown["role"]), "content": str(content or "")}


def _news(
    seen: list[dict[str, Any]], said: dict[str, Any], known: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The messages behind the reply.  Raises `Misuse` where the past is another one."""
    past = [*seen, said]
    if known[: len(past)] == past and len(known) > len(past):
        return known[len(past) :]
    raise Misuse("next_messages does not continue the conversation; return all of it and more")


def _note(result: Any) -> str:
    """Why the episode ended, where a metric `stop/REASON` says so."""
    metrics = getattr(result, "metrics", None) or {}
    return next((key.removeprefix("stop/") for key in metrics if key.startswith("stop/")), "")
