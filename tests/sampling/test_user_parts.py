"""What a user's part returns: whatever it is, a wrong value is told in one line."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from sampling.shaped import sampled

from whet.data.problems import Problems
from whet.data.procedural.lock import Lock
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
    SamplingSetup,
    Schedule,
    Shape,
    SizeDecision,
)
from whet.sampling.running_parts import Slots, admits
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import Decoding, Group, Request, Task, Ticket, UsageError

SETUP = SamplingSetup(corpus=Problems(family=Lock(), levels=(1, 1)), seed=0, steps=1)
NOW = Now(step=0, steps=1, version=0, metrics={})
TASK = Task(id="t", prompt="1+1=", answer="2")
REQUEST = Request.of(TASK, (1, 2), Decoding())


@dataclass(frozen=True, slots=True)
class Half(PromptSource, GroupSizer, LiveSchedule, LiveGroupReplay):
    """Returns the same thing from every method."""

    value: Any = None

    def next(self, count, now) -> Any:
        return self.value

    def first(self, tasks, now) -> Any:
        return self.value

    def after(self, group) -> Any:
        return self.value

    def apply(self, request, now) -> Any:
        return self.value

    def recall(self, ticket, admitted, now) -> Any:
        return self.value

    def step_ended(self, now) -> Any:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(PromptOrder, GroupSize, Schedule, GroupReplay):
    """Its `open` returns what it is told to."""

    per_step: int = 2
    value: Any = None

    def open(self, setup) -> Any:
        return self.value


def slots(value):
    half = Half(value)
    return Slots(prompts=half, size=half, schedules=(half,), replay=half)


@pytest.mark.parametrize("slot", ["prompts", "size", "schedules", "replay"])
@pytest.mark.parametrize("value", [None, 3, "text", Uniform()])
def test_open_returns_a_running_half(slot, value):
    part = Part(value=value)
    sampling = Standard(**{slot: (part,) if slot == "schedules" else part})
    with pytest.raises(UsageError, match=r"^Part.open returned .*; return an? \w+$"):
        sampling.open(SETUP)


@pytest.mark.parametrize("value", [None, 3, "ab", {"a": 1}, ["1+1="], [None], [TASK, [TASK]]])
def test_next_returns_tasks(value):
    with pytest.raises(UsageError, match=r"^Half.next returned .*; return a sequence of Task$"):
        slots(value).tasks(2, NOW)


@pytest.mark.parametrize("value", [None, "ab", [2.5], [None], [True, True], ["2", "2"]])
def test_first_returns_whole_numbers(value):
    with pytest.raises(UsageError, match=r"^Half.first returned .*; return a sequence of int$"):
        slots(value).sizes([TASK, TASK], NOW)


@pytest.mark.parametrize("value", [[], [4], [4, 4, 4], [4, 0], [-1, 4]])
def test_first_returns_a_size_for_each_task(value):
    with pytest.raises(UsageError, match="for 2 tasks; return a number of rollouts, 1 or more"):
        slots(value).sizes([TASK, TASK], NOW)


@pytest.mark.parametrize("value", [None, TASK, [REQUEST]])
def test_apply_returns_a_request(value):
    with pytest.raises(UsageError, match=r"^Half.apply returned .*; return a Request$"):
        slots(value).scheduled(REQUEST, NOW)


@pytest.mark.parametrize(
    "plays", [REQUEST.plays[:1], REQUEST.plays * 2, REQUEST.plays[::-1]], ids=len
)
def test_apply_keeps_the_plays_and_their_seeds(plays):
    with pytest.raises(UsageError, match="return as many plays, with the same seeds"):
        slots(replace(REQUEST, plays=plays)).scheduled(REQUEST, NOW)


@pytest.mark.parametrize("value", [None, 3, {"more": 1}])
def test_after_returns_a_decision(value):
    with pytest.raises(UsageError, match=r"^Half.after returned .*; return a SizeDecision$"):
        slots(value).decided(Group(task=TASK, rollouts=(), ticket=0))


@pytest.mark.parametrize("name", ["keep", "learn"])
def test_a_decision_has_a_flag_for_each_rollout(name):
    decision = SizeDecision(**{name: (True,)})
    with pytest.raises(UsageError, match=f"1 flags in `{name}` for a group of 0 rollouts"):
        slots(decision).decided(Group(task=TASK, rollouts=(), ticket=0))


@pytest.mark.parametrize("value", [None, 3, [REQUEST], "ab"])
def test_recall_returns_groups(value):
    ticket = Ticket(number=0, request=REQUEST)
    with pytest.raises(UsageError, match=r"^Half.recall returned .*; return a sequence of Group$"):
        slots(value).recalled(ticket, [], NOW)


@pytest.mark.parametrize("value", [None, 3, ["a"]])
def test_metrics_are_a_mapping(value):
    with pytest.raises(UsageError, match=r"^Half.step_ended returned .*; return a Mapping$"):
        slots(value).ended(NOW)


def test_a_gate_that_returns_nothing_rejects_nothing():
    class Forgot(Gate):
        def __call__(self, group) -> Any:
            del group

    with pytest.raises(UsageError, match=r"Forgot.__call__ returned None; return a bool"):
        admits(Forgot(), Group(task=TASK, rollouts=(), ticket=0))


@pytest.mark.parametrize("value", [None, 3, "ab", [None], [[]], [TASK]])
def test_a_shape_returns_rollouts(value):
    class Wrong(Shape):
        async def roll(self, request, plays) -> Any:
            await plays.play(list(request.plays))
            return value

    with pytest.raises(UsageError, match=r"^Wrong.roll returned .*; return a sequence of Rollout"):
        sampled(Wrong())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"size": Fixed(rollouts=10**9)}, "rollouts in a round, more than 1,000,000"),
        ({"prompts": Uniform(per_step=10**9)}, "needs 1,000,000,000 tasks, more than 1,000,000"),
    ],
    ids=["size", "prompts"],
)
def test_a_round_has_an_end(changes, told):
    sampling = Standard(**changes)
    with pytest.raises(UsageError, match=told):
        sampling.open(SETUP).next(sampling.tickets, NOW)
