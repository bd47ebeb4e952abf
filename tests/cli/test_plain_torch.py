"""The printed text of every algorithm is run: it has the algorithm's loss and gradient."""

from dataclasses import dataclass, replace

import pytest
import torch
from torch.testing import assert_close

from whet.cli.catalogue import entries
from whet.cli.explain.pages import algorithms, page
from whet.cli.explain.plain import NoTextError, program
from whet.cli.main import main
from whet.policy.advantages import Centred
from whet.policy.objective import BatchLoss
from whet.protocols.algorithm import BatchCriterion, TokenLoss
from whet.testing.draws import draw, one_token_each, ranked
from whet.testing.laws.gradients import (
    candidate_gradient,
    loss_and_gradient,
    near,
    observed_gradient,
    ready,
)

NAMES = sorted(algorithms())
CHAINS = range(0, 40, 2)  # even seeds draw no trees
FILLED = "# b.advantage is filled by "


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritten(BatchCriterion):
    """L = Σ_n log π_θ(n)."""

    def __call__(self, learner_logp, batch):
        del batch
        return learner_logp.sum()


def functions(text):
    """What the text defines, alone."""
    found = {}
    exec(text, found)
    return found


@pytest.fixture(scope="module")
def texts():
    return {name: "\n".join(program(algorithm)) for name, algorithm in algorithms().items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_text_has_the_loss_and_the_gradient(name, texts):
    algorithm, found = algorithms()[name], functions(texts[name])
    drawn = [ready(algorithm, draw(seed)) for seed in CHAINS]
    drawn = [one for one in drawn if len(one.logp)]
    assert len(drawn) > len(CHAINS) / 2
    for logp, batch in drawn:
        wanted, gradient = loss_and_gradient(algorithm, logp, batch)
        at = logp.clone().requires_grad_()
        loss = found["loss"](at, batch)
        near(loss.detach(), wanted, scale=gradient)
        slope = torch.zeros_like(at)
        if loss.requires_grad:
            (slope,) = torch.autograd.grad(loss, at, materialize_grads=True)
        near(slope, gradient)


class Written(TokenLoss):
    """The loss of a text."""

    def __init__(self, text):
        self.text = functions(text)["loss"]

    def loss(self, learner_logp, batch):
        return self.text(learner_logp, batch)


def entropy_gradient(objective, logp, batch):
    at = batch.learner_entropy.clone().requires_grad_()
    loss = objective.loss(logp, replace(batch, learner_entropy=at))
    return torch.autograd.grad(loss, at, materialize_grads=True)[0]


@pytest.mark.parametrize(
    ("name", "gradient"),
    [
        ("gkd", candidate_gradient),
        ("sdft", candidate_gradient),
        ("sdpo", candidate_gradient),
        ("echo", observed_gradient),
        ("gfpo", entropy_gradient),
    ],
)
def test_the_text_has_the_gradients_of_other_columns(name, gradient, texts):
    algorithm, largest = algorithms()[name], 0.0
    for seed in CHAINS:
        logp, batch = ready(algorithm, draw(seed))
        wanted = gradient(algorithm, logp, batch)
        near(gradient(Written(texts[name]), logp, batch), wanted)
        largest = max([largest, *wanted.abs().flatten().tolist()])
    assert largest > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_text_has_the_advantage_or_says_which_part_fills_it(name, texts):
    found, advantage = functions(texts[name]), algorithms()[name].advantage
    if "advantages" not in found:
        assert f"{FILLED}{type(advantage).__name__}(" in texts[name]
        return
    for seed in CHAINS:
        for inputs in (ranked(seed).inputs, one_token_each(seed)):
            assert_close(found["advantages"](inputs), advantage(inputs), rtol=1e-9, atol=1e-9)


def test_every_algorithm_has_a_text_and_most_have_their_advantage(texts):
    assert set(texts) == {entry.name for entry in entries("algorithms")}
    filled = [name for name, text in texts.items() if FILLED in text]
    assert len(filled) < 0.35 * len(texts), filled
    assert sum(len(text.splitlines()) for text in texts.values()) < 30 * len(texts)


def test_a_part_without_a_text_is_told_on_the_page():
    unwritten = BatchLoss(criterion=Unwritten(), advantage=Centred())
    with pytest.raises(NoTextError, match="^Unwritten has no text in plain torch$"):
        program(unwritten)
    assert all(page(entry).theory.why_no_plain == "" for entry in entries("algorithms"))


def test_settings_are_filled_in(texts):
    assert "r.clamp(0.8, 1.28)" in texts["dapo"]
    assert "r.clamp(0.8, 1.2)" in texts["grpo"]


def test_show_prints_it(capsys, texts):
    assert main(["show", "gspo"]) == 0
    said = capsys.readouterr().out
    assert "in plain torch" in said
    assert all(line in said for line in texts["gspo"].splitlines())
