"""Whole runs with hints: what is trained, what is marked, what an evaluation sees."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from small import Digits, followed, small, steps_of, timeless

from whet.data.pool import Pool
from whet.policy import algorithms
from whet.policy.inspection import trains_external
from whet.policy.selections import HighEntropy, PolicyTokens
from whet.sampling.exploration.fixed_rounds import FixedRounds
from whet.sampling.exploration.g2rpo_a import G2RpoA
from whet.sampling.exploration.questa import Questa
from whet.sampling.exploration.seele import Seele
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.trainer import Evaluated
from whet.training.validation import validate
from whet.types import Decoding, Task, UsageError


@dataclass(frozen=True)
class Counts:
    """Two other digits, and the answer."""

    def demonstrate(self, task: Task) -> str:
        return f"1=3={task.answer}"


FOUR = Fixed(rollouts=4)


def hinted(*schedules, size=FOUR, objective=None, **changes):
    own = replace(algorithms.load("dapo"), on=PolicyTokens())
    return small(
        **{
            "objective": own if objective is None else objective,
            "corpus": Pool(corpus=Digits(), tasks=3),
            "demonstrator": Counts(),
            "steps": 2,
            "sampling": Standard(
                prompts=Uniform(per_step=4),
                size=size,
                decoding=Decoding(max_new_tokens=6),
                schedules=schedules,
            ),
        }
        | changes
    )


SEELE = hinted(Seele(), size=FixedRounds(rollouts=2, passes=2))


def slopes(step, objective):
    """∂L / ∂ log π of every token of a step's batch, at other weights than those that sampled."""
    batch = step.batch.tokens
    at = (batch.behaviour_logp - 0.1).requires_grad_()
    batch = replace(batch, advantage=torch.ones_like(batch.advantage))
    loss, batch = objective.split(at, batch)
    (slope,) = torch.autograd.grad(loss.loss(at, batch), at)
    return slope


@pytest.mark.full
@pytest.mark.parametrize("run", [SEELE, hinted(G2RpoA(guided=0.5))], ids=["seele", "g2rpo"])
def test_hints_are_external_marked_and_never_in_the_loss(run, tmp_path):
    events = followed(run, tmp_path)
    told = []
    for step in steps_of(events):
        external = step.batch.tokens.external
        assert external is not None and external.any()
        assert not slopes(step, run.objective)[external].any()
        assert slopes(step, run.objective)[~external].all()
        for rollout in step.batch.rollouts:
            hint = rollout.chosen_ids[: rollout.forced_len]
            assert rollout.external[: rollout.forced_len].all() and rollout.hint == len(hint) / 5
            assert asked_digit(rollout) not in hint  # the answer
            told.append(rollout.hint)
        rates = step.taken.metrics
        assert 0 < rates["hinted"].value <= 1 and 0 < rates["hint_share"].value < 0.81
    assert any(told)
    groups = [g for e in events if isinstance(e, Evaluated) for g in e.card.groups]
    assert groups and not any(r.hint or r.external.any() for g in groups for r in g)


def asked_digit(rollout):
    """The id of the answer: that of the digit in the prompt, before "="."""
    return rollout.token_ids[np.flatnonzero(~rollout.action_mask)[-2]]


@pytest.mark.full
def test_rounds_are_one_group_and_a_killed_run_ends_as_the_whole(tmp_path):
    whole = followed(SEELE, tmp_path / "whole")
    assert all(len(g) == 4 for step in steps_of(whole) for g in step.taken.groups)
    assert {step.taken.rounds for step in steps_of(whole)} == {2}
    followed(SEELE, tmp_path / "cut", stop_after=1)
    assert followed(SEELE, tmp_path / "cut")[-1] == whole[-1]
    assert timeless(tmp_path / "cut") == timeless(tmp_path / "whole")


def test_a_hint_in_the_question_is_marked_and_part_of_the_prompt(tmp_path):
    run = hinted(Questa(wording="{question}{hint}", shares=(0.8, 0.0)), steps=2)
    first, last = steps_of(followed(run, tmp_path))
    assert {r.hint for r in first.batch.rollouts} == {0.8}
    assert all(r.messages[0]["content"].endswith("=1=3=") for r in first.batch.rollouts)
    assert not first.batch.tokens.external.any()
    assert {r.hint for r in last.batch.rollouts} == {0.0}
    assert [s.taken.metrics["hinted"].value for s in (first, last)] == [1, 0]


def test_an_algorithm_that_would_train_a_hint_is_refused():
    validate(hinted(G2RpoA()))
    with pytest.raises(UsageError, match="--objective.on policy_tokens"):
        validate(hinted(G2RpoA(), objective=algorithms.load("dapo")))
    with pytest.raises(UsageError, match="demonstrator"):
        validate(hinted(G2RpoA(), demonstrator=None))


def test_a_second_beginning_of_a_reply_is_refused(tmp_path):
    with pytest.raises(UsageError, match="sampling.schedules .* Hints"):
        followed(hinted(Seele(), objective=algorithms.load("uft")), tmp_path)


def test_hints_may_be_imitated_by_the_term_of_uft(tmp_path):
    objective = replace(algorithms.load("uft"), companions=())
    run = hinted(G2RpoA(guided=1.0), objective=objective, steps=1)
    [step] = steps_of(followed(run, tmp_path))
    external = step.batch.tokens.external
    assert (slopes(step, objective)[external] < 0).all()  # a loss that raises their log-probs


@pytest.mark.parametrize(
    ("name", "trains"),
    [("bread", False), ("uft", False), ("prefix_rft", False), ("luffy", False)]
    + [(name, True) for name in ("grpo", "archer", "dpo", "raft", "sft", "ppo")],
)
def test_which_algorithms_train_external_tokens(name, trains):
    assert trains_external(algorithms.load(name)) is trains


def test_a_selection_besides_does_not_leave_them_out():
    own = algorithms.load("dapo")
    assert trains_external(replace(own, on=HighEntropy()))
    assert not trains_external(replace(own, on=PolicyTokens()))
