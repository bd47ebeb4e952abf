"""Every part of a sampling strategy: a short run, which ends alike where it was killed."""

from dataclasses import dataclass, replace

import pytest
from small import Digits, followed, small, steps_of, timeless

from whet import registry
from whet.data.pool import Pool
from whet.policy import algorithms
from whet.policy.selections import PolicyTokens
from whet.protocols import (
    Corpus,
    Gate,
    GroupReplay,
    GroupSize,
    PromptOrder,
    Schedule,
    Shape,
)
from whet.sampling.dynamic.admit_all import AdmitAll
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.exploration.fixed_rounds import FixedRounds
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.glossary import metric
from whet.training.validation import validate
from whet.types import Decoding, Task

SLOTS = {
    PromptOrder: "prompts",
    GroupSize: "size",
    Shape: "shape",
    Schedule: "schedules",
    Gate: "gate",
    GroupReplay: "replay",
}
REFILL = NonZeroSpread(max_rounds=2, oversample=1.5)
SETTINGS = {  # of parts with published settings that don't fit runs of a few tokens
    "adaptive": {"least": 2, "largest": 6},
    "after_tools": {"chains": 2},
    "budget_forcing": {"waits": 1, "wait": "1", "close": "=", "final": "3"},
    "drop_solved": {"every": 2},
    "early_exits": {"exits": 2, "phrase": "3=", "close": "="},
    "entropy_tree": {"min_gap": 1},
    "knapsack": {"rollouts": 4, "largest": 8},
    "length_by_truncation": {"lengths": (3, 5), "patience": 1},
    "prompt_replay": {"cooldown": 1, "low": 0.0, "high": 1.0},
    "puct_reuse": {"ask": "{reply}="},
    "questa": {"wording": "{hint}={question}"},
    "reinforce_ada": {"draws": 2, "keep": 2, "cap": 6},
    "resample_on_correct": {"rollouts": 6, "keep": 4},
    "segment_tree": {"segment": 2, "first": (1, 2)},
    "staged_length": {"lengths": (3, 5)},
    "temperature_search": {"grid": (0.8, 1.0, 1.2), "groups": 2, "stages": 2},
    "think_budget": {"shortest": 1, "longest": 5, "text": "{tokens}="},
    "tree": {"branches": (2, 2), "segments": (2,)},
    "two_phase": {"pilots": 2, "further": 2},
}
SIZES = {"seele": FixedRounds(rollouts=2, passes=2)}
UNFILTERED = {"seele"}  # all replies with the first, long hint are right
NAMES = [name for name in registry.names("sampling") if name != "standard"]


@dataclass(frozen=True)
class Levels(Corpus):
    """Digits with a level, and a rubric that can be written in digits."""

    def task(self, split, index):
        task = Digits().task(split, index)
        rubric = [{"criterion": task.answer, "points": 1}, {"criterion": "3", "points": 1}]
        return replace(task, info={"level": 1 + index % 2, "rubric": rubric})

    def held_out(self, split, count):
        return Digits().held_out(split, count)


@dataclass(frozen=True)
class Worked:
    """Two other digits, and the answer."""

    def demonstrate(self, task: Task) -> str:
        return f"1=3={task.answer}"


def run_with(name):
    offer = registry.find("sampling", name)
    slot = next(slot for of, slot in SLOTS.items() if issubclass(offer, of))
    given = {"per_step": 4} if slot == "prompts" else {}
    part = offer(**given | SETTINGS.get(name, {}))
    own = {
        "prompts": Uniform(per_step=4),
        "size": SIZES.get(name, Fixed(rollouts=4)),
        "decoding": Decoding(max_new_tokens=6),
        "gate": AdmitAll() if name in UNFILTERED else REFILL,
    }
    sampling = Standard(**own | {slot: (part,) if slot == "schedules" else part})
    return small(
        objective=replace(algorithms.load("dapo"), on=PolicyTokens()),
        corpus=Pool(corpus=Levels(), tasks=6),
        demonstrator=Worked(),
        sampling=sampling,
        steps=4,
    )


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_killed_it_ends_as_the_whole(name, tmp_path):
    run = run_with(name)
    validate(run)
    events = followed(run, tmp_path / "whole")
    assert len(steps_of(events)) == run.steps
    rows = timeless(tmp_path / "whole")
    assert all(metric(row["kind"], logged) for row in rows for logged in row["metrics"])
    for step in (1, 3):
        folder = tmp_path / f"cut-{step}"
        followed(run, folder, stop_after=step)
        assert followed(run, folder)[-1] == events[-1]
        assert timeless(folder) == rows
