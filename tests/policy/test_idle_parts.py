"""A setting that cannot change a run is a warning before it, never a silent no-op."""

from dataclasses import fields, is_dataclass, replace

import pytest
import torch

from whet.policy.algorithms import load
from whet.policy.anchors import Behaviour, Proximal
from whet.policy.inspection import errors, walk, warnings
from whet.policy.regularisers import K3
from whet.protocols.part import Part
from whet.registry import names
from whet.testing.draws import DrawnBatch, draw
from whet.testing.laws import loss_and_gradient, ready
from whet.types import RunSpec, UsageError

ELSEWHERE = {
    ("dph_rl", "JensenShannon"),  # rehearsed rollouts are of the initial policy, not of this one
    ("kl_cov", "MostCovariant"),  # selects the tokens of a penalty that is warned of
}


def spec(**more):
    known = {"samples": 16, "max_new_tokens": 64, "steps": 100, "minibatches": 1}
    return RunSpec(**known | more)


def exchanged(value, old, new):
    """The value with one of its parts replaced."""
    if value is old:
        return new
    if isinstance(value, tuple):
        return tuple(exchanged(item, old, new) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        held = {f.name: getattr(value, f.name) for f in fields(value)}
        changed = {name: exchanged(one, old, new) for name, one in held.items()}
        if any(changed[name] is not held[name] for name in held):
            return replace(value, **changed)
    return value


def gradients(objective, drift):
    found = []
    for seed in (2, 4, 8):
        logp, batch = draw(seed, drift=drift)
        if not drift:
            batch = replace(batch, behaviour_logp=batch.proximal_logp)
        logp, batch = ready(objective, DrawnBatch(logp, batch))
        at, batch = objective.split(logp, batch)
        found.append(loss_and_gradient(at, logp, batch)[1])
    return torch.cat(found)


def settings(objective):
    """The objective with one number of one part changed, and the part's name."""
    for part in walk(objective):
        if not isinstance(part, Part) or part is objective:
            continue
        for field in fields(part):
            number = getattr(part, field.name)
            if isinstance(number, float):
                try:
                    changed = replace(part, **{field.name: number / 2 if number else 0.5})
                    yield type(part).__name__, exchanged(objective, part, changed)
                except UsageError:
                    continue


@pytest.mark.parametrize("name", sorted(names("algorithm")))
def test_what_acts_only_after_the_first_optimizer_step_says_so(name):
    """Ratios of 1 (one step per batch): a bound, gate, floor or drift penalty has no effect."""
    objective = load(name)
    told = warnings(objective, spec())
    still, moved = gradients(objective, 0.0), gradients(objective, 0.5)
    for part, other in settings(objective):
        idle = torch.equal(gradients(other, 0.0), still)
        if idle and not torch.equal(gradients(other, 0.5), moved) and (name, part) not in ELSEWHERE:
            assert any(part in text for text in told), part


def test_penalties_towards_the_policy_before_the_update():
    """They act in later optimizer steps of a batch, and on replayed rollouts."""
    for name, part in (("cpgd", "Drift"), ("kimi", "SquaredMove"), ("kl_cov", "Absolute")):
        assert any(part in text for text in warnings(load(name), spec()))
        assert not any(part in text for text in warnings(load(name), spec(minibatches=2)))
        assert not any(part in text for text in warnings(load(name), spec(replays=True)))
    for anchor in (Proximal(), Behaviour()):
        near = replace(load("dapo"), regularisers=(K3(beta=0.1, anchor=anchor),))
        assert any("K3" in text for text in warnings(near, spec()))
        assert not any("K3" in text for text in warnings(near, spec(replays=True)))
    assert not any("JensenShannon" in text for text in warnings(load("dph_rl"), spec()))


@pytest.mark.parametrize(
    ("name", "samples", "refused"),
    [
        ("pkpo", 3, True),
        ("pkpo", 4, False),
        ("pass_at_k", 4, True),
        ("pass_at_k", 5, False),
        ("gfpo", 16, False),
    ],
)
def test_too_few_rollouts_for_any_advantage_are_refused(name, samples, refused):
    """PKPO's sets need n ≥ k replies; pass@k training needs k wrong ones beside a right one."""
    assert bool(errors(load(name), spec(samples=samples))) == refused


@pytest.mark.parametrize(("samples", "told"), [(7, True), (8, True), (9, False), (16, False)])
def test_a_filter_that_keeps_all_is_told(samples, told):
    found = warnings(load("gfpo", count=8), spec(samples=samples, minibatches=2))
    assert any("plain GRPO" in text for text in found) == told
