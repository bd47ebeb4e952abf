"""What stands in the answers of users' parts, and what their methods raise: told in one line."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest
from sampling.shaped import TASK, sampled
from sampling.test_user_parts import NOW, REQUEST, SETUP, Half, slots

from whet.protocols import Gate, PromptOrder, PromptSource, Sampling, Shape, SizeDecision, Strategy
from whet.sampling.part_calls import call
from whet.sampling.running_parts import Slots, admits
from whet.sampling.standard import Standard
from whet.sampling.strategy_checks import CheckedStrategy, check, metrics_of, opened
from whet.sampling.structured.tree import Tree
from whet.types import Decoding, Group, Mean, Play, Rollout, Ticket, UsageError


def made(whole, **changes):
    """The same value with other fields of any type, which the tests' own type checks don't see."""
    found = object.__new__(type(whole))
    for each in fields(whole):
        value = changes.get(each.name, getattr(whole, each.name))
        object.__setattr__(found, each.name, value)
    found.__post_init__()
    return found


GROUP = Group(task=TASK, rollouts=(Rollout.from_text(TASK, "7"),), ticket=0)
NAN = float("nan")


@pytest.mark.parametrize("value", [True, False, np.True_, np.False_])
def test_a_gate_says_yes_or_no(value):
    class Mine(Gate):
        def __call__(self, group) -> Any:
            return value

    assert admits(Mine(), GROUP) is bool(value)


@pytest.mark.parametrize(
    "value", [None, "no", 1, 0, NAN, [], [False], (x for x in ()), np.array([True]), GROUP, Mean]
)
def test_what_is_neither_yes_nor_no_is_told(value):
    class Mine(Gate):
        def __call__(self, group) -> Any:
            return value

    with pytest.raises(UsageError, match=r"^Mine.__call__ returned .*; return a bool$"):
        admits(Mine(), GROUP)


@pytest.mark.filterwarnings("error")
def test_a_coroutine_where_none_is_wanted_is_told_and_closed():
    class Mine(Gate):
        async def __call__(self, group) -> Any:  # pyright: ignore
            return False

    told = r"^Mine.__call__ is a coroutine function; write `def`, not `async def`$"
    with pytest.raises(UsageError, match=told):
        admits(Mine(), GROUP)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"more": -1}, "more is -1"),
        ({"more": 1.5}, "more is 1.5"),
        ({"more": True}, "more is True"),
        ({"more": "2"}, "more is '2'"),
        ({"drop": "no"}, "drop is 'no'"),
        ({"keep": "ab"}, "keep is 'ab'"),
        ({"keep": True}, "keep is True"),
        ({"keep": (0.5, 0.5)}, "keep is"),
        ({"learn": (None, True)}, "learn is"),
        ({"learn": [True, True]}, "learn is"),
    ],
    ids=str,
)
def test_a_decision_is_checked(changes, told):
    with pytest.raises(UsageError, match=rf"^SizeDecision.{told}"):
        made(SizeDecision(), **changes)


def test_a_decision_asks_for_no_billion_rollouts():
    with pytest.raises(UsageError, match=r"Half.after .*1,000,000,000 .*1,000,000"):
        slots(SizeDecision(more=10**9)).decided(GROUP)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"task": "1+1"}, "task '1\\+1'"),
        ({"plays": None}, "plays None"),
        ({"plays": REQUEST.plays[0]}, "plays Play"),
        ({"plays": (3,)}, r"plays \(3,\)"),
        ({"shape": "tree"}, "shape 'tree'"),
        ({"shape": Tree}, "shape <class"),
        ({"completes": 7}, "completes 7"),
    ],
    ids=str,
)
def test_a_request_is_checked(changes, told):
    with pytest.raises(UsageError, match=rf"^a request .*{told}"):
        made(REQUEST, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": "a"},
        {"seed": 1.5},
        {"seed": -1},
        {"seed": 2**80},
        {"seed": True},
        {"decoding": None},
        {"prefix": "ab"},
        {"prefix": (-1,)},
        {"prefix": [1]},
    ],
    ids=str,
)
def test_a_play_is_checked(changes):
    [(name, _)] = changes.items()
    with pytest.raises(UsageError, match=rf"^a play has {name} "):
        made(Play(seed=1, decoding=Decoding()), **changes)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"decoding": Decoding(max_new_tokens=999)}, "999 new tokens where 256 were given"),
        ({"seed": 9}, "return as many plays, with the same seeds"),
    ],
    ids=["longer", "seed"],
)
def test_a_schedule_keeps_its_contract(change, told):
    plays = tuple(replace(play, **change) for play in REQUEST.plays)
    with pytest.raises(UsageError, match=told):
        slots(replace(REQUEST, plays=plays)).scheduled(REQUEST, NOW)


def test_a_schedule_completes_no_other_ticket():
    other = replace(REQUEST, completes=Ticket(number=5, request=REQUEST))
    with pytest.raises(UsageError, match="completes another ticket"):
        slots(other).scheduled(REQUEST, NOW)


@pytest.mark.parametrize(
    "value", [{"a": 3}, {3: Mean()}, {"a": Mean(total=NAN, count=1)}, {"a": "x"}]
)
def test_metrics_are_means(value):
    with pytest.raises(UsageError, match="returned the metric .* return a Mean of two finite"):
        metrics_of("Mine.step_ended", value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own(Sampling):
    """A whole strategy that says what it is told to."""

    running: Any = None
    groups: Any = 2
    size: Any = 2
    gate: Any = Standard().gate
    decoding: Any = Decoding()

    @property
    def tickets(self) -> Any:
        return self.groups

    @property
    def group_size(self) -> Any:
        return self.size

    @property
    def most_rollouts(self) -> Any:
        return 4

    def open(self, setup) -> Any:
        return self.running


class Said(Strategy):
    """Returns the same thing from every method."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def next(self, want, now) -> Any:
        return self.value

    def observe(self, ticket, groups) -> Any:
        return self.value

    def step_ended(self, now) -> Any:
        return self.value

    def state_dict(self) -> Any:
        return self.value


@pytest.mark.parametrize("value", [None, Said, 3, Standard()])
def test_open_returns_a_strategy(value):
    with pytest.raises(UsageError, match=r"^Own.open returned .*; return a Strategy$"):
        opened(Own(running=value), SETUP)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"groups": None}, "tickets is None"),
        ({"groups": "2"}, "tickets is '2'"),
        ({"groups": 2.0}, "tickets is 2.0"),
        ({"groups": NAN}, "tickets is nan"),
        ({"groups": 0}, "tickets is 0"),
        ({"groups": 10**9}, "tickets is 1,000,000,000"),
        ({"size": -1}, "group_size is -1"),
        ({"size": None}, "group_size is None"),
        ({"decoding": None}, "decoding returned None"),
    ],
    ids=str,
)
def test_the_numbers_of_a_strategy_are_checked(changes, told):
    with pytest.raises(UsageError, match=f"Own.{told}"):
        check(Own(**changes))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("max_rounds", value) for value in (1.5, "2", None, -1)),
        *(("oversample", value) for value in ("2", None, 0.0, -1.0, NAN, float("inf"))),
    ],
)
def test_the_numbers_of_a_gate_are_checked(name, value):
    class Mine(Gate):
        def __call__(self, group) -> bool:
            return True

    setattr(Mine, name, value)
    with pytest.raises(UsageError, match=rf"^sampling.gate.{name} is "):
        check(Standard(gate=Mine()))


def test_a_prompt_order_has_groups():
    class Order(PromptOrder):
        def open(self, setup) -> Any:
            return Half()

    with pytest.raises(UsageError, match=r"Standard.tickets is 0; give a whole number of 1"):
        check(Standard(prompts=Order()))


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("next", (2, NOW)),
        ("observe", (Ticket(number=0, request=REQUEST), ())),
        ("step_ended", (NOW,)),
        ("state_dict", ()),
    ],
)
@pytest.mark.parametrize("value", [None, 3, [None], "ab"])
def test_a_strategy_is_checked(method, given, value):
    live = CheckedStrategy(Own(), Said(value))
    with pytest.raises(UsageError, match=rf"^Said.{method} returned "):
        getattr(live, method)(*given)


def test_groups_to_learn_from_are_judged():
    live = CheckedStrategy(Own(), Said([GROUP]))
    with pytest.raises(UsageError, match="with a rollout that has no verdict"):
        live.observe(Ticket(number=0, request=REQUEST), ())


def test_only_a_shape_pauses_plays():
    paused = replace(REQUEST, plays=(replace(REQUEST.plays[0], pause_at=2),))
    with pytest.raises(UsageError, match="a play with pause_at, which only a sampling.shape"):
        CheckedStrategy(Own(), Said([paused])).next(2, NOW)


def test_the_leaves_of_trees_count_too():
    many = replace(REQUEST, shape=Tree(branches=(10**19, 2), segments=(2,)))
    with pytest.raises(
        UsageError, match="a round of sampling has .* rollouts, more than 1,000,000"
    ):
        CheckedStrategy(Own(), Said([many])).next(2, NOW)


def shape_of(change):
    class Mine(Shape):
        async def roll(self, request, plays) -> Any:
            return change([r for own in await plays.play(list(request.plays)) for r in own])

    return Mine()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda one, two: {"parent": one.id, "forked_at": 99}, "behind 99 sampled tokens"),
        (lambda one, two: {"parent": one.id, "forked_at": 1}, "which are not the same in both"),
        (lambda one, two: {"parent": "ghost"}, "'ghost', which was not played for this request"),
        (lambda one, two: {"parent": two.id}, "is forked from itself"),
        (lambda one, two: {"parent": None}, "has parent None"),
        (lambda one, two: {"forked_at": -1}, "has forked_at -1"),
        (lambda one, two: {"forked_at": 0.5}, "has forked_at 0.5"),
        (lambda one, two: {"seat": 3}, "has seat 3"),
    ],
)
def test_a_false_fork_is_told(change, told):
    shape = shape_of(lambda rs: [rs[0], made(rs[1], **change(*rs[:2]))])
    with pytest.raises(UsageError, match=told):
        sampled(shape, (1, 2))


def test_parents_in_a_circle_are_told():
    def circle(rs):
        return [replace(rs[0], parent=rs[1].id), replace(rs[1], parent=rs[0].id)]

    with pytest.raises(UsageError, match="is forked from itself, by way of its parents"):
        sampled(shape_of(circle), (1, 2))


def test_a_shape_is_a_coroutine():
    class Mine(Shape):
        def roll(self, request, plays) -> Any:  # pyright: ignore
            return []

    with pytest.raises(UsageError, match=r"^Mine.roll is no coroutine function; write `async def`"):
        sampled(Mine())


@pytest.mark.parametrize("wrong", [None, REQUEST, REQUEST.plays[0], "ab", [3]], ids=type)
def test_only_plays_are_played(wrong):
    class Mine(Shape):
        async def roll(self, request, plays) -> Any:
            return [r for own in await plays.play(wrong) for r in own]

    with pytest.raises(UsageError, match="plays.play got .*; give a sequence of Play"):
        sampled(Mine())


@pytest.mark.parametrize("error", [KeyError("a"), StopIteration(), SystemExit(5), AssertionError()])
def test_an_exception_of_a_part_is_one_line_with_its_place(error):
    class Source(PromptSource):
        def next(self, count, now) -> Any:
            raise error

    told = rf"^Source.next of test_user_answers.py, line \d+: {type(error).__name__}: .*; mend it$"
    with pytest.raises(UsageError, match=told):
        replace_prompts(Source()).tasks(2, NOW)


def replace_prompts(source):
    return Slots(prompts=source, size=Half(), schedules=(), replay=None)


def test_an_exception_of_a_shape_is_one_line_too():
    def fails(rollouts):
        return rollouts[99]

    with pytest.raises(UsageError, match=r"^Mine.roll of test_user_answers.py, line \d+: IndexErr"):
        sampled(shape_of(fails))


def test_a_prompt_order_gives_at_most_what_was_asked():
    with pytest.raises(UsageError, match="Half.next returned 3 tasks and was asked for 2"):
        slots([TASK] * 3).tasks(2, NOW)


def test_parts_are_given_copies():
    class Greedy(Half):
        def observe(self, ticket, groups):
            groups.clear()

    live = Slots(prompts=Greedy(), size=Half(), schedules=(), replay=None)
    with pytest.raises(UsageError, match=r"Greedy.observe of .*'tuple' object has no attribute"):
        live.observed(Ticket(number=0, request=REQUEST), [GROUP])


def test_own_errors_keep_their_traceback():
    with pytest.raises(TypeError):
        call(Standard().open, object)
