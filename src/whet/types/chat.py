"""The request to a judge model and its reply."""

from collections.abc import Mapping
from dataclasses import dataclass

from whet.types.errors import UsageError
from whet.types.tasks import Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDecoding:
    """Number of replies and decoding of one question to a judge model."""

    samples: int = 1
    temperature: float = 0.0
    max_new_tokens: int = 1024  # most tokens of a reply
    seed: int = 0
    top: int = 0  # at every position, log-probs of this many likeliest tokens; 0: none
    schema: str = ""  # JSON schema of the reply, as text; not every server supports it

    def __post_init__(self) -> None:
        for name, least in (("samples", 1), ("max_new_tokens", 1), ("temperature", 0), ("top", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"decoding.{name} is {getattr(self, name)}; give {least} or more")
        if self.samples > 1 and not self.temperature:
            raise UsageError(
                f"decoding.samples is {self.samples} at temperature 0, which gives the same reply "
                "every time; give 1 sample, or a temperature above 0"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """One reply of a judge model, with its token counts."""

    text: str
    tokens: tuple[str, ...] = ()  # of the reply; empty where the server does not return them
    top: tuple[Mapping[str, float], ...] | None = None  # log-probs of the likeliest, per token
    prompt_tokens: int = 0  # 0 where another reply of the question already counts them
    reply_tokens: int = 0
    finish: Finish = Finish.STOP
    remembered: bool = False  # served from the response cache, at no cost
