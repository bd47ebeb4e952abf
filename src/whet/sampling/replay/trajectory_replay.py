"""Trajectory replay: right rollouts of earlier steps are learned from again (ExGRPO)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp, inf
from random import Random
from typing import Any

from whet.protocols import GroupReplay, LiveGroupReplay, Now, SamplingSetup
from whet.sampling.outcomes import mean, metrics_of, unaided
from whet.sampling.replay.stored_groups import age, flags, learned, quota, storable
from whet.types import Group, Mean, Metrics, Rollout, Task, Ticket, UsageError
from whet.types.saved_rollouts import group_as_plain, group_from_plain

Key = tuple[str, str]
"""Task and seat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrajectoryReplay(GroupReplay):
    """A share of what a step learns from is right rollouts of earlier steps.

    The buffer keeps the latest group of every task that had a right rollout, with the log-probs of
    the policy that sampled it. Recalled is a whole group, of which one rollout is learned from; the
    others stay in its baseline (`Group.learn`). So the advantage of the rollout is what it was when
    it was sampled, and the task need not come again.

        P(task) ∝ exp(−(p̂ − ½)² / (2 σ²)),  p̂ the share of right rollouts in its latest visit

    Of that group's right rollouts, the one with the lowest mean entropy is learned from: as
    recorded when it was sampled, or −log μ if no entropy was. A task whose latest visit has
    p̂ > `retire` leaves the buffer. A group leaves it once its weights are more than `most_age`
    versions old. Rollouts that began with a hint are never recalled.

    The extension `Replay` does RLEP (arXiv:2507.07451) instead: it joins right rollouts to the
    fresh group of their task, when the task comes again, and changes that group's baseline.

    Source: ExGRPO (arXiv:2510.02245; its abstract and summaries were read): the choice of tasks,
    the lowest entropy, retirement. Its entropy is of the current policy, which sampling doesn't
    know; it mixes a recalled rollout into a fresh group of its task, and starts once the policy is
    good enough, which is left out here. `share` 0.25 and `retire` 0.9 are usual, σ 1 is
    unconfirmed, `most_age` 16 is ours. A recalled group costs a forward pass over its rollouts
    where the objective needs other columns than the recorded ones.

    Sampling can't see how far the policy has moved from a rollout; the objective can. A clip bounds
    the ratio, and the corrections `ice_pop` (with low 0.5 and high 2) and `sequence_masked` leave
    out tokens and rollouts beyond their bounds. Use an objective with one of them. Old successes
    lower the entropy of the policy.
    """

    share: float = 0.25  # largest share of recalled rollouts among those learned from
    most_age: int = 16  # versions
    retire: float = 0.9  # p̂ above which a task is done
    sigma: float = 1.0  # of the choice of tasks
    capacity: int = 1024  # tasks; the oldest ones leave first

    def __post_init__(self) -> None:
        checks = {
            "share": (0 < self.share < 1, "a number in (0, 1)"),
            "most_age": (self.most_age >= 1, "1 or more"),
            "retire": (0 < self.retire <= 1, "a number in (0, 1]"),
            "sigma": (0 < self.sigma < inf, "more than 0"),
            "capacity": (self.capacity >= 1, "1 or more"),
        }
        for name, (sound, legal) in checks.items():
            if not sound:
                raise UsageError(f"sampling.replay.{name} is {getattr(self, name)}; give {legal}")

    def open(self, setup: SamplingSetup) -> "LiveTrajectoryReplay":
        return LiveTrajectoryReplay(self, setup.seed)


@dataclass(slots=True)
class LiveTrajectoryReplay(LiveGroupReplay):
    """The latest groups by task and seat, the newest last. A step sees those of the steps before.

    The state is these groups.
    """

    settings: TrajectoryReplay
    seed: int
    held: dict[Key, Group] = field(default_factory=dict)
    landed: list[Group] = field(default_factory=list)  # of this step
    used: set[Key] = field(default_factory=set)  # in this step
    fresh: int = 0  # rollouts of this step that are learned from

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        del task
        self.landed.extend(groups)

    def recall(self, ticket: Ticket, admitted: Sequence[Group], now: Now) -> list[Group]:
        """Groups with one rollout to learn from each, as many as the share allows."""
        self.fresh += learned(admitted)
        rng = Random(repr(("trajectory replay", self.seed, ticket.key)))
        found = []
        for _ in range(quota(self.settings.share, self.fresh, len(self.used))):
            known = [
                key
                for key, group in self.held.items()
                if key not in self.used and age(group, now) <= self.settings.most_age
            ]
            if not known:
                break
            key = rng.choices(known, [self._weight(self.held[key]) for key in known])[0]
            self.used.add(key)
            found.append(_with_one(self.held[key]))
        return found

    def _weight(self, group: Group) -> float:
        away = _rate(group) - 0.5
        return exp(-(away**2) / (2 * self.settings.sigma**2))

    def step_ended(self, now: Now) -> Metrics:
        """Store the groups of this step, and drop those that are done or too old."""
        for group in self.landed:
            self._store(group)
        held = {k: g for k, g in self.held.items() if age(g, now) <= self.settings.most_age}
        self.held = dict([*held.items()][-self.settings.capacity :])
        found = {
            "recalled": Mean(total=len(self.used), count=1),
            "replay_held": Mean(total=len(self.held), count=1),
        }
        self.landed, self.used, self.fresh = [], set(), 0
        return found

    def _store(self, group: Group) -> None:
        """A visit that says nothing, or has no right rollout, leaves the buffer as it is."""
        key = group.task.id, group.seat
        kept = storable(group)
        if not metrics_of([group]) or kept is None:
            return
        if _rate(group) > self.settings.retire:
            self.held.pop(key, None)
        elif any(_good(kept)):
            self.held.pop(key, None)
            self.held[key] = kept

    def state_dict(self) -> dict[str, Any]:
        return {"groups": [group_as_plain(group) for group in self.held.values()]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        groups = [group_from_plain(held) for held in state["groups"]]
        self.held = {(group.task.id, group.seat): group for group in groups}


def _rate(group: Group) -> float:
    """p̂ of a visit; 0 of nothing known."""
    return mean(metrics_of([group])) or 0.0


def _good(group: Group) -> list[bool]:
    """Which rollouts may be recalled: right, without a hint, and learned from when sampled."""
    return [
        flag
        and unaided(rollout)
        and rollout.verdict is not None
        and rollout.verdict.correct is True
        for rollout, flag in zip(group, flags(group), strict=True)
    ]


def _with_one(group: Group) -> Group:
    """The group with its surest right rollout to learn from."""
    best = min((i for i, good in enumerate(_good(group)) if good), key=lambda i: _unsure(group[i]))
    return replace(group, learn=tuple(i == best for i in range(len(group))))


def _unsure(rollout: Rollout) -> float:
    """Mean entropy per token, nats; of sampled tokens −log μ, whose mean it is."""
    known = -rollout.behaviour_logp if rollout.entropy is None else rollout.entropy
    return float(known.mean())
