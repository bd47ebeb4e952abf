"""Whole steps on trees of tokens: what was forked, what it saved, and what is learned from it."""

from dataclasses import dataclass, replace

import pytest
from hand_counts import trees
from small import RUN, followed, small, steps_of

from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.protocols import Shape
from whet.training import glossary
from whet.training.metrics import of_step
from whet.training.run import PeriodicEval
from whet.training.validation import run_spec, validate
from whet.types import Play, UsageError

NAMES = ["treerl", "treepo", "treerpo", "tree_grpo", "fr3e", "arpo", "spo_tree"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Halfway(Shape):
    """The first play is a chain; the others go on from the middle of it."""

    async def roll(self, request, plays):
        [[first]] = await plays.play(request.plays[:1])
        middle = first.length // 2
        rest = [
            Play(seed=play.seed, decoding=play.decoding, begun=(first, middle))
            for play in request.plays[1:]
        ]
        return [first, *(rollout for [rollout] in await plays.play(rest))]


def run_of(name, **sampling):
    return small(
        objective=algorithms.load(name),
        sampling=replace(RUN.sampling, **sampling),
        warmup=(),
        steps=1,
        periodic=PeriodicEval(every=0),
        evaluation=EvalConfig(problems=1, samples=1, k=(1,)),
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_step_on_trees(name, tmp_path):
    [step] = steps_of(followed(run_of(name, shape=Halfway()), tmp_path))
    metrics = of_step(step)
    assert all(glossary.metric("step", found) for found in metrics if found.startswith("tree_"))
    for found, counted in trees(step.sampled).items():
        assert metrics[found].value == pytest.approx(counted.value)
    assert metrics["tree_saved"].value > 0
    weight = step.batch.tokens.weight.sum().item()
    assert step.batch.tokens.totals.tokens == pytest.approx(weight)
    if name in {"treerpo", "fr3e", "spo_tree"}:
        assert weight == metrics["tree_tokens"].value
    if name in {"treepo", "tree_grpo", "arpo"}:
        assert weight == metrics["tree_tokens_apart"].value


def test_a_shape_that_forks_is_known_before_the_run():
    assert run_spec(run_of("spo_tree", shape=Halfway())).forks
    assert not run_spec(run_of("spo_tree")).forks
    assert not run_spec(run_of("spo_tree")).several_turns
    validate(run_of("spo_tree", shape=Halfway()))
    with pytest.raises(UsageError, match=r"sampling\.shape is chains"):
        validate(run_of("spo_tree"))
