"""The running halves of a strategy's parts, and checks of what they return."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from whet.protocols import (
    Gate,
    GroupReplay,
    GroupSize,
    GroupSizer,
    LiveGroupReplay,
    LiveSchedule,
    Now,
    PromptOrder,
    PromptSource,
    Running,
    SamplingSetup,
    Schedule,
    SizeDecision,
)
from whet.sampling.part_calls import call, call_list, name_of
from whet.sampling.strategy_checks import MOST, judged, metrics_of
from whet.types import Group, Mean, Metrics, Request, Task, Ticket, UsageError
from whet.types.returned import returned


class Slots(NamedTuple):
    """The running halves of all slots.

    Any of them may be a user's. What they return is checked: `UsageError` names the method, what it
    returned and what to return.
    """

    prompts: PromptSource
    size: GroupSizer
    schedules: tuple[LiveSchedule, ...]
    replay: LiveGroupReplay | None

    @classmethod
    def of(
        cls,
        setup: SamplingSetup,
        prompts: PromptOrder,
        size: GroupSize,
        schedules: Sequence[Schedule],
        replay: GroupReplay | None,
    ) -> "Slots":
        """Open the parts of a strategy."""
        return cls(
            prompts=call(prompts.open, PromptSource, setup),
            size=call(size.open, GroupSizer, setup),
            schedules=tuple(call(schedule.open, LiveSchedule, setup) for schedule in schedules),
            replay=None if replay is None else call(replay.open, LiveGroupReplay, setup),
        )

    def by_name(self) -> Iterator[tuple[str, Running]]:
        """All of them, each under a name of its own."""
        yield "prompts", self.prompts
        yield "size", self.size
        yield from ((f"schedules.{i}", schedule) for i, schedule in enumerate(self.schedules))
        if self.replay is not None:
            yield "replay", self.replay

    def tasks(self, count: int, now: Now) -> list[Task]:
        """The next tasks of the prompt order."""
        if count > MOST:
            raise UsageError(
                f"a round of sampling needs {count:,} tasks, more than {MOST:,}; give a smaller "
                "sampling.prompts.per_step or sampling.gate.oversample"
            )
        if count <= 0:
            return []
        found = call_list(self.prompts.next, Task, count, now)
        if len(found) > count:
            raise UsageError(
                f"{name_of(self.prompts.next)} returned {len(found)} tasks and was asked for "
                f"{count}; return at most as many"
            )
        return found

    def sizes(self, tasks: Sequence[Task], now: Now) -> list[int]:
        """The number of first rollouts of each task."""
        if not tasks:
            return []
        found = call_list(self.size.first, int, tuple(tasks), now)
        if len(found) != len(tasks) or min(found, default=1) < 1:
            told = ", ".join(map(str, found)) or "nothing"
            raise UsageError(
                f"{name_of(self.size.first)} returned {told} for {len(tasks)} tasks; return a "
                "number of rollouts, 1 or more, for each task"
            )
        if sum(found) > MOST:
            raise UsageError(
                f"sampling.size gives {len(tasks)} tasks {sum(found):,} rollouts in a round, more "
                f"than {MOST:,}; give fewer rollouts or tasks"
            )
        return found

    def scheduled(self, request: Request, now: Now) -> Request:
        """The request after all schedules."""
        for schedule in self.schedules:
            found = call(schedule.apply, Request, request, now)
            _check_schedule(name_of(schedule.apply), request, found)
            request = found
        return request

    def decided(self, group: Group) -> SizeDecision:
        """What follows on the rollouts of a task."""
        method = name_of(self.size.after)
        decision = call(self.size.after, SizeDecision, group)
        if decision.more > MOST:
            raise UsageError(
                f"{method} asked for {decision.more:,} rollouts; give at most {MOST:,}"
            )
        for name, flags in (("keep", decision.keep), ("learn", decision.learn)):
            if flags is not None and len(flags) != len(group):
                raise UsageError(
                    f"{method} returned {len(flags)} flags in `{name}` for a group of "
                    f"{len(group)} rollouts; return one for each rollout"
                )
        return decision

    def recalled(self, ticket: Ticket, admitted: list[Group], now: Now) -> list[Group]:
        """The admitted groups of a ticket, and groups of earlier steps."""
        if self.replay is None:
            return admitted
        found = call_list(self.replay.recall, Group, ticket, tuple(admitted), now)
        return [*admitted, *judged(name_of(self.replay.recall), found)]

    def ended(self, now: Now) -> Metrics:
        """End the step in all slots. Returns their metrics."""
        found: dict[str, Mean] = {}
        for _, part in self.by_name():
            found |= metrics_of(name_of(part.step_ended), call(part.step_ended, object, now))
        return found

    def observed(self, ticket: Ticket, groups: Sequence[Group]) -> None:
        """Tell all slots of a landed ticket."""
        for _, part in self.by_name():
            call(part.observe, object, ticket, tuple(groups))

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        """Tell all slots that the visit of a task has ended."""
        for _, part in self.by_name():
            call(part.visited, object, task, tuple(groups))

    def states(self) -> dict[str, dict[str, Any]]:
        """The state of every slot by its name."""
        return {name: dict(call(part.state_dict, Mapping)) for name, part in self.by_name()}

    def restore(self, states: Mapping[str, Mapping[str, Any]]) -> None:
        """Restore the states that `states` returned."""
        for name, part in self.by_name():
            call(part.load_state_dict, object, states[name])


def admits(gate: Gate, group: Group) -> bool:
    """Whether a gate admits a group. Raises `UsageError` where it returns neither yes nor no."""
    found = call(gate.__call__, object, group)
    if isinstance(found, np.bool_):
        return bool(found)
    return returned(name_of(gate.__call__), found, bool)


def _check_schedule(method: str, before: Request, after: Request) -> None:
    """Raise `UsageError` where a schedule changes more than it may."""
    seeds = [[play.seed for play in request.plays] for request in (before, after)]
    if seeds[0] != seeds[1]:
        raise UsageError(
            f"{method} returned {len(seeds[1])} plays for a request of {len(seeds[0])}; return as "
            "many plays, with the same seeds"
        )
    if after.completes is not before.completes:
        raise UsageError(f"{method} returned a request that completes another ticket; keep it")
    for one, other in zip(before.plays, after.plays, strict=True):
        if other.decoding.max_new_tokens > one.decoding.max_new_tokens:
            raise UsageError(
                f"{method} returned a play of {other.decoding.max_new_tokens} new tokens where "
                f"{one.decoding.max_new_tokens} were given; a schedule may only give fewer"
            )
