"""A temperature that keeps the entropy of sampling at a target (AceReason-Nemotron 1.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, log
from typing import Any, ClassVar

import numpy as np

from whet.protocols import LiveSchedule, Now, SamplingSetup, Schedule
from whet.sampling.schedules.plays import heated, temperature_of
from whet.types import Group, Mean, Metrics, Request, Rollout, Ticket, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyTemperature(Schedule):
    """log T ← log T + rate · (target − H_T) after each step, with T in [least, most].

    H_T is the mean entropy in nats of softmax(z / T) before the tokens that the policy sampled in
    the step. External tokens are left out; tokens that rollouts of a tree share count once. T
    begins with the temperature of the plays, `sampling.decoding.temperature`.

    Source: AceReason-Nemotron 1.1 (arXiv:2506.13284; the abstract was read) finds that RL works
    best at a temperature with H_T near 0.3, the default `target`. It sets the temperature by hand;
    the controller, its rate and its bounds are ours.

    It costs no further rollouts, and needs an engine that records entropies. One step moves log T
    by rate · (target − H_T), so the way from 1 to 1.2 takes about 18 steps at H_T = 0.1. Where the
    entropy stays below the target although T is at `most`, the policy has collapsed, and more heat
    only adds noise. The policy can also learn against the heat: its logits grow with T, and the
    greedy reply stays the same.

    Log-probs of the learner are those of the same temperature, rollout by rollout. Evaluations
    decode with `sampling.decoding`, which this part leaves alone.
    """

    sets: ClassVar[str] = "temperature"

    target: float = 0.3
    rate: float = 0.05
    least: float = 0.5
    most: float = 2.0

    def __post_init__(self) -> None:
        for name in ("target", "rate", "least"):
            value = getattr(self, name)
            if not 0 < value < inf:
                raise UsageError(
                    f"sampling.schedules.entropy_temperature.{name} is {value}; give more than 0"
                )
        if not self.least < self.most < inf:
            raise UsageError(
                f"sampling.schedules.entropy_temperature.most is {self.most}; "
                f"give more than least, {self.least}"
            )

    def after(self, temperature: float, entropy: float) -> float:
        """The temperature of the next step."""
        moved = exp(log(temperature) + self.rate * (self.target - entropy))
        return min(max(moved, self.least), self.most)

    def open(self, setup: SamplingSetup) -> "LiveEntropyTemperature":
        del setup
        return LiveEntropyTemperature(self)


@dataclass(slots=True)
class LiveEntropyTemperature(LiveSchedule):
    """The temperature, and the entropy of the step so far."""

    settings: EntropyTemperature
    temperature: float | None = None  # None before the first play
    entropy: float = 0.0  # sum over the step's tokens
    tokens: int = 0

    def apply(self, request: Request, now: Now) -> Request:
        del now
        if self.temperature is None:
            self.temperature = temperature_of(request)
        return heated(request, self.temperature)

    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> None:
        """Add the entropy of all sampled tokens, without rollouts that extensions added.

        Raises `UsageError` if none was recorded.
        """
        del ticket
        for rollout in (r for group in groups for r in group if not r.joined):
            own = own_entropies(rollout)
            self.entropy += float(own.sum(dtype=np.float64))
            self.tokens += len(own)

    def step_ended(self, now: Now) -> Metrics:
        """Move the temperature; it stays after a step without tokens."""
        del now
        found = Mean(total=self.entropy, count=self.tokens)
        if self.tokens and self.temperature is not None:
            self.temperature = self.settings.after(self.temperature, found.value)
        self.entropy, self.tokens = 0.0, 0
        return {"sampled_entropy": found}

    def state_dict(self) -> dict[str, Any]:
        return {"temperature": self.temperature}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.temperature = state["temperature"]


def own_entropies(rollout: Rollout) -> np.ndarray:
    """Entropies before the tokens that the policy sampled for this rollout, nats.

    Raises `UsageError` if the engine recorded none.
    """
    if not rollout.length:
        return np.zeros(0, np.float32)
    if rollout.entropy is None:
        raise UsageError(
            f"entropy_temperature needs entropies, but task {rollout.task.id!r} has none; give an "
            "engine that records them, such as the embedded one"
        )
    own = ~rollout.external
    own[: rollout.forked_at if rollout.parent else 0] = False
    return rollout.entropy[own]
