"""Prioritised replay: groups of earlier steps come again by the spread of their rewards (PER)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from random import Random
from typing import Any, ClassVar

from whet.protocols import GroupReplay, LiveGroupReplay, Now, SamplingSetup
from whet.sampling.replay.stored_groups import age, quota, storable
from whet.types import Group, Mean, Metrics, Ticket, UsageError
from whet.types.saved_rollouts import group_as_plain, group_from_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class PrioritisedReplay(GroupReplay):
    """A share of the groups of a step are earlier groups, drawn by priority and weighted back.

        p_i = (mean |R − R̄| + ε)^α;  P(i) = p_i / Σ_j p_j
        w_i = (N P(i))^−β / max_j (N P(j))^−β = (min_j p_j / p_i)^β

    The weight multiplies the advantages of the group (`Group.weight`). β grows linearly from `beta`
    to 1 over the run; at β = 1 the weighted mean of a draw is the plain mean over the buffer, up to
    a factor of all draws. A group is in a step at most once, so that the second draw of a step is
    from the others.

    The priority of the paper is |A|. Sampling doesn't know advantages, so this takes the mean
    absolute deviation of the group's rewards, which is the mean |A| of an advantage R − R̄. It is
    that of the visit: later weights of the policy don't change it.

    Source: PER (arXiv:1511.05952, from memory), with groups in place of transitions; α 0.6, β 0.4
    → 1 are the paper's, ε 0.01, `share` and `most_age` ours. A recalled group costs no rollouts,
    and as much learning as a fresh one. Its rollouts are off-policy, which the weight doesn't
    correct: use an objective with a clip or a correction. Few groups with a large spread come
    again and again until they are too old.
    """

    weighs: ClassVar[bool] = True

    share: float = 0.25  # largest share of recalled groups among all of a step
    alpha: float = 0.6
    beta: float = 0.4  # at the start of the run
    epsilon: float = 0.01  # in units of the reward
    most_age: int = 16  # versions
    capacity: int = 1024  # groups; the oldest ones leave first

    def __post_init__(self) -> None:
        checks = {
            "share": (0 < self.share < 1, "a number in (0, 1)"),
            "alpha": (0 <= self.alpha < inf, "0 or more"),
            "beta": (0 <= self.beta <= 1, "a number in [0, 1]"),
            "epsilon": (0 < self.epsilon < inf, "more than 0"),
            "most_age": (self.most_age >= 1, "1 or more"),
            "capacity": (self.capacity >= 1, "1 or more"),
        }
        for name, (sound, legal) in checks.items():
            if not sound:
                raise UsageError(f"sampling.replay.{name} is {getattr(self, name)}; give {legal}")

    def priority(self, group: Group) -> float:
        """P of a group with judged rollouts."""
        scores = [rollout.verdict.score for rollout in group if rollout.verdict is not None]
        mean = sum(scores) / len(scores)
        spread = sum(abs(score - mean) for score in scores) / len(scores)
        return (spread + self.epsilon) ** self.alpha

    def beta_at(self, now: Now) -> float:
        """β in a step of the run."""
        return self.beta + (1 - self.beta) * min(now.step / max(now.steps - 1, 1), 1.0)

    def open(self, setup: SamplingSetup) -> "LivePrioritisedReplay":
        return LivePrioritisedReplay(self, setup.seed)


@dataclass(slots=True)
class LivePrioritisedReplay(LiveGroupReplay):
    """The admitted groups of earlier steps, the oldest first; they are the state."""

    settings: PrioritisedReplay
    seed: int
    held: list[Group] = field(default_factory=list)
    landed: list[Group] = field(default_factory=list)  # of this step
    used: set[int] = field(default_factory=set)  # places in `held` that this step recalled
    fresh: int = 0

    def recall(self, ticket: Ticket, admitted: Sequence[Group], now: Now) -> list[Group]:
        """Groups by priority, with their weights, as many as the share allows."""
        self.landed.extend(admitted)
        self.fresh += len(admitted)
        own = self.settings
        known = [i for i, group in enumerate(self.held) if age(group, now) <= own.most_age]
        priority = {i: own.priority(self.held[i]) for i in known}
        rng = Random(repr(("prioritised replay", self.seed, ticket.key)))
        found = []
        for _ in range(quota(own.share, self.fresh, len(self.used))):
            left = [i for i in known if i not in self.used]
            if not left:
                break
            place = rng.choices(left, [priority[i] for i in left])[0]
            self.used.add(place)
            weight = (min(priority.values()) / priority[place]) ** own.beta_at(now)
            group = self.held[place]
            found.append(replace(group, weight=group.weight * weight))
        return found

    def step_ended(self, now: Now) -> Metrics:
        """Store the groups of this step, and drop those that are too old."""
        kept = [held for group in self.landed if (held := storable(group)) is not None]
        young = [g for g in (*self.held, *kept) if age(g, now) <= self.settings.most_age]
        self.held = young[-self.settings.capacity :]
        found = {
            "recalled": Mean(total=len(self.used), count=1),
            "replay_held": Mean(total=len(self.held), count=1),
        }
        self.landed, self.used, self.fresh = [], set(), 0
        return found

    def state_dict(self) -> dict[str, Any]:
        return {"groups": [group_as_plain(group) for group in self.held]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.held = [group_from_plain(held) for held in state["groups"]]
