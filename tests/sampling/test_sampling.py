"""What is tried, and what is kept."""

import json
from pathlib import Path

import pytest
from recorded import recorded

from whet.protocols import Corpus, Now, SamplingSetup
from whet.sampling.dynamic.admit_all import AdmitAll
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.dynamic.score_spread import ScoreSpread
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import Decoding, Group, Reason, Task, UsageError, Verdict

ORACLES = json.loads((Path(__file__).parents[1] / "policy" / "algorithm_oracles.json").read_text())
TASK = Task(id="t", prompt="", answer="")


class Numbered(Corpus):
    """Task i of a split."""

    def task(self, split, index):
        return Task(id=f"{split}/{index}", prompt="?")

    def held_out(self, split, count):
        return [self.task(split, i) for i in range(count)]


def group(*verdicts: Verdict) -> Group:
    return Group.of([recorded(task=TASK, seed=i, verdict=v) for i, v in enumerate(verdicts)])


def opened(seed=0, **sampling):
    setup = SamplingSetup(corpus=Numbered(), seed=seed, steps=100)
    return Standard(**sampling).open(setup)


def drawn(strategy, step, count):
    return strategy.next(count, Now(step=step, steps=100, version=0, metrics={}))


def seeds_of(request):
    return [play.seed for play in request.plays]


def test_non_zero_spread_keeps_what_dapo_keeps():
    oracle = ORACLES["dapo_dynamic_sampling"]
    groups = [
        group(*(Verdict(reason=Reason.OK, score=float(score)) for score in scores))
        for scores in oracle["inputs"]["group_rewards"]
    ]
    assert [NonZeroSpread()(g) for g in groups] == oracle["expected"]["keep"]
    assert all(AdmitAll()(g) for g in groups)


def test_a_fault_is_no_variety():
    fault = Verdict.unjudged("away")
    assert not NonZeroSpread()(group(Verdict.binary(correct=True), fault))
    assert not NonZeroSpread()(group(fault, fault))


def scored(score):
    return Verdict(reason=Reason.PARTIAL, score=score)


def right(score):
    return Verdict(reason=Reason.PARTIAL, score=score, correct=True)


def wrong(score):
    return Verdict(reason=Reason.PARTIAL, score=score, correct=False)


@pytest.mark.parametrize(
    ("verdicts", "by_metric", "by_score"),
    [
        # equally right, of unequal length: a length penalty makes the scores differ
        ([right(1.0), right(0.9), right(0.8)], False, True),
        ([wrong(0.0), wrong(-0.1)], False, True),
        # one is right and one is wrong, and shaping has made them equal
        ([right(0.5), wrong(0.5)], True, False),
        # scores only: there is no task metric but the score
        ([scored(0.2), scored(0.7)], True, True),
        ([scored(0.7), scored(0.7)], False, False),
        # of mixed rows those of known correctness count
        ([scored(0.2), right(0.7), right(0.7)], False, True),
        ([scored(0.7), right(0.7), wrong(0.7)], True, False),
        # faults and what the reward does not cover are no variety, for either
        ([right(1.0), Verdict.unjudged("away")], False, False),
        ([right(1.0), Verdict.not_applicable("no tests")], False, False),
        ([Verdict.not_applicable("no tests")] * 2, False, False),
    ],
)
def test_a_gate_compares_the_task_metric_and_never_a_shaped_score(verdicts, by_metric, by_score):
    held = group(*verdicts)
    assert NonZeroSpread()(held) is by_metric
    assert ScoreSpread()(held) is by_score


def test_a_least_spread_is_of_what_is_compared():
    scores, correct = group(scored(0.2), scored(0.5)), group(right(0.2), wrong(0.3))
    assert not NonZeroSpread(min_spread=0.4)(scores) and NonZeroSpread(min_spread=0.2)(scores)
    assert NonZeroSpread(min_spread=0.4)(correct)
    assert not ScoreSpread(min_spread=0.4)(correct)


def test_seeds_depend_on_their_own_place_only():
    few = drawn(opened(prompts=Uniform(per_step=2), size=Fixed(rollouts=2)), 0, 2)
    many = drawn(opened(prompts=Uniform(per_step=2), size=Fixed(rollouts=4)), 0, 2)
    assert [seeds_of(r) for r in few] == [seeds_of(r)[:2] for r in many]
    strategy = opened(seed=3)
    everything = [s for step in range(5) for r in drawn(strategy, step, 32) for s in seeds_of(r)]
    assert len(set(everything)) == len(everything) == 5 * 32 * 16
    assert all(0 <= s < 2**56 for s in everything)


def test_steps_and_seeds_see_other_tasks():
    seen = []
    for seed in (0, 1):
        strategy = opened(seed=seed, prompts=Uniform(per_step=3), size=Fixed(rollouts=2))
        seen += [r.task.id for step in range(4) for r in drawn(strategy, step, 3)]
    assert len(set(seen)) == len(seen) == 24


def test_a_strategy_goes_on_where_it_stood_and_knows_what_comes_next():
    first, second = opened(), opened()
    drawn(first, 0, 5)
    coming = [task.id for task in first.peek(3)]
    second.load_state_dict(first.state_dict())
    assert drawn(first, 0, 3) == (later := drawn(second, 0, 3))
    assert [request.task.id for request in later] == coming


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"temperature": -1.0}, "temperature is -1.0; give 0 or more"),
        ({"top_p": 0.0}, "top_p is 0.0; give in"),
        ({"top_k": -1}, "top_k is -1"),
        ({"min_p": 1.0}, "min_p is 1.0"),
        ({"max_new_tokens": 0}, "max_new_tokens is 0; give 1 or more"),
        ({"stop": ("a", "")}, "stop is .*; give a tuple of strings"),
    ],
)
def test_impossible_decodings_are_refused(fields, told):
    with pytest.raises(UsageError, match=told):
        Decoding(**fields)


@pytest.mark.parametrize(
    ("part", "fields", "field"),
    [
        (Fixed, {"rollouts": 0}, "sampling.size.rollouts"),
        (Uniform, {"per_step": 0}, "sampling.prompts.per_step"),
        (NonZeroSpread, {"min_spread": -0.1}, "sampling.gate.min_spread"),
        (NonZeroSpread, {"min_spread": float("nan")}, "sampling.gate.min_spread"),
        (NonZeroSpread, {"max_rounds": -1}, "sampling.gate.max_rounds"),
        (NonZeroSpread, {"oversample": 0.5}, "sampling.gate.oversample"),
        (NonZeroSpread, {"oversample": float("inf")}, "sampling.gate.oversample"),
    ],
)
def test_impossible_sampling_is_refused_by_field(part, fields, field):
    with pytest.raises(UsageError, match=field):
        part(**fields)
