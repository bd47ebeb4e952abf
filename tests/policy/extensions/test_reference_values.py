"""V* of every prompt from the policy before training: numbers by hand, and who samples when."""

from math import exp, log

import pytest
from policy.extensions.tiny_run import TASKS, TinyRun, finished

from whet.policy.extensions.reference_values import ReferenceValues
from whet.types import UsageError


def test_the_soft_mean_by_hand():
    """0.5 log((e² + 7)/8) = 0.2938 of one success in eight; equal rewards are their own value."""
    one_of_eight = ReferenceValues().value([1.0] + [0.0] * 7)
    assert one_of_eight == pytest.approx(0.5 * log((exp(2) + 7) / 8), abs=1e-12)
    assert ReferenceValues().value([0.1] * 8) == 0.1
    assert ReferenceValues(beta=1e-3).value([1.0, 0.0]) == pytest.approx(1 + 1e-3 * log(0.5))
    assert ReferenceValues(beta=1e6).value([1.0, 0.0]) == pytest.approx(0.5, abs=1e-6)


async def stepped(run, companion, count):
    extensions = await run.open(companion)
    return [await run.step(extensions, n) for n in range(count)], extensions


def test_all_prompts_are_sampled_before_the_first_step_and_never_again(tmp_path):
    run = TinyRun(folder=tmp_path)
    outcomes, extensions = finished(stepped(run, ReferenceValues(count=5), 4))
    assert sorted(request.task.id for request in run.played if len(request.plays) == 5) == sorted(
        task.id for task in TASKS
    )
    (live,) = extensions.members
    for outcome in outcomes:
        wanted = [live.values[rollout.task.id] for rollout in outcome.rollouts]
        assert outcome.inputs.baseline.tolist() == pytest.approx(wanted)
        (late,) = (m for n, m in outcome.metrics.items() if n.endswith("late_values"))
        assert late.total == 0


def test_a_prompt_that_was_not_foreseen_is_sampled_at_its_first_visit(tmp_path):
    """The run says that it has one step, and goes on."""
    run = TinyRun(folder=tmp_path, steps=1)
    outcomes, extensions = finished(stepped(run, ReferenceValues(count=5), 2))
    foreseen = {task.id for task in run.tasks(0)}
    (live,) = extensions.members
    assert live.late == {task.id for task in run.tasks(1)} - foreseen
    assert live.late == {r.task.id for r in outcomes[1].rollouts} - foreseen != set()


@pytest.mark.parametrize(("field", "value"), [("beta", 0.0), ("beta", -1.0), ("count", 0)])
def test_what_is_no_temperature_or_no_count_is_refused(field, value):
    with pytest.raises(UsageError, match=rf"ReferenceValues\.{field} is"):
        ReferenceValues(**{field: value})
