"""The running halves of a strategy's parts, and checks of what they return."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

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
from whet.types import Group, Mean, Metrics, Request, Task, Ticket, UsageError
from whet.types.returned import listed, returned

_MOST = 1_000_000  # tasks or rollouts in a round; more is taken for a mistake


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
        held = None
        if replay is not None:
            held = returned(_method(replay, "open"), replay.open(setup), LiveGroupReplay)
        return cls(
            prompts=returned(_method(prompts, "open"), prompts.open(setup), PromptSource),
            size=returned(_method(size, "open"), size.open(setup), GroupSizer),
            schedules=tuple(
                returned(_method(schedule, "open"), schedule.open(setup), LiveSchedule)
                for schedule in schedules
            ),
            replay=held,
        )

    def named(self) -> Iterator[tuple[str, Running]]:
        """All of them, each under a name of its own."""
        yield "prompts", self.prompts
        yield "size", self.size
        yield from ((f"schedules.{i}", schedule) for i, schedule in enumerate(self.schedules))
        if self.replay is not None:
            yield "replay", self.replay

    def tasks(self, count: int, now: Now) -> list[Task]:
        """The next tasks of the prompt order."""
        if count > _MOST:
            raise UsageError(
                f"a round of sampling needs {count:,} tasks, more than {_MOST:,}; give a smaller "
                "sampling.prompts.per_step or sampling.gate.oversample"
            )
        found = self.prompts.next(count, now) if count > 0 else ()
        return listed(_method(self.prompts, "next"), found, Task)

    def sizes(self, tasks: Sequence[Task], now: Now) -> list[int]:
        """The number of first rollouts of each task."""
        method = _method(self.size, "first")
        found = listed(method, self.size.first(tasks, now) if tasks else (), int)
        if len(found) != len(tasks) or min(found, default=1) < 1:
            told = ", ".join(map(str, found)) or "nothing"
            raise UsageError(
                f"{method} returned {told} for {len(tasks)} tasks; return a number of rollouts, 1 "
                "or more, for each task"
            )
        if sum(found) > _MOST:
            raise UsageError(
                f"sampling.size gives {len(tasks)} tasks {sum(found):,} rollouts in a round, more "
                f"than {_MOST:,}; give fewer rollouts or tasks"
            )
        return found

    def scheduled(self, request: Request, now: Now) -> Request:
        """The request after all schedules."""
        seeds = _seeds(request)
        for schedule in self.schedules:
            method = _method(schedule, "apply")
            request = returned(method, schedule.apply(request, now), Request)
            if _seeds(request) != seeds:
                raise UsageError(
                    f"{method} returned {len(request.plays)} plays for a request of {len(seeds)}; "
                    "return as many plays, with the same seeds"
                )
        return request

    def decided(self, group: Group) -> SizeDecision:
        """What follows on the rollouts of a task."""
        method = _method(self.size, "after")
        decision = returned(method, self.size.after(group), SizeDecision)
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
        found = self.replay.recall(ticket, admitted, now)
        return [*admitted, *listed(_method(self.replay, "recall"), found, Group)]

    def ended(self, now: Now) -> Metrics:
        """End the step in all slots. Returns their metrics."""
        found: dict[str, Mean] = {}
        for _, part in self.named():
            found |= returned(_method(part, "step_ended"), part.step_ended(now), Mapping)
        return found


def admits(gate: Gate, group: Group) -> bool:
    """Whether a gate admits a group. Raises `UsageError` for a gate that returned nothing."""
    admitted = gate(group)
    if admitted is None:
        raise UsageError(f"{_method(gate, '__call__')} returned None; return True or False")
    return bool(admitted)


def _seeds(request: Request) -> list[int]:
    return [play.seed for play in request.plays]


def _method(part: object, name: str) -> str:
    return f"{type(part).__name__}.{name}"
