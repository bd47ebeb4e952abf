"""Decoding settings: how tokens are sampled from logits."""

from dataclasses import dataclass
from math import inf

from whet.types.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """Decoding settings: how tokens are sampled from logits z.

    p = softmax(z / temperature), then truncated to the `top_k` likeliest tokens, to the smallest
    set of mass ≥ `top_p`, and to those with p ≥ `min_p` · max p. Temperature 0 takes the argmax.

    Log-probabilities and entropies are those of the distribution that a token is drawn from: p over
    the tokens that truncation keeps, renormalised. The engine records these tokens, and the learner
    uses the same ones, so that π / μ = 1 before the first update. A token outside of the kept ones
    gets no gradient. The record takes 4 bytes per kept id of each sampled token: 80 for top_k = 20,
    and up to 4 V where top_p or min_p keeps much of a vocabulary V. Without truncation there is no
    record. An engine without one gives log-probs of softmax(z / temperature); its truncated
    rollouts are slightly off-policy.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0  # 0: all
    min_p: float = 0.0
    max_new_tokens: int = 256  # most sampled tokens of one reply
    max_episode_tokens: int = 0  # most sampled tokens of all replies of a conversation; 0: no limit
    stop: tuple[str, ...] = ()  # strings that end a reply, besides the tokenizer's end token

    def __post_init__(self) -> None:
        checks = {
            "temperature": 0 <= self.temperature < inf,
            "top_p": 0 < self.top_p <= 1,
            "top_k": self.top_k >= 0,
            "min_p": 0 <= self.min_p < 1,
            "max_new_tokens": self.max_new_tokens >= 1,
            "max_episode_tokens": self.max_episode_tokens >= 0,
            "stop": "" not in self.stop,  # "" is in every string, so a plain string is refused too
        }
        for name, sound in checks.items():
            if not sound:
                legal = {
                    "top_p": "in (0, 1]",
                    "min_p": "in [0, 1)",
                    "max_new_tokens": "1 or more",
                    "stop": "a tuple of strings, none of them empty",
                }
                value = getattr(self, name)
                raise UsageError(
                    f"decoding.{name} is {value!r}; give {legal.get(name, '0 or more')}"
                )

    @property
    def truncates(self) -> bool:
        """Whether tokens are drawn from a part of the distribution only."""
        cut = self.top_p < 1 or self.top_k > 0 or self.min_p > 0
        return cut and self.temperature > 0

    @property
    def logp_temperature(self) -> float:
        """Temperature that log-probs are computed at: 1 for greedy decoding."""
        return self.temperature or 1.0
