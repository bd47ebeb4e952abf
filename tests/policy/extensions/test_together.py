"""All extensions of a run, asked together; and rollouts as plain values."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from policy.extensions.tiny_run import TASKS, TinyRun, finished, group_of, own, rendered, ticket_of

from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.extensions.greedy import Greedy
from whet.policy.extensions.hints import Hints
from whet.policy.extensions.moving_mean import MovingMean
from whet.policy.extensions.tracker import Tracker
from whet.protocols import Companion, Extension
from whet.types import (
    Decoding,
    Finish,
    IntegrityError,
    Mean,
    Reason,
    Task,
    UsageError,
    Verdict,
    dialogue,
)
from whet.types.saved_rollouts import as_plain, from_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine(Companion):
    """A user's own companion: no table has to know it."""

    name: str = "mine"
    state: Any = 1

    async def open(self, setup) -> "LiveMine":
        return LiveMine(self)


@dataclass(slots=True)
class LiveMine(Extension):
    """A column of zeros, and one metric."""

    settings: Mine

    async def add_columns(self, context, inputs, rollouts):
        return replace(inputs, baseline=torch.zeros(len(rollouts)))

    async def after_update(self, context, batch, inputs):
        return {self.settings.name: Mean(total=1, count=1)}

    def state_dict(self):
        return {"held": self.settings.state}

    async def load_state_dict(self, state, context):
        self.settings = replace(self.settings, state=state["held"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice(Companion):
    """It puts a rollout into its group a second time, as it is."""

    async def open(self, setup) -> Extension:
        class Live(Extension):
            async def after_rollout(self, context, ticket, groups):
                return [g.having([*g, g[0]]) for g in groups]

        return Live()


def test_a_users_own_companion_works_like_any_other(tmp_path):
    run = TinyRun(folder=tmp_path)
    extensions = finished(run.open(Demonstrations(), Mine()))
    outcome = finished(run.step(extensions, 0))
    assert outcome.metrics == {"mine": Mean(total=1, count=1)}
    assert not outcome.inputs.baseline.any()
    assert extensions.names == ("0 Demonstrations", "1 Mine")


def test_two_extensions_do_not_report_the_same_name():
    run = TinyRun()
    with pytest.raises(IntegrityError, match="'tracked'"):
        finished(run.step(finished(run.open(Tracker(), Quiet(name="tracked"))), 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet(Mine):
    """It reports, and changes no column."""

    async def open(self, setup) -> Any:
        name = self.name

        class Live(Extension):
            async def after_update(self, context, batch, inputs):
                return {name: Mean(total=1, count=1)}

        return Live()


def test_two_extensions_do_not_change_the_same_column():
    run = TinyRun()
    with pytest.raises(UsageError, match="Greedy and MovingMean"):
        finished(run.open(Greedy(), MovingMean()))
    undeclared = finished(run.open(Greedy(), Mine()))
    with pytest.raises(IntegrityError, match="'baseline'"):
        finished(run.step(undeclared, 0))


def test_a_rollout_is_in_one_place():
    run = TinyRun()
    with pytest.raises(IntegrityError, match="after extension 1 Twice rollout .* is in two places"):
        finished(run.step(finished(run.open(Demonstrations(), Twice())), 0))


def test_groups_are_those_of_their_ticket():
    run = TinyRun()
    extensions = finished(run.open(Demonstrations()))
    landed = [(ticket_of(4), [group_of(own("x"), ticket=3)])]
    with pytest.raises(IntegrityError, match="ticket 4 landed with a group of ticket 3"):
        finished(extensions.after_rollout(run.context(1), landed))


def test_what_is_played_goes_from_one_extension_to_the_next():
    run = TinyRun()
    hints = Hints(low=0.8, high=0.8, steps=9, parts=0)
    extensions = finished(run.open(hints, Counted()))
    request = finished(extensions.before_rollout(run.context(0), ticket_of(task=TASKS[3])))
    assert [len(play.prefix) for play in request.plays] == [4, 4, 4, 4]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Companion):
    """Every play twice."""

    async def open(self, setup) -> Extension:
        class Live(Extension):
            async def before_rollout(self, context, ticket):
                return replace(ticket.request, plays=ticket.request.plays * 2)

        return Live()


def test_states_are_those_of_these_extensions(tmp_path):
    run = TinyRun(folder=tmp_path)
    extensions = finished(run.open(Demonstrations(), Mine(state=[1, "a", None])))
    finished(extensions.save(tmp_path))
    held = torch.load(tmp_path / "extensions.pt", weights_only=True)
    assert held == {"0 Demonstrations": {}, "1 Mine": {"held": [1, "a", None]}}
    again = finished(run.open(Demonstrations(), Mine()))
    finished(again.load(tmp_path, run.context(0)))
    assert again.members[1].settings.state == [1, "a", None]
    for other in ((Demonstrations(),), (Mine(), Demonstrations()), ()):
        with pytest.raises(IntegrityError, match="extensions.pt lacks states of .* surplus"):
            finished(finished(run.open(*other)).load(tmp_path, run.context(0)))
    with pytest.raises(IntegrityError, match=r"lacks states of \['0 Mine'\]"):
        finished(finished(run.open(Mine())).load(tmp_path / "none", run.context(0)))


@pytest.mark.parametrize("state", [{"a": {1, 2}}, [Counter()], np.float64(1.0), Finish.STOP])
def test_a_state_that_could_not_be_read_back_is_not_saved(state, tmp_path):
    extensions = finished(TinyRun().open(Mine(state=state)))
    with pytest.raises(IntegrityError, match="the state of extension 0 Mine holds a"):
        finished(extensions.save(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_run_without_extensions_saves_nothing(tmp_path):
    extensions = finished(TinyRun().open())
    finished(extensions.save(tmp_path))
    finished(extensions.load(tmp_path, TinyRun().context(0)))
    assert not list(tmp_path.iterdir())


CHAT = Task(
    id="chat",
    prompt=({"role": "user", "content": "2+2?"},),
    answer="4",
    info={"level": 3, "tags": ["a", ("b", 1.5)], "none": None, "table": np.arange(3)},
)


@pytest.mark.parametrize(
    "rollout",
    [
        own("x;0"),
        rendered(TASKS[0], "abc"),
        own(""),
        own("x;4", CHAT, decoding=Decoding(temperature=0.5, stop=("a",)), finish=Finish.LENGTH),
        own("x", verdict=Verdict.unjudged("away")),
        own("x", verdict=Verdict(reason=Reason.PARTIAL, score=0.5, parts={"a": 1.0}, credit=(1,))),
        group_of(own("x")).joined([own("yy", columns={"kept": np.ones((2, 3), np.bool_)})])[1],
        replace(own("x"), parent="p", forked_at=1, seat="b", messages=dialogue("q", "a")).sealed(),
    ],
    ids=range(8),
)
def test_rollouts_as_plain_values_come_back(rollout, tmp_path):
    torch.save(as_plain(rollout), tmp_path / "held.pt")
    back = from_plain(torch.load(tmp_path / "held.pt", weights_only=True))
    if rollout.verdict is not None and rollout.verdict.fault:
        assert back.verdict.fault and np.isnan(back.verdict.score)
        back, rollout = replace(back, verdict=None), replace(rollout, verdict=None)
    assert repr(back) == repr(rollout)
    assert back.id == rollout.id and back.imprint() == rollout.imprint()


def test_what_cannot_be_saved_is_named():
    strange = own("x", Task(id="t", prompt="?", info={"where": object()}))
    with pytest.raises(UsageError, match=r"task\.info\.where is a object"):
        as_plain(strange)
