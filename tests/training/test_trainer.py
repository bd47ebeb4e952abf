"""A run, a killed run and a resumed run are the same run."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import torch
from pyarrow import parquet
from small import RUN, small, without_clocks
from thinned import thinned
from transformers import AutoModelForCausalLM, AutoTokenizer

from whet.engines.embedded.engine import Embedded
from whet.policy import algorithms
from whet.training.ledger import Ledger
from whet.training.loop import TrainStep
from whet.training.trainer import CHECKPOINTS, Evaluated, RunEnded, fit
from whet.training.warmup import SFTStep
from whet.types import Rollout


def events(run, folder, limit=None):
    """Everything that a run says; cut off without notice after `limit` events."""
    folder.mkdir(exist_ok=True)

    async def collect():
        said = []
        async for event in fit(run, folder):
            said.append(event)
            if limit is not None and len(said) == limit:
                break
        return said

    return asyncio.run(collect())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    return events(RUN, folder), folder


def test_it_tells_what_it_does(whole):
    said, folder = whole
    evaluations = [e.name for e in said if isinstance(e, Evaluated)]
    assert evaluations == ["base", "periodic", "periodic", "final"]
    assert [e.number for e in said if isinstance(e, SFTStep)] == list(range(6))
    assert [e.number for e in said if isinstance(e, TrainStep)] == list(range(6))
    assert said[-1].complete
    kinds = [row["kind"] for row in Ledger(folder).rows()]
    watched = ["step", "step", "step", "periodic"] * 2
    assert kinds == ["sft"] * 6 + ["base"] + watched + ["final"]


def test_the_same_run_twice_is_the_same_run(whole, tmp_path):
    again = events(RUN, tmp_path / "again")
    assert again[-1] == whole[0][-1]


def test_another_seed_is_another_run(whole, tmp_path):
    other = events(small(seed=1, steps=1), tmp_path / "other")
    assert other[-1] != whole[0][-1]


@pytest.mark.parametrize("limit", thinned([1, 4, 7, 8, 9, 11, 13, 17], 3))
def test_a_run_cut_off_anywhere_goes_on_as_if_nothing_had_happened(whole, tmp_path, limit):
    said, folder = whole
    events(RUN, tmp_path, limit)
    rest = events(RUN, tmp_path)
    assert rest[-1] == said[-1]
    ours, theirs = list(Ledger(tmp_path).rows()), list(Ledger(folder).rows())
    assert [without_clocks(row) for row in ours] == [without_clocks(row) for row in theirs]


@pytest.mark.full
def test_twice_cut_off_is_no_worse_than_once(whole, tmp_path):
    for limit in (5, 5, 6):
        events(RUN, tmp_path, limit)
    assert events(RUN, tmp_path)[-1] == whole[0][-1]


def test_a_finished_run_has_nothing_left_to_do(whole):
    said, folder = whole
    assert [type(e).__name__ for e in events(RUN, folder)] == ["PhaseStarted", "RunEnded"]


@pytest.mark.full
def test_how_often_it_saves_and_how_it_slices_changes_nothing_or_a_rounding(whole, tmp_path):
    seldom = small(checkpoints=replace(RUN.checkpoints, seconds=1e9, keep=1))
    assert events(seldom, tmp_path / "seldom")[-1] == whole[0][-1]
    names = sorted(p.name for p in (tmp_path / "seldom" / CHECKPOINTS).glob("*-*"))
    assert names == ["step-000000", "step-000006"]
    sliced = small(engine=Embedded(device="cpu", threads=1, slots=16, budget=8))
    events(sliced, tmp_path / "sliced")
    end = f"{CHECKPOINTS}/step-000006"
    one = AutoModelForCausalLM.from_pretrained(whole[1] / end).state_dict()
    two = AutoModelForCausalLM.from_pretrained(tmp_path / "sliced" / end).state_dict()
    for name, weight in one.items():
        torch.testing.assert_close(two[name], weight, atol=1e-4, rtol=1e-3)


def test_asked_to_stop_it_stops_after_the_step_with_a_checkpoint(whole, tmp_path):
    count = iter(range(100))

    async def some():
        return [e async for e in fit(RUN, tmp_path, stop=lambda: next(count) == 8)]

    said = asyncio.run(some())
    assert isinstance(said[-1], RunEnded)
    assert not said[-1].complete
    assert events(RUN, tmp_path)[-1] == whole[0][-1]


def test_checkpoints_are_ordinary_hugging_face_folders(whole):
    said, folder = whole
    end = folder / CHECKPOINTS / "step-000006"
    model: Any = AutoModelForCausalLM.from_pretrained(end)
    tokenizer = AutoTokenizer.from_pretrained(end)
    (final,) = [e.card for e in said if isinstance(e, Evaluated) and e.name == "final"]
    for rollout in (group[0] for group in final.groups):
        ids = torch.tensor([tokenizer.encode(rollout.task.prompt)])
        out = model.generate(ids, do_sample=False, max_new_tokens=4)[0]
        assert out.tolist() == rollout.token_ids.tolist()


def test_every_rollout_is_in_the_ledger(whole):
    said, folder = whole
    (third,) = [e for e in said if isinstance(e, TrainStep) and e.number == 2]
    rows = parquet.read_table(folder / "rollouts" / "step-000003.parquet").to_pylist()
    rollouts: list[Rollout] = [r for group in third.taken.played for r in group]
    assert [tuple(row["token_ids"]) for row in rows] == [
        tuple(r.token_ids.tolist()) for r in rollouts
    ]
    assert [row["score"] for row in rows] == [r.score for r in rollouts]
    assert len({span["digest"] for row in rows for span in row["spans"]}) == 1
    assert {span["version"] for row in rows for span in row["spans"]} == {3}
    assert [len(row["advantage"]) for row in rows] == [r.length for r in rollouts]


def test_it_learns(tmp_path):
    run = small(
        steps=40,
        periodic=replace(RUN.periodic, every=0),
        checkpoints=replace(RUN.checkpoints, seconds=60),
    )
    said = events(run, tmp_path)
    steps = [e for e in said if isinstance(e, TrainStep)]
    accuracy = [sum(r.score or 0.0 for g in s.taken.played for r in g) / 16 for s in steps]
    assert sum(accuracy[-5:]) > sum(accuracy[:5]) + 1


@pytest.mark.full
def test_a_reference_policy_is_the_base_model_and_survives_resuming(tmp_path):
    run = small(objective=algorithms.load("grpo"), steps=3)
    once = events(run, tmp_path / "once")[-1]
    events(run, tmp_path / "twice", limit=10)
    assert events(run, tmp_path / "twice")[-1] == once
