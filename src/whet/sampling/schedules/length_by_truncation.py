"""Longer replies once the present limit cuts too many of those that might be right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whet.protocols import LiveSchedule, Now, SamplingSetup, Schedule
from whet.sampling.outcomes import task_metric
from whet.sampling.schedules.plays import limit_of, limited
from whet.sampling.schedules.staged_length import beyond
from whet.types import Finish, Group, Mean, Metrics, Request, Rollout, RunSpec, Ticket, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthByTruncation(Schedule):
    """L = lengths[i], where i rises by 1 after `patience` crowded steps in a row.

    A step is crowded if  cut > truncated  and  mean |y| > share · L,  over its rollouts of tasks
    with a correct rollout; `cut` is the share of those that ended at the limit. A cut reply has no
    answer, so that another reply to its task is right is the evidence that it might have been.
    A step without a correct rollout counts neither way.

    Source: the stages of DeepScaleR (8k → 16k → 24k, a blog post; from memory) without their
    switch points. The rule and its numbers are ours: 0.2, 0.6 and 20 steps.

    It saves tokens until they are needed. A policy that never fills its replies stays in the first
    stage, which is intended; one that cannot solve a task within the first length stays there, too.
    A policy that rambles in right replies is given room to ramble: add a price of length.

    The longest limit is `sampling.decoding.max_new_tokens`, which is checked against the model, and
    which evaluations use in all stages. The reward `staged_overlong` treats cut replies by stage.
    """

    lengths: tuple[int, ...] = (8192, 16384, 24576)
    truncated: float = 0.2
    share: float = 0.6
    patience: int = 20

    def __post_init__(self) -> None:
        bounds = (0, *self.lengths)
        if not self.lengths or any(a >= b for a, b in zip(bounds, bounds[1:], strict=False)):
            raise UsageError(
                f"sampling.schedules.length_by_truncation.lengths is {self.lengths}; "
                "give lengths that rise"
            )
        for name in ("truncated", "share"):
            if not 0 <= getattr(self, name) < 1:
                value = getattr(self, name)
                raise UsageError(
                    f"sampling.schedules.length_by_truncation.{name} is {value}; "
                    "give a number in [0, 1)"
                )
        if self.patience < 1:
            raise UsageError(
                f"sampling.schedules.length_by_truncation.patience is {self.patience}; "
                "give 1 step or more"
            )

    def run_error(self, spec: RunSpec) -> str:
        """An error for a length beyond the limit that the run is planned for."""
        return beyond("length_by_truncation", self.lengths, spec)

    def open(self, setup: SamplingSetup) -> "LiveLengthByTruncation":
        del setup
        return LiveLengthByTruncation(self)


@dataclass(slots=True)
class LiveLengthByTruncation(LiveSchedule):
    """The stage, the crowded steps in a row, and the replies of the step so far."""

    settings: LengthByTruncation
    stage: int = 0
    crowded: int = 0
    replies: int = 0
    cut: int = 0
    tokens: int = 0

    @property
    def limit(self) -> int:
        """The present limit, tokens of a reply."""
        return self.settings.lengths[self.stage]

    def apply(self, request: Request, now: Now) -> Request:
        del now
        return limited(request, self.limit)

    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> None:
        """Count the replies of tasks with a correct rollout, of plays at the present limit."""
        if limit_of(ticket.request) != self.limit:
            return
        for rollout in _promising(groups):
            if rollout.joined:
                continue
            self.replies += len(rollout.acts)
            self.tokens += rollout.length
            self.cut += rollout.finish is Finish.LENGTH

    def step_ended(self, now: Now) -> Metrics:
        """Advance after enough crowded steps in a row."""
        del now
        found = Mean(total=self.cut, count=self.replies)
        if self.replies:
            fills = self.tokens > self.settings.share * self.limit * self.replies
            crowded = fills and self.cut > self.settings.truncated * self.replies
            self.crowded = self.crowded + 1 if crowded else 0
        if self.crowded >= self.settings.patience and self.stage + 1 < len(self.settings.lengths):
            self.stage, self.crowded = self.stage + 1, 0
        self.replies, self.cut, self.tokens = 0, 0, 0
        return {"cut_when_solvable": found}

    def state_dict(self) -> dict[str, Any]:
        return {"stage": self.stage, "crowded": self.crowded}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.stage, self.crowded = state["stage"], state["crowded"]


def _promising(groups: Sequence[Group]) -> Iterator[Rollout]:
    """The rollouts of groups in which one is correct."""
    for group in groups:
        if any((task_metric(rollout) or 0.0) >= 1 for rollout in group):
            yield from group
