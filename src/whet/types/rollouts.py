"""How replies are drawn, and what was drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from whet.types.tasks import Finish, Refusal, Task, Verdict


class Broken(RuntimeError):
    """A run that can no longer be believed.  It names what broke, and on which rollouts."""

    def __init__(self, message: str, rollouts: "Sequence[Rollout]" = ()) -> None:
        super().__init__(message)
        self.rollouts = tuple(rollouts)


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
    length: int = 256  # most tokens that the policy may choose in one turn
    stop: tuple[str, ...] = ()  # strings that end a turn, besides the tokenizer's end token

    def __post_init__(self) -> None:
        """Refuse what no distribution has."""
        checks = {
            "temperature": self.temperature >= 0,
            "top_p": 0 < self.top_p <= 1,
            "top_k": self.top_k >= 0,
            "min_p": 0 <= self.min_p < 1,
            "length": self.length >= 1,
        }
        for name, sound in checks.items():
            if not sound:
                legal = {"top_p": "in (0, 1]", "min_p": "in [0, 1)", "length": "1 or more"}
                value = getattr(self, name)
                raise Refusal(f"decoding.{name} is {value}; give {legal.get(name, '0 or more')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A task to be played once per seed: one group."""

    task: Task
    seeds: tuple[int, ...]
    decoding: Decoding
    prefix: tuple[int, ...] = ()  # tokens that every first reply begins with, chosen by others


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One play of one task, as the engine that sampled it wrote it down."""

    task: Task
    seed: int
    turns: tuple[str, ...]  # observation, reply, observation, reply, …
    tokens: tuple[int, ...]
    chosen: tuple[bool, ...]  # of each token: the policy's choice, or the world's?
    behaviour_logp: tuple[float, ...]  # log μ of each chosen token
    entropy: tuple[float, ...] = ()  # of μ before each chosen token, nats; or of none
    certainty: tuple[float, ...] = ()  # KL(U‖π) before each, at temperature 1; or of none
    said: tuple[int, ...] = ()  # characters of its reply up to the end of each; or of none
    given: int = 0  # so many of the first chosen tokens were chosen by others: a hint, an example
    temperature: float = 1.0
    finish: Finish = Finish.STOP
    policy_digest: str = ""  # of the weights that sampled it
    seal: str = ""  # of tokens and log-probs, by the sampler: nobody may touch them afterwards
    parent: str = ""  # the node of a tree it grew from
    verdict: Verdict | None = None

    def __post_init__(self) -> None:
        """One flag per token, one log-prob per choice."""
        counts = len(self.tokens), len(self.chosen), sum(self.chosen), len(self.behaviour_logp)
        columns = self.entropy, self.certainty, self.said
        odd = [x for x in columns if len(x) not in (0, counts[3])]
        if counts[0] != counts[1] or counts[2] != counts[3] or odd or self.given > counts[3]:
            raise ValueError(
                f"rollout of task {self.task.id!r}: {counts[0]} tokens, {counts[1]} flags, "
                f"{counts[2]} choices, {counts[3]} log-probs don't fit"
            )

    @property
    def score(self) -> float | None:
        """What it earned; None after a fault, which is in neither the loss nor the baseline."""
        if self.verdict is None:
            raise ValueError(f"nobody judged task {self.task.id!r}: give the run a reward")
        return None if self.verdict.fault else self.verdict.score

    @property
    def reply(self) -> str:
        """The policy's last words."""
        return self.turns[-1] if self.turns else ""

    @property
    def spoken(self) -> tuple[slice, ...]:
        """The chosen tokens of each reply, as places among all chosen ones."""
        starts = [
            n for n, mine in enumerate(self.chosen) if mine and not (n and self.chosen[n - 1])
        ]
        counts = [sum(self.chosen[:n]) for n in starts] + [self.length]
        return tuple(slice(a, b) for a, b in zip(counts, counts[1:], strict=False))

    @property
    def length(self) -> int:
        """|y|, the number of chosen tokens."""
        return len(self.behaviour_logp)

    def sealed(self) -> "Rollout":
        """The same rollout, with the seal of what it holds now."""
        return replace(self, seal=self.imprint())

    def imprint(self) -> str:
        """What the seal should be: h(tokens, chosen, log-probs)."""
        held = repr((self.tokens, self.chosen, self.behaviour_logp)).encode()
        return blake2b(held, digest_size=8).hexdigest()


def seed_of(*place: object) -> int:
    """A seed counted from a place, not drawn: h(place), the same on every machine."""
    return int.from_bytes(blake2b(repr(place).encode(), digest_size=7).digest())


Group = tuple[Rollout, ...]
"""The rollouts of one task, which are compared with each other."""
