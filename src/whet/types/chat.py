"""What a model is asked when it shall judge, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass

from whet.types.errors import UsageError
from whet.types.tasks import Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDecoding:
    """How often a question is put, and how the replies are drawn."""

    samples: int = 1
    temperature: float = 0.0
    max_new_tokens: int = 1024  # most tokens of a reply
    seed: int = 0
    top: int = 0  # log-probabilities wanted of so many likeliest tokens, at every place
    schema: str = ""  # of JSON, as text, that the reply has to fit; servers may not know how

    def __post_init__(self) -> None:
        """Refuse what can't be asked, or needn't be."""
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
    """One reply of a model that was asked."""

    text: str
    tokens: tuple[str, ...] = ()  # of the reply, one by one; or none, where nobody counted
    top: tuple[Mapping[str, float], ...] | None = None  # log-probs of the likeliest, per token
    prompt_tokens: int = 0  # read for this reply; 0 where another reply shared its prompt
    reply_tokens: int = 0
    finish: Finish = Finish.STOP
    remembered: bool = False  # from an earlier time: nothing was paid for it now
