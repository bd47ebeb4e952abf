"""Runs in environments with several seats and with forks: they learn, are kept and are measured."""

import asyncio
from dataclasses import dataclass, replace

import pytest
from pyarrow import parquet
from small import followed, small, steps_of, timeless

from whet.engines.models import Folder, FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.evaluation.measure import EvalConfig, measure
from whet.policy import algorithms
from whet.protocols import Corpus, Environment
from whet.training import card
from whet.training.trainer import CHECKPOINTS
from whet.types import Reason, Task, Verdict
from whet.view import report


def judged(reply, task):
    return Verdict.binary(correct=reply[:1] == task.answer)


@dataclass(frozen=True)
class Two(Environment):
    """Two seats answer apart; black is silent where the play's luck says so."""

    async def play(self, task, policy):
        for name in ("white", "black")[: 1 + policy.seed % 2]:
            seat = policy.seat(name)
            seat.end(judged(await seat(task.prompt), task))


@dataclass(frozen=True)
class Branching(Environment):
    """Forks after the first reply, and one of the forks again; each leaf has its verdict."""

    async def play(self, task, policy):
        await policy(task.prompt)
        one, two = policy.fork(2)
        one.end(judged(await one("="), task))
        three, four = two.fork(2)
        four.end(judged(await four("0="), task))
        three.end(judged(await three("1="), task))


@dataclass(frozen=True)
class Seldom(Environment):
    """Asks in some plays only; the others are lost before they begin."""

    async def play(self, task, policy):
        if policy.seed % 3:
            return judged(await policy(task.prompt), task)
        return Verdict.failure(Reason.NO_ANSWER)


@pytest.mark.parametrize(
    ("world", "name"),
    [
        (Two(), "ppo"),
        (Branching(), "dapo"),
        (Seldom(), "dapo"),
        pytest.param(Two(), "dapo", marks=pytest.mark.full),
        pytest.param(Branching(), "ppo", marks=pytest.mark.full),
        pytest.param(Seldom(), "ppo", marks=pytest.mark.full),
    ],
    ids=str,
)
def test_whatever_speaks_is_learned_from_kept_and_measured(world, name, tmp_path):
    objective = algorithms.load(name)
    run = small(environment=world, reward=None, objective=objective, warmup=(), steps=3)
    folder = tmp_path / "whole"
    events = followed(run, folder)
    followed(run, tmp_path / "cut", stop_after=2)
    assert followed(run, tmp_path / "cut")[-1] == events[-1]
    assert timeless(tmp_path / "cut") == timeless(folder)
    for step in steps_of(events):
        path = folder / "rollouts" / f"step-{step.number + 1:06}.parquet"
        rows = {row["id"]: row for row in parquet.read_table(path).to_pylist()}
        assert rows.keys() == {r.id for g in step.taken.played for r in g}
        for rollout in step.batch.rollouts:
            row = rows[rollout.id]
            assert (row["seat"], row["parent"]) == (rollout.seat, rollout.parent)
            assert row["forked_at"] == rollout.forked_at <= rollout.length
            assert len(row["advantage"]) == rollout.length
            assert not rollout.parent or rollout.parent in rows
    card.write(folder, card.card(run, "small", []))
    page = report.write(folder).read_text(encoding="utf-8")
    assert "<html" in page
    assert measured(run, folder) == events[-1].digest


def measured(run, folder):
    """What `whet eval` does; the digest of what it measured."""
    checkpoint = sorted((folder / CHECKPOINTS).glob("step-*"))[-1]

    async def measured_so():
        player = await run.engine.player(Folder(path=str(checkpoint)), 0)
        tasks = run.corpus.held_out("test", 5)
        evaluation = EvalConfig(problems=5, samples=4, k=(1, 4))
        found = await measure(player.within(run.environment), None, tasks, evaluation, run.decoding)
        assert found.plays[1] >= sum(len(group) - 1 for group in found.groups)
        return player.held().digest

    return asyncio.run(measured_so())


@dataclass(frozen=True)
class Unworded(Corpus):
    """Tasks whose environment words them, and one that fills the context with the run's replies."""

    prompt: str

    def task(self, split, index):
        return Task(id=f"{split}-{index}", prompt=self.prompt, answer="3")

    def held_out(self, split, count):
        return [self.task(split, index) for index in range(min(count, 2))]


@dataclass(frozen=True)
class Words(Environment):
    """Asks in its own words where the task has none."""

    async def play(self, task, policy):
        return judged(await policy(task.prompt or "3="), task)


@pytest.mark.parametrize("prompt", ["", "3" * 27 + "="], ids=["none", "as long as may be"])
def test_a_task_is_probed_with_what_fits(prompt, tmp_path):
    """28 tokens of a prompt and 4 of a reply fill 32 positions."""
    model = FromScratch(
        shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet="0123456789="), positions=32
    )
    run = small(model=model, corpus=Unworded(prompt), environment=Words(), reward=None, steps=2)
    assert followed(replace(run, warmup=()), tmp_path)[-1].complete
