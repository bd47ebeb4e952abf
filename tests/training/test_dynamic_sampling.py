"""Runs whose rejected groups are replaced: killed anywhere they end alike; guests come along."""

from dataclasses import dataclass, replace

import pytest
from pyarrow import parquet
from small import Digits, followed, small, steps_of, timeless

from whet.data.pool import Pool
from whet.policy import algorithms
from whet.policy.extensions.demonstration_fallback import DemonstrationFallback
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.extensions.hints import Hints
from whet.policy.extensions.past_batches import PastBatches
from whet.policy.extensions.rehearsal import Rehearsal
from whet.policy.extensions.replay import Replay
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard, StandardStrategy
from whet.types import Decoding, Task

GATE = NonZeroSpread(max_rounds=3, oversample=1.5)
SAMPLING = Standard(
    prompts=Uniform(per_step=4),
    size=Fixed(rollouts=4),
    decoding=Decoding(max_new_tokens=4),
    gate=GATE,
)


@dataclass(frozen=True)
class Knows:
    """The answer itself, three times."""

    def demonstrate(self, task: Task) -> str:
        return task.answer * 3


def gated(*companions, name="dapo", tasks=5, **changes):
    objective = algorithms.load(name)
    if companions:
        objective = replace(objective, companions=companions)
    return small(
        objective=objective,
        corpus=Pool(corpus=Digits(), tasks=tasks),
        demonstrator=Knows(),
        **{"steps": 3, "sampling": SAMPLING} | changes,
    )


@pytest.mark.parametrize(
    "run",
    [
        gated(),
        gated(Rehearsal(tried=2, least=1, ahead=2)),
        pytest.param(gated(name="ppo"), marks=pytest.mark.full),
        pytest.param(gated(name="rlep"), marks=pytest.mark.full),
        pytest.param(gated(PastBatches()), marks=pytest.mark.full),
    ],
    ids=["alone", "rehearsal", "critic", "memory", "past"],
)
def test_killed_after_any_step_it_ends_as_the_whole(run, tmp_path):
    whole = followed(run, tmp_path / "whole")[-1]
    rows = timeless(tmp_path / "whole")
    counted = [row["metrics"]["replaced"]["value"] for row in rows if row["kind"] == "step"]
    counted += [row["metrics"]["dropped"]["value"] for row in rows if row["kind"] == "step"]
    assert sum(counted)  # something was rejected, or surplus
    for step in range(1, run.steps):
        cut = tmp_path / f"cut-{step}"
        followed(run, cut, stop_after=step)
        assert followed(run, cut)[-1] == whole
        assert timeless(cut) == rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Attentive(Standard):
    """Skips tasks by what the last step reported."""

    def open(self, setup):
        return AttentiveStrategy(self, setup, Standard.open(self, setup).slots)


@dataclass(slots=True)
class AttentiveStrategy(StandardStrategy):
    """The running half."""

    def next(self, want, now):
        told = sum(mean.total for mean in now.metrics.values())
        self.slots.prompts.drawn += int(1e6 * told) % 5 + now.version % 2
        return StandardStrategy.next(self, want, now)


@pytest.mark.full
def test_a_strategy_is_told_the_same_after_a_kill(tmp_path):
    own = {name: getattr(SAMPLING, name) for name in ("prompts", "size", "decoding", "gate")}
    run = gated(name="ppo", sampling=Attentive(**own), steps=4)
    whole = followed(run, tmp_path / "whole")[-1]
    for step in (1, 2, 3):
        followed(run, tmp_path / f"cut-{step}", stop_after=step)
        assert followed(run, tmp_path / f"cut-{step}")[-1] == whole


@pytest.mark.full
@pytest.mark.parametrize("gate", [NonZeroSpread(), GATE], ids=["alone", "replaced"])
def test_old_groups_are_a_share_of_every_batch_whatever_the_gate_says(gate, tmp_path):
    """0.4 of a batch of 4 own groups: round(4 · 0.4 / 0.6) = 3 old ones, from the second step on;
    all of them were learned from when they were new.
    """
    run = gated(PastBatches(share=0.4), sampling=replace(SAMPLING, gate=gate))
    learned = set()
    for step in steps_of(followed(run, tmp_path)):
        old = [g for g in step.taken.groups if g.ticket // 4 != step.number]
        assert len(old) == min(3, len(learned))
        assert {r.id for g in old for r in g} <= {i for ids in learned for i in ids}
        learned |= {frozenset(r.id for r in g) for g in step.taken.groups if g not in old}
        rows = parquet.read_table(tmp_path / "rollouts" / f"step-{step.number + 1:06}.parquet")
        taught = {row["id"] for row in rows.to_pylist() if row["advantage"] is not None}
        assert taught == {r.id for r in step.batch.rollouts}  # old ones, too


def test_rehearsals_agree_and_are_learned_from_all_the_same(tmp_path):
    run = gated(Rehearsal(tried=2, least=1, ahead=2))
    for step in steps_of(followed(run, tmp_path)):
        assert sum(r.external.all() for r in step.batch.rollouts)
        assert not any(r.external.all() for g in step.taken.played for r in g)
        assert len([g for g in step.taken.groups if not g[0].external.all()]) == 4


@pytest.mark.parametrize(
    "companion",
    [
        Demonstrations(count=2),
        Replay(least=1),
        Hints(parts=0, rollouts=2),
        PastBatches(),
        DemonstrationFallback(solved=1),
    ],
    ids=lambda companion: type(companion).__name__,
)
@pytest.mark.full
@pytest.mark.parametrize("tasks", [1, 2, 4])
def test_a_task_may_come_twice_in_a_step(companion, tasks, tmp_path):
    """A ticket's two attempts have the same task where there are no more tasks than tickets."""
    for step in steps_of(followed(gated(companion, tasks=tasks, steps=3), tmp_path)):
        everything = [r.id for g in step.taken.groups for r in g]
        assert len(set(everything)) == len(everything)
