"""Whole runs with curricula and replay: killed and resumed, they go on as if nothing had been."""

from dataclasses import dataclass, replace

import pytest
from small import Digits, followed, small, steps_of, timeless

from whet.data.pool import Pool
from whet.evaluation.measure import EvalConfig
from whet.protocols import Corpus
from whet.sampling.replay.prioritised_replay import PrioritisedReplay
from whet.sampling.replay.trajectory_replay import TrajectoryReplay
from whet.sampling.schedules.bandit import Bandit
from whet.sampling.schedules.easy_to_hard import EasyToHard
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.puct_reuse import PuctReuse
from whet.sampling.standard import Standard
from whet.training.glossary import metric
from whet.training.idle_settings import idle_settings
from whet.training.run import PeriodicEval
from whet.types import Decoding

STEPS = 4
FEW = EvalConfig(problems=1, samples=1, k=(1,))


@dataclass(frozen=True)
class Levelled(Corpus):
    """Digits, the smaller ones easier."""

    def task(self, split, index):
        task = Digits().task(split, index)
        return replace(task, info={"level": int(task.answer) // 3})

    def held_out(self, split, count):
        return [self.task(split, i) for i in range(count)]


def run_of(corpus, **sampling):
    return small(
        corpus=corpus,
        sampling=Standard(**{"decoding": Decoding(max_new_tokens=2)} | sampling),
        steps=STEPS,
        evaluation=FEW,
        periodic=PeriodicEval(every=STEPS, evaluation=FEW),
    )


RUNS = {
    "trajectories": run_of(
        Pool(corpus=Levelled(), tasks=5),
        prompts=EasyToHard(per_step=4),
        size=Fixed(rollouts=6),
        schedules=(PuctReuse(ask="={reply}="),),
        replay=TrajectoryReplay(share=0.5, retire=1.0),
    ),
    "groups": run_of(
        Levelled(),
        prompts=Bandit(per_step=4),
        size=Fixed(rollouts=3),
        replay=PrioritisedReplay(share=0.5),
    ),
}


@pytest.fixture(scope="module", params=RUNS)
def runs(request, tmp_path_factory):
    """A run, its events, its folder, and the folder of one that was killed and resumed."""
    run, folder = RUNS[request.param], tmp_path_factory.mktemp(request.param)
    events = followed(run, folder / "whole")
    followed(run, folder / "killed", stop_after=2)
    followed(run, folder / "killed")
    return request.param, steps_of(events), folder


@pytest.mark.full
def test_a_resumed_run_is_the_same(runs):
    _, _, folder = runs
    assert timeless(folder / "whole") == timeless(folder / "killed")


def test_old_groups_are_learned_from_and_every_metric_has_a_description(runs):
    _, steps, folder = runs
    old = [[g for g in step.taken.groups if g.ticket < 4 * step.number] for step in steps]
    rows = [row["metrics"] for row in timeless(folder / "whole") if row["kind"] == "step"]
    told = {name for step in steps for name in step.taken.metrics}
    assert {name for name in told if metric("step", name) is None} == set()
    assert not old[0] and any(old)
    assert [row["recalled"]["value"] for row in rows] == [len(groups) for groups in old]
    for step, groups in zip(steps, old, strict=True):
        flags = [(r, on) for g in groups for r, on in zip(g, g.learn or [True] * 3, strict=True)]
        learned = {rollout.id for rollout in step.batch.rollouts}
        assert all((rollout.id in learned) == on for rollout, on in flags)


def test_the_policy_reads_an_earlier_solution(runs):
    name, steps, folder = runs
    if name == "groups":
        return
    rows = [row["metrics"] for row in timeless(folder / "whole") if row["kind"] == "step"]
    assert rows[0]["reused"]["value"] == 0 and rows[-1]["reused"]["value"] > 0
    shown = [r.messages[0]["content"] for g in steps[-1].sampled for r in g]
    assert any(text.endswith("=") and text.count("=") > 2 for text in shown)


def test_reuse_of_solutions_needs_tasks_that_come_again():
    endless = replace(RUNS["trajectories"], corpus=Digits())
    assert any("PuctReuse" in text for text in idle_settings(endless))
    assert not any("PuctReuse" in text for text in idle_settings(RUNS["trajectories"]))
