"""EEPO: half of a group from weights that forget the other half, and nothing of them stays."""

from dataclasses import replace

import pytest
import torch
from policy.extensions.tiny_run import TinyRun, finished
from small import Repeats, followed, small, steps_of, timeless

from whet.policy import algorithms
from whet.policy.extensions.eepo import Eepo, Forgetting
from whet.training.run import PeriodicEval, Warmup
from whet.types import IntegrityError, RunSpec, UsageError
from whet.types.optimizers import AdamW

PRACTISED = Warmup(teacher=Repeats(), steps=40, batch=8, optimizer=AdamW(lr=3e-3))


def exploring():
    """A run whose policy has low entropy from its first step on."""
    objective = replace(algorithms.load("dapo"), companions=(Eepo(window=1, below=1.0),))
    none = PeriodicEval(every=0)
    return small(objective=objective, steps=2, warmup=(PRACTISED,), periodic=none)


def test_the_objective_lowers_confident_probabilities_most():
    logp = torch.tensor([-0.1, -1.0, -3.0], dtype=torch.float64).requires_grad_()
    Forgetting()(logp.exp(), torch.zeros(3)).sum().backward()
    pi = logp.detach().exp()
    assert torch.allclose(logp.grad, -pi / (1 - pi))  # the objective rises as log π falls
    certain = torch.zeros(1, requires_grad=True)
    value = Forgetting(margin=0.01)(certain.exp(), torch.zeros(1))
    value.sum().backward()
    assert value.item() == pytest.approx(-4.60517, abs=1e-4) and not certain.grad.item()


def test_three_logits_by_hand():
    """One step on −log(1 − π): ∂/∂z = π/(1 − π) (1[own] − p), so p of the sample falls."""
    z = torch.tensor([2.0, 0.5, -1.0], dtype=torch.float64, requires_grad=True)
    logp = z.log_softmax(0)
    loss = -Forgetting()(logp[:1].exp(), torch.ones(1)).sum()
    (slope,) = torch.autograd.grad(loss, z)
    p = z.detach().softmax(0)
    hand = p[0] / (1 - p[0]) * (torch.tensor([1.0, 0, 0], dtype=torch.float64) - p)
    assert torch.allclose(slope, hand)
    assert (z - 0.03 * slope).softmax(0)[0] < p[0] == pytest.approx(0.786, abs=1e-3)


@pytest.mark.full
def test_the_first_halves_are_forgotten_and_a_killed_run_ends_as_the_whole(tmp_path):
    whole = followed(exploring(), tmp_path / "whole")
    followed(exploring(), tmp_path / "cut", stop_after=1)
    assert followed(exploring(), tmp_path / "cut")[-1] == whole[-1]
    assert timeless(tmp_path / "cut") == timeless(tmp_path / "whole")
    first, *later = steps_of(whole)
    assert later
    assert not first.metrics["forgotten"].count  # no entropy is known yet
    assert {s.version.step for r in first.batch.rollouts for s in r.spans} == {1}
    for step in later:
        assert step.metrics["forgotten"].value > 0
        versions = [[r.version for r in group] for group in step.taken.groups]
        assert all(len(group) == 4 for group in versions)
        present, other = versions[0][0], versions[0][2]
        assert versions == [[present] * 2 + [other] * 2] * 4
        assert other.step == present.step + 1 and other.digest != present.digest
        lag = step.batch.tokens.version_lag
        assert set(lag.tolist()) == {0, -1}
        # the drift is that of the first halves, and none: their weights are the learner's again
        assert step.updates[0].metrics["drift"].value < 1e-5
        assert step.updates[0].metrics["drift"].count <= int((lag == 0).sum())


def test_high_entropy_samples_as_ever(tmp_path):
    run = TinyRun(folder=tmp_path)

    async def requests():
        extensions = await run.open(Eepo(window=1, below=1e-9))
        return [await run.step(extensions, step) for step in range(2)]

    assert not any(outcome.metrics["forgotten"].count for outcome in finished(requests()))
    assert not run.learned and not run.learner.done


def test_a_step_that_does_not_forget_stops_the_run(tmp_path):
    class Stubborn(TinyRun):
        async def learn(self, groups, objective, lr):
            update = await TinyRun.learn(self, groups, objective, lr)
            self.learner.taken -= 1
            return update

    async def tried(folder):
        run = Stubborn(folder=folder)
        extensions = await run.open(Eepo(window=1, below=9.0))
        for step in range(2):
            await run.step(extensions, step)

    with pytest.raises(IntegrityError, match="Eepo.lr is 0.003"):
        finished(tried(tmp_path))


def test_impossible_settings_are_refused_by_field():
    for fields, field in (({"lr": 0.0}, "lr"), ({"window": 0}, "window"), ({"margin": 1.0}, "mar")):
        with pytest.raises(UsageError, match=field):
            Eepo(**fields)
    spec = RunSpec(samples=1, max_new_tokens=9, steps=9, minibatches=1)
    assert "sampling.size.rollouts" in Eepo().run_error(spec)
