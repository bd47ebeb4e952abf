"""Laws of every extension: order of awaits, a state that comes back, and what they may not do."""

from dataclasses import fields
from typing import Any

import pytest
import torch
from policy.extensions.company import COMPANY
from policy.extensions.tiny_run import Outcome, TinyRun, finished

from whet.protocols import Companion
from whet.types import AdvantageInputs

EACH = pytest.mark.parametrize("companion", COMPANY, ids=lambda c: type(c).__name__)


async def played(run: TinyRun, companion: Any, steps: int) -> tuple[list[Outcome], Any]:
    run.folder.mkdir(exist_ok=True)
    extensions = await run.open(companion)
    return [await run.step(extensions, n) for n in range(steps)], extensions


def assert_same(one: Outcome, other: Outcome) -> None:
    assert one.groups == other.groups
    assert one.rollouts == other.rollouts
    assert one.metrics == other.metrics
    assert_same_columns(one.inputs, other.inputs)


def assert_same_columns(one: AdvantageInputs, other: AdvantageInputs) -> None:
    for name in (f.name for f in fields(AdvantageInputs)):
        mine, its = getattr(one, name), getattr(other, name)
        assert (mine is None) == (its is None)
        assert mine is None or torch.equal(mine, its), name


@EACH
def test_the_order_in_which_awaits_return_does_not_matter(companion, tmp_path):
    straight, ends = finished(played(TinyRun(folder=tmp_path / "a"), companion, 4))
    for shuffle in range(2):
        run = TinyRun(folder=tmp_path / "b", shuffle=shuffle)
        shuffled, end = finished(played(run, companion, 4))
        for one, other in zip(straight, shuffled, strict=True):
            assert_same(one, other)
        assert str(end.members[0].state_dict()) == str(ends.members[0].state_dict())


@EACH
def test_saved_and_loaded_it_goes_on_as_if_nothing_had_happened(companion, tmp_path):
    async def cut(run: TinyRun) -> list[Outcome]:
        _, extensions = await played(run, companion, 2)
        (tmp_path / "saved").mkdir()
        await extensions.save(tmp_path / "saved")
        again = await run.open(companion)
        await again.load(tmp_path / "saved", run.context(1))
        return [await run.step(again, n) for n in (2, 3)]

    whole, _ = finished(played(TinyRun(folder=tmp_path / "a"), companion, 4))
    resumed = finished(cut(TinyRun(folder=tmp_path / "b")))
    for one, other in zip(whole[2:], resumed, strict=True):
        assert_same(one, other)


@EACH
def test_it_changes_something(companion, tmp_path):
    """In four steps each extension has done its work, or the laws above say nothing of it."""

    async def alone() -> list[Outcome]:
        run = TinyRun(folder=tmp_path / "none")
        extensions = await run.open()
        return [await run.step(extensions, n) for n in range(4)]

    run = TinyRun(folder=tmp_path / "with", algorithm=OWN_ALGORITHM.get(type(companion), "dapo"))
    with_it, extensions = finished(played(run, companion, 4))
    without = finished(alone())
    moved = [o.groups for o in with_it] != [o.groups for o in without]
    columns = [str(o.inputs) for o in with_it] != [str(o.inputs) for o in without]
    told = any(o.metrics for o in with_it)
    adapted = finished(extensions.adapt_objective(run.context(3), with_it[-1].groups[0]))
    assert moved or columns or told or adapted != run.context(3).objective


@EACH
def test_it_is_a_value_and_a_companion(companion):
    assert companion == type(companion)(
        **{f.name: getattr(companion, f.name) for f in fields(companion)}
    )
    assert isinstance(hash(companion), int)
    assert isinstance(companion, Companion)
    assert isinstance(companion.provides, frozenset) and isinstance(companion.needs, frozenset)


OWN_ALGORITHM = {type(c): "remix" for c in COMPANY if type(c).__name__ == "ConvexKL"}
