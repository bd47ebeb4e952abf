"""Steps that move other weights than they should: none, or those of a reference."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any, cast

import pytest
import torch
from sabotaged import Sabotaged, again, brief, said

from whet.engines.embedded.critic import EmbeddedCritic
from whet.engines.embedded.learner import EmbeddedLearner
from whet.policy import algorithms
from whet.protocols import Update
from whet.rollouts.checks.moved import check_movement
from whet.types import IntegrityError, Mean, Version


@dataclass(slots=True)
class Idle(EmbeddedLearner):
    """Gradients are computed, and the step is forgotten."""

    def reset_optimizer(self, optimizer):
        EmbeddedLearner.reset_optimizer(self, optimizer)
        self.optimizer.step = lambda closure=None: None


@dataclass(slots=True)
class Rateless(EmbeddedLearner):
    """The learning rate reaches another optimizer."""

    async def step(self, objective, batch, lr):
        return await EmbeddedLearner.step(self, objective, batch, 0.0)


@dataclass(slots=True)
class Scheduled(EmbeddedLearner):
    """A schedule of its own, which a resume steps twice."""

    async def step(self, objective, batch, lr):
        return await EmbeddedLearner.step(self, objective, batch, 0.9 * lr)


@dataclass(slots=True)
class Copying(EmbeddedLearner):
    """It trains a copy of the weights that nobody publishes."""

    async def step(self, objective, batch, lr):
        before = {n: w.clone() for n, w in self.backbone.model.state_dict().items()}
        found = await EmbeddedLearner.step(self, objective, batch, lr)
        self.backbone.model.load_state_dict(before)
        return found


@dataclass(slots=True)
class Frozen(EmbeddedLearner):
    """One layer is frozen after the optimizer was made."""

    def reset_optimizer(self, optimizer):
        EmbeddedLearner.reset_optimizer(self, optimizer)
        self.backbone.model.get_parameter("model.norm.weight").requires_grad_(requires_grad=False)


@dataclass(slots=True)
class Poisoned(EmbeddedLearner):
    """After a step, a weight that no token of the corpus reads is NaN."""

    async def step(self, objective, batch, lr):
        found = await EmbeddedLearner.step(self, objective, batch, lr)
        with torch.no_grad():
            self.backbone.model.get_input_embeddings().get_parameter("weight")[2, 0] = (
                torch.nan
            )  # <unk>
        return found


@dataclass(slots=True)
class SharedReference(EmbeddedLearner):
    """The reference is the policy itself, so every penalty is zero."""

    async def set_reference(self, folder):
        del folder
        self.reference = lambda rollouts: self._scored(self.backbone, rollouts)


@dataclass(slots=True)
class MovingReference(EmbeddedLearner):
    """The reference moves with every step."""

    async def step(self, objective, batch, lr):
        found = await EmbeddedLearner.step(self, objective, batch, lr)
        (frozen,) = cast("Any", self.reference).args
        with torch.no_grad():
            frozen.model.get_parameter("model.norm.weight").mul_(1.001)
        return found


@dataclass(slots=True)
class Forgetful(EmbeddedLearner):
    """A resume makes a fresh optimizer."""

    async def load(self, folder):
        await EmbeddedLearner.load(self, folder)
        self.reset_optimizer(self.settings)


@dataclass(slots=True)
class Momentless(EmbeddedLearner):
    """A resume loses the optimizer's state."""

    async def load(self, folder):
        await EmbeddedLearner.load(self, folder)
        self.optimizer.state.clear()


@dataclass(slots=True)
class Careless(EmbeddedCritic):
    """A critic that loses its optimizer's state after its warm-up."""

    async def step(self, fit, rollouts, lr):
        found = await EmbeddedCritic.step(self, fit, rollouts, lr)
        if self.trained.taken == 1:
            self.optimizer.state.clear()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticLost(Sabotaged):
    """The engine with that critic."""

    async def critic(self, folder):
        return again(Careless, await Sabotaged.critic(self, folder))


@pytest.mark.parametrize(
    ("kind", "taken", "told"),
    [
        (Idle, 0, r"optimizer has taken 0 steps, but 1 .*no weight has moved"),
        (Rateless, 0, r"learning rate: the weights were moved by 0, but 0\.001"),
        (Scheduled, 0, r"learning rate: the weights were moved by 0\.0009, but 0\.001"),
        (Copying, 0, r"weights have not moved: the gradient has norm \S+ and .* rate is 0\.001"),
        (Frozen, 0, r"frozen after the optimizer was made.*model\.norm\.weight"),
        (Poisoned, 0, r"NaN or infinity in the weights of version 2: 'model\.embed_tokens"),
        (SharedReference, 1, r"the reference has moved.*is it the policy itself"),
        (MovingReference, 1, r"the reference has moved"),
    ],
)
def test_a_movement_that_is_wrong_is_noticed_at_once(kind, taken, told, tmp_path):
    run = brief({"learned": kind}, objective=algorithms.load("grpo"), minibatches=1)
    message, steps = said(run, tmp_path)
    assert re.search(told, message), message
    assert steps == taken


@pytest.mark.parametrize("kind", [Forgetful, Momentless])
def test_an_optimizer_that_comes_back_fresh_stops_the_resumed_run(kind, tmp_path):
    assert said(brief({}), tmp_path, most=1) == ("", 1)
    message, steps = said(brief({"learned": kind}), tmp_path)
    assert steps == 0
    assert re.search(r"optimizer.* has taken \d+ steps, but \d+", message), message


def test_a_healthy_resume_goes_on(tmp_path):
    assert said(brief({}), tmp_path, most=1) == ("", 1)
    assert said(brief({}), tmp_path) == ("", 1)


def test_a_critic_that_loses_its_optimizer_is_noticed(tmp_path):
    run = brief({}, objective=algorithms.load("vc_ppo", pretrain_steps=1))
    lost = CriticLost(device="cpu", threads=1, slots=16)
    message, _ = said(brief({}, objective=run.objective, engine=lost), tmp_path / "lost")
    assert "optimizer has taken 1 steps, but 2 were asked for" in message
    assert said(run, tmp_path / "sound") == ("", 2)


def test_a_teacher_that_is_never_trained_must_not_move(tmp_path):
    async def teach():
        run = brief({})
        player, learner = await run.engine.open(run.model, 0)
        learner.reset_optimizer(run.optimizer)
        await learner.save(tmp_path)
        teacher = await run.engine.load_learner(tmp_path)
        shown = player.renderer.demonstration(run.corpus.task("train", 0), "0")
        before = await teacher.logp([shown])
        assert torch.equal(await teacher.logp([shown]), before)
        with torch.no_grad():
            teacher.backbone.model.get_parameter("model.norm.weight").mul_(1.001)
        with pytest.raises(IntegrityError, match="never trained has moved"):
            await teacher.logp([shown])

    asyncio.run(teach())


def update_of(norm):
    """The report of a step with this gradient norm."""
    return Update(loss=0.0, drift_max=0.0, metrics={"grad_norm": Mean(total=norm, count=1)})


def test_low_precision_may_stand_still_for_some_steps():
    one = Version(1, "d")
    updates = [update_of(0.5)]
    still = 0
    for _ in range(15):
        still = check_movement((one, one), updates, 1e-6, still, "bfloat16")
    with pytest.raises(IntegrityError, match=r"in bfloat16 .* give engine\.masters"):
        check_movement((one, one), updates, 1e-6, still, "bfloat16")
    assert check_movement((one, Version(2, "e")), updates, 1e-6, still, "bfloat16") == 0
    assert check_movement((one, one), updates, 0.0, 0, "float32") == 0
    assert check_movement((one, one), [update_of(0.0)], 1e-6, 0, "float32") == 0
