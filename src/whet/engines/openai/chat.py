"""The chat protocol: requests as JSON, and replies from JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from whet.engines.openai.transport import ServerError
from whet.types import ChatDecoding, ChatReply, Decoding, Finish, Message, UsageError

_WITHHELD = frozenset({"content_filter", "error"})
_SEEDS = 2**31  # some servers keep them in 32 bits, with a sign


def body(model: str, messages: Sequence[Message], decoding: ChatDecoding) -> dict[str, Any]:
    """The JSON body of a question with all of its options."""
    held: dict[str, Any] = {
        "model": model,
        "messages": [dict(message) for message in messages],
        "temperature": decoding.temperature,
        "max_tokens": decoding.max_new_tokens,
        "seed": decoding.seed,
    }
    if decoding.samples > 1:
        held["n"] = decoding.samples
    if decoding.top:
        held |= {"logprobs": True, "top_logprobs": decoding.top}
    if decoding.schema:
        shape = {"name": "reply", "schema": json.loads(decoding.schema), "strict": True}
        held["response_format"] = {"type": "json_schema", "json_schema": shape}
    return held


def turn(model: str, messages: Sequence[Message], decoding: Decoding, seed: int) -> dict[str, Any]:
    """The body of a conversation.  Raises `UsageError` for settings that the protocol lacks."""
    for name in ("top_k", "min_p"):
        if getattr(decoding, name):
            raise UsageError(
                f"decoding.{name} is {getattr(decoding, name)}, which the protocol lacks; "
                "give 0, or use top_p"
            )
    held: dict[str, Any] = {
        "model": model,
        "messages": [_sent(message) for message in messages],
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "max_tokens": decoding.max_new_tokens,
        "seed": seed % _SEEDS,
    }
    return held | ({"stop": list(decoding.stop)} if decoding.stop else {})


def _sent(message: Message) -> dict[str, Any]:
    """A message as the protocol has it, with the arguments of calls as JSON text."""
    held = dict(message)
    if "tool_calls" in held:
        held["tool_calls"] = [_call(call) for call in held["tool_calls"]]
    return held


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    asked = {**call.get("function", call)}
    arguments = asked.get("arguments", {})
    asked["arguments"] = arguments if isinstance(arguments, str) else json.dumps(arguments)
    around = call if "function" in call else {}
    return {"type": "function", **around, "function": asked}


def completions(answer: Mapping[str, Any]) -> tuple[ChatReply, ...]:
    """The replies.  The first carries the prompt's tokens; those of the replies are shared out.

    Raises `ServerError` for an answer that does not follow the protocol.
    """
    try:
        choices = [(_text(c), *_logprobs(c), _finish(c)) for c in answer["choices"]]
        usage = answer.get("usage") or {}
        asked = int(usage.get("prompt_tokens") or 0)
        said = int(usage.get("completion_tokens") or 0)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise ServerError(f"the answer does not follow the protocol ({what})") from None
    if not choices:
        raise ServerError("the answer has no choices")
    share, rest = divmod(said, len(choices))
    return tuple(
        ChatReply(
            text=text,
            tokens=tokens,
            top=top,
            prompt_tokens=0 if i else asked,
            reply_tokens=share + (i < rest),
            finish=finish,
        )
        for i, (text, tokens, top, finish) in enumerate(choices)
    )


def _text(choice: Mapping[str, Any]) -> str:
    message = choice["message"]
    if message.get("tool_calls"):
        raise TypeError("the reply is a tool call, but no tools were sent")
    content = message["content"]
    if content is None:
        content = ""
    if not isinstance(content, str):
        raise TypeError(f"content is {type(content).__name__}")
    return content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # no half ones


def _finish(choice: Mapping[str, Any]) -> Finish:
    if choice.get("finish_reason") in _WITHHELD:
        raise ServerError(f"the reply was withheld: finish_reason is {choice['finish_reason']!r}")
    return Finish.LENGTH if choice.get("finish_reason") == "length" else Finish.STOP


Likely = tuple[tuple[str, ...], tuple[dict[str, float], ...] | None]


def _logprobs(choice: Mapping[str, Any]) -> Likely:
    """The reply's tokens and the likeliest ones in their places, where the server tells."""
    places = (choice.get("logprobs") or {}).get("content")
    if not places:
        return (), None
    tokens = tuple(str(place["token"]) for place in places)
    likely = tuple(
        {str(t["token"]): float(t["logprob"]) for t in place.get("top_logprobs") or ()}
        for place in places
    )
    return tokens, likely
