"""Whole runs with group sizes that vary: killed anywhere they end alike; metrics and plans hold."""

from dataclasses import dataclass, replace

import pytest
from small import Digits, followed, small, steps_of, timeless

from whet.data.pool import Pool
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.policy.extensions.past_batches import PastBatches
from whet.policy.extensions.replay import Replay
from whet.protocols import Shape
from whet.rewards.shaping.overlong import Overlong
from whet.rewards.unsupervised.majority import Majority
from whet.sampling.dynamic.adaptive import Adaptive
from whet.sampling.dynamic.knapsack import Knapsack
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.dynamic.pilots import DropPilots
from whet.sampling.dynamic.reinforce_ada import ReinforceAda
from whet.sampling.dynamic.two_phase import TwoPhase
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.doubts import doubts
from whet.training.run import PeriodicEval
from whet.training.validation import validate
from whet.training.workload import first_requests, most_rollouts
from whet.types import Decoding, Play, UsageError

GATE = NonZeroSpread(max_rounds=6, oversample=1.5)
ADA = ReinforceAda(draws=4, keep=4, cap=12)
FEW = EvalConfig(problems=2, samples=2, k=(1,))


def sized(size, gate=GATE, corpus=None, **changes):
    """A run of three steps of three groups."""
    slots = {name: changes.pop(name) for name in ("shape",) if name in changes}
    sampling = Standard(
        prompts=Uniform(per_step=3),
        size=size,
        decoding=Decoding(max_new_tokens=3),
        gate=gate,
        **slots,
    )
    small_parts = {"evaluation": FEW, "periodic": PeriodicEval(every=0), "minibatches": 1}
    pool = corpus or Pool(corpus=Digits(), tasks=5)
    return small(**{"sampling": sampling, "corpus": pool, "steps": 3} | small_parts | changes)


def metrics(folder, name):
    return [row["metrics"][name] for row in timeless(folder) if row["kind"] == "step"]


@pytest.mark.parametrize(
    "run",
    [
        sized(TwoPhase(pilots=4, further=4, pilot_use=DropPilots())),
        sized(ADA),
        pytest.param(sized(Knapsack(rollouts=4, least=2, largest=8)), marks=pytest.mark.full),
        pytest.param(sized(Adaptive(least=2, largest=8)), marks=pytest.mark.full),
    ],
    ids=["two_phase", "reinforce_ada", "knapsack", "adaptive"],
)
def test_killed_after_two_steps_it_ends_as_the_whole(run, tmp_path):
    whole = followed(run, tmp_path / "whole")
    followed(run, tmp_path / "cut", stop_after=2)
    assert followed(run, tmp_path / "cut")[-1] == whole[-1]
    assert timeless(tmp_path / "cut") == timeless(tmp_path / "whole")
    for step in steps_of(whole):
        played = step.taken.played
        # a task is one group, also in the metrics
        assert {r.id for g in step.sampled for r in g} == {r.id for g in played for r in g}
        assert [len(g) for g in step.sampled] == [len(g) for g in played]


def test_kept_rollouts_are_learned_from_and_all_draws_are_recorded(tmp_path):
    steps = steps_of(followed(sized(ADA, steps=2), tmp_path))
    for step in steps:
        sizes = [len(group) for group in step.taken.played]
        assert set(sizes) <= {4, 8, 12} and max(sizes) > 4
        assert len(step.batch.rollouts) <= 4 * 3
        learned = {r.id for g in step.taken.groups for r, x in zip(g, g.learn, strict=True) if x}
        assert {r.id for r in step.batch.rollouts} == learned
    [rounds, *_] = metrics(tmp_path, "rounds")
    assert rounds["value"] == steps[0].taken.rounds > 1
    assert {"draws", "exited", "unfinished"} <= timeless(tmp_path)[-2]["metrics"].keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked(Shape):
    """Every play, and another one that begins with its first token."""

    def leaves(self, plays):
        return 2 * plays

    async def roll(self, request, plays):
        trunks = [r for found in await plays.play(request.plays) for r in found]
        again = [
            Play(seed=play.seed + 1, decoding=play.decoding, begun=(trunk, 1))
            for play, trunk in zip(request.plays, trunks, strict=True)
        ]
        return [*trunks, *(r for found in await plays.play(again) for r in found)]


def test_a_tree_may_be_played_in_rounds(tmp_path):
    run = sized(TwoPhase(pilots=2, further=3), shape=Forked(), steps=1)
    assert most_rollouts(run) == 3 * 2 * (2 + 3)
    [step] = steps_of(followed(run, tmp_path))
    for group in step.taken.groups:
        assert len(group) == 2 * 2 + 2 * 3
        own = {r.id for r in group}
        assert all(r.parent in own for r in group if r.parent)
        assert sum(bool(r.parent) for r in group) == 5
    assert step.batch.tokens.tree_weight is not None


def test_rewards_that_compare_a_group_are_refused_where_they_would_see_one_round():
    voting = sized(TwoPhase(), reward=Overlong(inner=Majority()))
    with pytest.raises(UsageError, match=r"sampling\.size .* Majority .*--sampling\.size fixed"):
        validate(voting)
    validate(replace(voting, sampling=replace(voting.sampling, size=Fixed(rollouts=4))))
    validate(replace(voting, sampling=replace(voting.sampling, size=Knapsack())))
    validate(sized(TwoPhase(), reward=Overlong(longest=2, cushion=1)))  # judges single replies


@pytest.mark.parametrize(
    ("size", "first", "most"),
    [
        (Fixed(rollouts=4), 12, 12),
        (TwoPhase(pilots=4, further=20), 12, 72),
        (ReinforceAda(draws=4, cap=30), 12, 90),
        (Knapsack(rollouts=8, largest=99), 24, 24),
        (Adaptive(least=2, largest=10), 12, 30),
    ],
)
def test_the_most_rollouts_of_a_step_are_known_before_it(size, first, most):
    run = sized(size, gate=NonZeroSpread())
    assert sum(len(request.plays) for request in first_requests(run)) == first
    assert most_rollouts(run) == most


def test_settings_that_can_not_act_are_told():
    alone = sized(TwoPhase(), gate=NonZeroSpread())
    assert any("TwoPhase gives up tasks" in doubt for doubt in doubts(alone))
    assert not any("gives up tasks" in doubt for doubt in doubts(sized(TwoPhase())))
    replayed = replace(algorithms.load("dapo"), companions=(Replay(least=1), PastBatches()))
    told = [doubt for doubt in doubts(sized(TwoPhase(), objective=replayed)) if "rounds" in doubt]
    assert len(told) == 1 and "Replay takes each round for a whole group" in told[0]
    assert not any("rounds" in doubt for doubt in doubts(sized(Knapsack(), objective=replayed)))
    endless = sized(Knapsack(), corpus=Digits())
    assert any(doubt.startswith("Knapsack remembers tasks") for doubt in doubts(endless))
    assert not any("Knapsack" in doubt for doubt in doubts(sized(Knapsack())))
