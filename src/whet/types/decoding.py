"""How tokens are drawn from logits."""

from dataclasses import dataclass

from whet.types.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How tokens are drawn from logits z.

    p = softmax(z / temperature), then truncated to the `top_k` likeliest tokens, to the smallest
    set of mass ≥ `top_p`, and to those with p ≥ `min_p` · max p.  Temperature 0 takes the argmax.
    Log-probabilities are those of softmax(z / temperature) *before* any truncation, the same
    distribution that the learner uses; hence a truncated rollout is slightly off-policy.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0  # 0: all
    min_p: float = 0.0
    max_new_tokens: int = 256  # most tokens that the policy may choose in one turn
    stop: tuple[str, ...] = ()  # strings that end a turn, besides the tokenizer's end token

    def __post_init__(self) -> None:
        """Refuse what no distribution has."""
        checks = {
            "temperature": self.temperature >= 0,
            "top_p": 0 < self.top_p <= 1,
            "top_k": self.top_k >= 0,
            "min_p": 0 <= self.min_p < 1,
            "max_new_tokens": self.max_new_tokens >= 1,
            "stop": "" not in self.stop,  # it is in every text, so a text is refused as well
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
    def logp_temperature(self) -> float:
        """The temperature of log-probabilities; greedy decoding reports those at 1."""
        return self.temperature or 1.0
