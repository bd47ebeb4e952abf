"""The standard sampling strategy: one independent part per slot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from whet.protocols import (
    Gate,
    GroupReplay,
    GroupSize,
    Now,
    PromptOrder,
    Sampling,
    SamplingSetup,
    Schedule,
    Shape,
    SizeDecision,
    Strategy,
)
from whet.sampling.dynamic.admit_all import AdmitAll
from whet.sampling.part_calls import call_list
from whet.sampling.rounds import Waiting, chosen, merged, only
from whet.sampling.running_parts import Slots, admits
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.plays import PlaySettings, overwritten
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.structured.chains import Chains
from whet.types import (
    Decoding,
    Group,
    Mean,
    Metrics,
    Need,
    Play,
    Request,
    RunSpec,
    Task,
    Ticket,
    seed_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard(Sampling):
    """Tasks by `prompts`, in groups of `size` rollouts of a `shape`, filtered by `gate`.

    `schedules` change the decoding and the prompts of plays during the run, one after the other.
    `replay` adds groups of earlier steps to those that the gate admits.

    Seeds are hashed: seed = h(run, index div B, index mod B, sample). The index is that of the task
    among all drawn ones, and B is the number of groups per step.
    """

    prompts: PromptOrder = Uniform()
    size: GroupSize = Fixed()
    shape: Shape = Chains()
    decoding: Decoding = Decoding()
    schedules: tuple[Schedule, ...] = ()
    gate: Gate = AdmitAll()
    replay: GroupReplay | None = None

    @property
    def tickets(self) -> int:
        return self.prompts.per_step

    @property
    def group_size(self) -> int:
        return self.shape.leaves(self.size.always) if self.size.always else 0

    @property
    def most_rollouts(self) -> int:
        return self.shape.leaves(self.size.most_plays(self.tickets))

    @property
    def rounds(self) -> int:
        return self.gate.max_rounds + self.size.rounds

    @property
    def replays(self) -> bool:
        return self.replay is not None

    @property
    def weighs(self) -> bool:
        return self.replay is not None and self.replay.weighs

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of schedules that undo each other, and of tasks given up and not replaced."""
        del spec
        return overwritten(self.schedules) or self._smaller()

    def _smaller(self) -> str:
        if not self.size.drops or self.gate.max_rounds:
            return ""
        return (
            f"sampling.size {type(self.size).__name__} gives up tasks, and sampling.gate "
            f"{type(self.gate).__name__} replaces none (max_rounds 0), so batches are smaller; "
            "give --sampling.gate non_zero_spread --sampling.gate.max_rounds 9"
        )

    @property
    def forks(self) -> bool:
        return self.shape.resumes

    @property
    def provides(self) -> frozenset[Need]:
        return frozenset().union(*(schedule.provides for schedule in self.schedules))

    def open(self, setup: SamplingSetup) -> "StandardStrategy":
        slots = Slots.of(setup, self.prompts, self.size, self.schedules, self.replay)
        return StandardStrategy(self, setup, slots)


@dataclass(slots=True)
class StandardStrategy(Strategy):
    """The state is the number of tasks drawn so far, and the states of the slots."""

    sampling: Standard
    setup: SamplingSetup
    slots: Slots
    drawn: int = 0
    now: Now = Now(step=0, steps=0, version=0, metrics={})
    waiting: list[Waiting] = field(default_factory=list)  # tasks that need a further round
    tasks: dict[int, Task] = field(default_factory=dict)  # of the step, by their first seeds
    places: int = 0  # groups that the batch still lacks
    resumed: dict[tuple[int, int], Waiting] = field(default_factory=dict)  # by completed ticket
    settings: PlaySettings = field(default_factory=PlaySettings)  # of the step's plays

    def next(self, want: int, now: Now) -> list[Request]:
        """Further plays for tasks that are waiting, then new tasks."""
        self.now = now
        missing = self.places = now.missing or want
        again, self.waiting = self.waiting[:missing], self.waiting[missing:]
        self.resumed |= {waiting.ticket.key: waiting for waiting in again}
        fresh = 0
        if now.round <= self.sampling.gate.max_rounds:
            fresh = min(want, ceil(self.sampling.gate.oversample * (missing - len(again))))
        tasks = self.slots.tasks(fresh, now)
        sizes = self.slots.sizes(tasks, now)
        requests = [self._fresh(task, size) for task, size in zip(tasks, sizes, strict=True)]
        return [*(self._continued(waiting) for waiting in again), *requests]

    def _fresh(self, task: Task, size: int) -> Request:
        step, place = divmod(self.drawn, self.sampling.tickets)
        self.drawn += 1
        seeds = [seed_of(self.setup.seed, step, place, j) for j in range(size)]
        self.tasks[seeds[0]] = task
        return self._request(task, seeds, None)

    def _continued(self, waiting: Waiting) -> Request:
        samples = range(waiting.plays, waiting.plays + waiting.more)
        seeds = [seed_of("further", waiting.seed, j) for j in samples]
        task = self.tasks[waiting.seed]  # as it was before schedules
        return self._request(task, seeds, waiting.ticket)

    def _request(self, task: Task, seeds: Sequence[int], completes: Ticket | None) -> Request:
        own = self.sampling
        plays = tuple(Play(seed=seed, decoding=own.decoding) for seed in seeds)
        request = Request(task=task, plays=plays, shape=own.shape, completes=completes)
        request = self.slots.scheduled(request, self.now)
        self.settings.add(request)
        return request

    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> list[Group]:
        """The groups that the gate admits, once their tasks need no further round."""
        self.slots.observed(ticket, groups)
        task, completes = ticket.request.task, ticket.request.completes
        before = None if completes is None else self.resumed.pop(completes.key)
        whole = list(groups) if before is None else merged(before.groups, groups, ticket.number)
        decision = SizeDecision()
        if self.sampling.size.decides and whole:
            decision = self.slots.decided(only(whole, task))
        if decision.more:
            self.waiting.append(Waiting.of(ticket, whole, decision.more, before))
            return []
        self.slots.visited(task, whole)
        complete = [] if decision.drop else [chosen(group, decision) for group in whole]
        admitted = [group for group in complete if len(group) and admits(self.sampling.gate, group)]
        full, self.places = self.places <= 0, self.places - bool(admitted)
        if not admitted or full:  # surplus groups are not learned from
            return admitted
        return self.slots.recalled(ticket, admitted, self.now)

    def peek(self, want: int) -> list[Task]:
        """The next `want` tasks, as far as the prompt order knows them."""
        return call_list(self.slots.prompts.peek, Task, want)

    def step_ended(self, now: Now) -> Metrics:
        """Give up the tasks that are still waiting; the metrics of all slots."""
        unfinished, self.waiting, self.tasks = self.waiting, [], {}
        for waiting in unfinished:
            self.slots.visited(waiting.ticket.request.task, waiting.groups)
        found: dict[str, Mean] = {}
        if self.sampling.size.rounds:
            found["unfinished"] = Mean(total=len(unfinished), count=1)
        settings = self.settings.taken()
        if self.sampling.schedules:
            found |= settings
        return {**found, **self.slots.ended(now)}

    def state_dict(self) -> dict[str, Any]:
        """The number of tasks drawn so far, and the state of every slot."""
        return {"drawn": self.drawn, "slots": self.slots.states()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.drawn = state["drawn"]
        self.slots.restore(state["slots"])
