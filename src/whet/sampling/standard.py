"""The standard sampling strategy: independent parts for order, group size, decoding and gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from whet.data.epoch_orders import EpochOrders
from whet.protocols import Gate, GroupSize, Now, PromptOrder, Sampling, SamplingSetup, Strategy
from whet.sampling.dynamic.admit_all import AdmitAll
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.types import Decoding, Group, Request, Task, Ticket, seed_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard(Sampling):
    """Tasks in the order of `prompts`, groups of `size` rollouts, filtered by `gate`.

    Every epoch of a corpus with an end has another order (`EpochOrders`).

    Seeds are hashed: seed = h(run, index div B, index mod B, sample). The index is that of the task
    among all drawn ones, and B is the number of groups per step.
    """

    prompts: PromptOrder = Uniform()
    size: GroupSize = Fixed()
    decoding: Decoding = Decoding()
    gate: Gate = AdmitAll()

    @property
    def tickets(self) -> int:
        return self.prompts.per_step

    @property
    def group_size(self) -> int:
        return self.size.always

    def open(self, setup: SamplingSetup) -> "StandardStrategy":
        ordered = EpochOrders(corpus=setup.corpus, apart=self.tickets)
        return StandardStrategy(self, replace(setup, corpus=ordered))


@dataclass(slots=True)
class StandardStrategy(Strategy):
    """The state is the number of tasks drawn so far."""

    sampling: Standard
    setup: SamplingSetup
    drawn: int = 0

    def next(self, want: int, now: Now) -> list[Request]:
        """The next `want` tasks in order."""
        del now
        found = [self._request(self.drawn + i) for i in range(want)]
        self.drawn += want
        return found

    def _request(self, index: int) -> Request:
        own, seed = self.sampling, self.setup.seed
        step, place = divmod(index, own.tickets)
        task = self._task(index)
        seeds = tuple(seed_of(seed, step, place, j) for j in range(own.size(task)))
        return Request.of(task, seeds, own.decoding)

    def _task(self, index: int) -> Task:
        return self.sampling.prompts.task(self.setup.corpus, self.setup.seed, index)

    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> list[Group]:
        """The groups that the gate admits."""
        del ticket
        return [group for group in groups if self.sampling.gate(group)]

    def peek(self, want: int) -> list[Task]:
        """The next `want` tasks, which are known in advance."""
        return [self._task(self.drawn + i) for i in range(want)]

    def state_dict(self) -> dict[str, Any]:
        """The number of tasks drawn so far."""
        return {"drawn": self.drawn}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.drawn = state["drawn"]
