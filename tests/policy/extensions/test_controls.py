"""Extensions that move a coefficient or a reference as the run goes on: by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from policy.extensions.tiny_run import (
    TASKS,
    W0,
    TinyRun,
    after_update,
    batch_of,
    finished,
    group_of,
    opened,
    own,
    rendered,
)

from whet.policy import algorithms
from whet.policy.corrections import ConstantWeight
from whet.policy.extensions.convex_kl import ConvexKL
from whet.policy.extensions.critic import Critic
from whet.policy.extensions.entropy_target import EntropyTarget
from whet.policy.extensions.imitation_weight import ImitationWeight
from whet.policy.extensions.reference_reset import ReferenceReset
from whet.types import Span, TrainBatch, UsageError, Verdict


def adapted(run, live, objective, step, *groups):
    return finished(live.adapt_objective(run.context(step), objective, groups))


def entropic(*entropy: float, seed: int = 0):
    return own("x" * len(entropy), seed=seed, entropy=np.array(entropy, np.float32))


def test_the_bonus_is_there_while_the_entropy_is_low():
    """H is 0.1 over the three tokens that the policy chose: applied; it rises afterwards."""
    run, objective = TinyRun(), algorithms.load("skywork_or1")
    live = opened(run, EntropyTarget(target=0.2, delta=0.01, first=0.02))
    demo = replace(rendered(TASKS[0], "zz"), verdict=Verdict.binary(correct=True))
    begun = replace(entropic(9.0, 0.1, seed=1), spans=(Span(1), Span(1, W0)))
    low = group_of(entropic(0.2, 0.0), begun).joined([demo])
    moved = adapted(run, live, objective, 0, low)
    assert [r.beta for r in moved.regularisers] == [0.02]
    assert after_update(run, live, 0, low)["entropy_bonus"].value == 0.02
    high = group_of(entropic(0.5))
    moved = adapted(run, live, objective, 1, high)
    assert [r.beta for r in moved.regularisers] == [0.0]
    assert live.coefficient == pytest.approx(0.03)
    after_update(run, live, 1, high)
    assert live.coefficient == pytest.approx(0.02)
    adapted(run, live, objective, 2)
    after_update(run, live, 2, high)
    assert live.coefficient == pytest.approx(0.02)  # a step of nothing moves nothing


def test_the_coefficient_stays_within_its_bounds_and_rests_above_the_target():
    """At the target itself the bonus still applies, as in the paper: H ≤ target."""
    control = EntropyTarget(target=0.2, delta=0.004, most=0.005)
    coefficient, seen = control.first, []
    for entropy in (0.3, 0.2, 0.1, 0.1, 0.3, 0.3):
        seen.append(control.applied(coefficient, entropy))
        coefficient = control.after(coefficient, entropy)
        seen.append(coefficient)
    wanted = [0, 0, 0, 0.004, 0.004, 0.005, 0.005, 0.005, 0, 0.001, 0, 0]
    assert seen == pytest.approx(wanted)


def test_a_policy_that_was_played_without_entropies_is_refused():
    run = TinyRun()
    live = opened(run, EntropyTarget())
    with pytest.raises(UsageError, match="EntropyTarget needs entropies"):
        adapted(run, live, run.context(0).objective, 0, group_of(own("x", entropy=None)))


def test_lambda_falls_with_the_step():
    run, objective = TinyRun(), algorithms.load("remix")
    live = opened(run, ConvexKL(begin=1, every=2, fall=0.2, least=0.5))
    shares = [adapted(run, live, objective, n).regularisers[0].share for n in range(8)]
    assert shares == pytest.approx([1, 1, 0.8, 0.8, 0.6, 0.6, 0.5, 0.5])


def test_imitation_weighs_what_entropies_did_since_the_step_before():
    """Others' entropies moved by .2 and own ones by .1; accuracy ½: w = 2."""
    run, objective = TinyRun(), algorithms.load("red")
    live = opened(run, ImitationWeight(most=5.0))

    def learned(foreign: float, mine: float):
        demo = replace(rendered(TASKS[0], "zz"), verdict=Verdict.binary(correct=True))
        group = group_of(own("x", verdict=Verdict.binary(correct=False))).joined([demo])

        async def update():
            inputs = await run.inputs([group])
            entropy = torch.where(inputs.external, foreign, mine)
            inputs = replace(inputs, entropy=entropy)
            batch = TrainBatch(group.rollouts, batch_of(inputs, group.rollouts))
            return await live.after_update(run.context(0), batch, inputs)

        return finished(update())["imitation_weight"].value

    assert learned(1.0, 0.5) == 1.0
    assert learned(1.2, 0.4) == pytest.approx(2.0)
    moved = adapted(run, live, objective, 1)
    [term] = moved.extra
    assert [c for c in term.corrections if isinstance(c, ConstantWeight)][
        0
    ].factor == pytest.approx(2.0)


def test_when_nothing_rises_the_reference_is_the_policy_of_now(tmp_path):
    run = TinyRun(folder=tmp_path)
    live = opened(run, ReferenceReset(patience=2))
    half = group_of(own("x;0"), own("x;1", seed=1))
    ages = [after_update(run, live, n, half)["reference_age"].total for n in range(3)]
    assert ages == [1, 2, 0]
    assert run.learner.done == [
        "save reference-000002",
        "set_reference reference-000002",
        "reset_optimizer",
    ]
    again = opened(run, ReferenceReset(patience=2))
    finished(again.load_state_dict(live.state_dict(), run.context(3)))
    assert run.learner.done[-1] == "set_reference reference-000002"


def test_an_algorithm_that_rests_has_no_regularisers_to_move():
    run, objective = TinyRun(), algorithms.load("skywork_or1")
    resting = adapted(run, opened(run, Critic(pretrain_steps=3)), objective, 0)
    low = group_of(entropic(0.1))
    assert adapted(run, opened(run, EntropyTarget()), resting, 0, low) is resting
    assert adapted(run, opened(run, ImitationWeight()), resting, 0, low) is resting
