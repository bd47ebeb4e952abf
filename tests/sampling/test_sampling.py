"""What is tried, and what is kept."""

import json
from pathlib import Path

import pytest

from whet.sampling.dynamic.everything import Everything
from whet.sampling.dynamic.varied import Varied
from whet.sampling.schedules.uniform import Uniform
from whet.types import Decoding, Reason, Refusal, Rollout, Task, Verdict

ORACLES = json.loads((Path(__file__).parents[1] / "policy" / "algorithm_oracles.json").read_text())
TASK = Task(id="t", prompt="", answer="")


class Numbered:
    """Task i of a split."""

    def task(self, split, index):
        return Task(id=f"{split}/{index}", prompt="?")

    def held_out(self, split, count):
        return [self.task(split, i) for i in range(count)]


def group(*verdicts: Verdict) -> tuple[Rollout, ...]:
    bare = {"task": TASK, "seed": 0, "turns": (), "tokens": (), "chosen": (), "behaviour_logp": ()}
    return tuple(Rollout(**bare, verdict=verdict) for verdict in verdicts)


def test_varied_keeps_what_dapo_keeps():
    oracle = ORACLES["dapo_dynamic_sampling"]
    groups = [
        group(*(Verdict(reason=Reason.OK, score=float(score)) for score in scores))
        for scores in oracle["inputs"]["group_rewards"]
    ]
    assert [Varied()(g) for g in groups] == oracle["expected"]["keep"]
    assert all(Everything()(g) for g in groups)


def test_a_fault_is_no_variety():
    fault = Verdict.unjudged("away")
    assert not Varied()(group(Verdict.binary(correct=True), fault))
    assert not Varied()(group(fault, fault))


def test_seeds_depend_on_their_own_place_only():
    few = list(Uniform(prompts=2, samples=2)(Numbered(), 7, 0))
    many = list(Uniform(prompts=2, samples=4)(Numbered(), 7, 0))
    assert [r.seeds for r in few] == [r.seeds[:2] for r in many]
    everyone = [s for step in range(5) for r in Uniform()(Numbered(), step, 3) for s in r.seeds]
    assert len(set(everyone)) == len(everyone) == 5 * 32 * 16
    assert all(0 <= s < 2**56 for s in everyone)


def test_steps_and_seeds_see_other_tasks():
    schedule = Uniform(prompts=3, samples=2)
    seen = [
        r.task.id for seed in (0, 1) for step in range(4) for r in schedule(Numbered(), step, seed)
    ]
    assert len(set(seen)) == len(seen) == 24


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"temperature": -1.0}, "temperature is -1.0; give 0 or more"),
        ({"top_p": 0.0}, "top_p is 0.0; give in"),
        ({"top_k": -1}, "top_k is -1"),
        ({"min_p": 1.0}, "min_p is 1.0"),
        ({"length": 0}, "length is 0; give 1 or more"),
    ],
)
def test_impossible_decodings_are_refused(fields, told):
    with pytest.raises(Refusal, match=told):
        Decoding(**fields)


def test_steps_of_nothing_are_refused():
    with pytest.raises(Refusal, match="schedule.samples is 0"):
        Uniform(samples=0)
