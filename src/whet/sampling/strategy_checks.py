"""A strategy whose answers are checked, because it may be a user's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

from whet.protocols import Gate, Now, Sampling, SamplingSetup, Shape, Strategy
from whet.sampling.part_calls import call, call_list, name_of
from whet.types import Decoding, Group, Mean, Metrics, Request, Task, Ticket, UsageError
from whet.types.returned import returned

MOST = 1_000_000
"""Tasks or rollouts in a round; more is taken for a mistake."""


def opened(sampling: Sampling, setup: SamplingSetup) -> "CheckedStrategy":
    """Open a sampling strategy.

    Raises `UsageError` where `open` returns something else, and for the numbers of `sampling`.
    """
    check(sampling)
    return CheckedStrategy(sampling, call(sampling.open, Strategy, setup))


def check(sampling: Sampling) -> None:
    """Raise `UsageError` for numbers of a sampling strategy that can't be."""
    kind = type(sampling).__name__
    returned(f"{kind}.decoding", sampling.decoding, Decoding)
    _check_gate(returned(f"{kind}.gate", sampling.gate, Gate))
    for name, value, least in (
        ("tickets", sampling.tickets, 1),
        ("group_size", sampling.group_size, 0),
        ("rounds", sampling.rounds, 0),
        ("most_rollouts", sampling.most_rollouts, 0),
    ):
        if not _is_whole(value) or value < least:
            raise UsageError(f"{kind}.{name} is {value!r}; give a whole number of {least} or more")
    if sampling.tickets > MOST:
        raise UsageError(f"{kind}.tickets is {sampling.tickets:,}; give at most {MOST:,}")


def _check_gate(gate: Gate) -> None:
    if not _is_whole(gate.max_rounds) or gate.max_rounds < 0:
        raise UsageError(
            f"sampling.gate.max_rounds is {gate.max_rounds!r}; give a whole number of 0 or more"
        )
    if not _is_number(gate.oversample) or not 1 <= gate.oversample < inf:
        raise UsageError(f"sampling.gate.oversample is {gate.oversample!r}; give 1 or more")


@dataclass(slots=True)
class CheckedStrategy(Strategy):
    """The running half of a sampling strategy; what it is given is a copy.

    Raises `UsageError`, with the name of the method and what it returned, for an answer that is
    none.
    """

    sampling: Sampling
    strategy: Strategy

    def next(self, want: int, now: Now) -> list[Request]:
        """At most `want` requests. Their shapes may make a million rollouts of them."""
        method = name_of(self.strategy.next)
        requests = call_list(self.strategy.next, Request, want, now)
        if len(requests) > want:
            raise UsageError(
                f"{method} returned {len(requests)} requests and was asked for {want}; return at "
                "most as many"
            )
        if any(play.pause_at for request in requests for play in request.plays):
            raise UsageError(
                f"{method} returned a play with pause_at, which only a sampling.shape may set, "
                "since it goes on from there; leave it out"
            )
        self._count(requests)
        return requests

    def _count(self, requests: Sequence[Request]) -> None:
        leaves = 0
        for request in requests:
            shape, plays = request.shape, len(request.plays)
            count: Any = shape.leaves(plays) if isinstance(shape, Shape) else plays
            if not _is_whole(count):
                raise UsageError(
                    f"{type(shape).__name__}.leaves returned {count!r}; return a whole number"
                )
            leaves += count
        if leaves > MOST:
            raise UsageError(
                f"a round of sampling has {leaves:,} rollouts, more than {MOST:,}; give a smaller "
                "sampling.size or sampling.shape"
            )

    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> list[Group]:
        """The groups to learn from, all of them judged."""
        found = call_list(self.strategy.observe, Group, ticket, tuple(groups))
        return judged(name_of(self.strategy.observe), found)

    def peek(self, want: int) -> list[Task]:
        """The tasks that would come next."""
        return call_list(self.strategy.peek, Task, want)

    def step_ended(self, now: Now) -> Metrics:
        """The metrics of the step."""
        method = self.strategy.step_ended
        return metrics_of(name_of(method), call(method, object, now))

    def state_dict(self) -> dict[str, Any]:
        """The state of the strategy."""
        return dict(call(self.strategy.state_dict, Mapping))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        call(self.strategy.load_state_dict, object, state)


def judged(method: str, groups: list[Group]) -> list[Group]:
    """The groups, if all their rollouts have a verdict. Raises `UsageError` otherwise."""
    for group in groups:
        if any(rollout.verdict is None for rollout in group):
            raise UsageError(
                f"{method} returned a group of task {group.task.id!r} with a rollout that has no "
                "verdict; return groups that were observed"
            )
    return groups


def metrics_of(method: str, found: object) -> Metrics:
    """Metrics, if they are means by name. Raises `UsageError` otherwise."""
    metrics = returned(method, found, Mapping)
    for name, mean in metrics.items():
        sound = isinstance(mean, Mean) and _is_number(mean.total) and _is_number(mean.count)
        if not isinstance(name, str) or not sound:
            raise UsageError(
                f"{method} returned the metric {name!r}: {mean!r:.80}; return a Mean of two finite "
                "numbers by name, such as Mean(total=x, count=1)"
            )
    return metrics


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and isfinite(value)  # a flag counts as 0 or 1
