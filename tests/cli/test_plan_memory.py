"""What a plan says of memory: copies of weights, training, and models beside the policy."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from whet.cli.explain.memory import memory
from whet.cli.main import main
from whet.engines.models import Folder
from whet.policy.algorithms import load
from whet.policy.extensions.critic import Critic, OwnHead
from whet.policy.extensions.scoring_teacher import ScoringTeacher
from whet.policy.extensions.teacher_weights import (
    AveragePolicy,
    CurrentPolicy,
    InitialPolicy,
)
from whet.policy.extensions.teachers_by_domain import (
    ByDomain,
)
from whet.recipes.quickstart import quickstart
from whet.types import Size, UsageError


@dataclass(frozen=True)
class Sized:
    """A model of so many GiB in bfloat16, of which nothing but the size is known."""

    gib: float

    def size(self):
        return Size(
            parameters=int(self.gib * 2**29), weight_bytes=2, cache_bytes=2**10, positions=0
        )


def told(objective):
    """What is said of further models beside a policy of 2 GiB."""
    lines = memory(replace(quickstart(), model=Sized(2.0), objective=objective))
    prefix = "memory beside the policy: "
    return [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]


def taught(weights):
    [teacher] = load("opd").companions
    return replace(load("opd"), companions=(replace(teacher, weights=weights),))


def test_weights_and_training():
    """Of bfloat16: learner and generator 2 × 2 GiB, and 16 bytes a weight for 2^30 weights."""
    _, line = memory(replace(quickstart(), model=Sized(2.0)))
    assert line.startswith("memory: weights 2 × 2.00 GiB, gradients and AdamW 16.00 GiB")
    assert "cache of 512 rollouts at most 0.02 GiB" in line  # 512 × 36 tokens of 1 KiB


@pytest.mark.parametrize(
    ("weights", "line"),
    [
        (InitialPolicy(), ["ScoringTeacher 2.00 GiB for 1 model"]),
        (CurrentPolicy(), []),
        (AveragePolicy(), ["ScoringTeacher 6.00 GiB for 1 model"]),  # 2 and 4 bytes a weight
        (
            ByDomain(teachers=(("code", InitialPolicy()), ("math", AveragePolicy()))),
            ["ScoringTeacher 8.00 GiB for 2 models"],
        ),
    ],
    ids=["initial", "current", "average", "domains"],
)
def test_a_teacher_counts(weights, line):
    assert told(taught(weights)) == line


def test_a_saved_teacher_has_a_size_of_its_own(monkeypatch):
    asked = []

    def as_saved(path):
        asked.append(path)
        return Sized(5.0)

    monkeypatch.setattr(Folder, "as_saved", as_saved)
    assert told(load("opd", teacher="wise")) == ["ScoringTeacher 5.00 GiB for 1 model"]
    assert asked == [Path("wise")]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("dapo", []),
        ("ppo", ["Critic 18.00 GiB for 1 model"]),
        ("prime", ["ImplicitRewards 18.00 GiB for 1 model"]),
        ("cooper", ["Coevolving 18.00 GiB for 1 model"]),
        ("sdft", []),
        ("sdpo", ["ScoringTeacher 6.00 GiB for 1 model"]),
    ],
)
def test_what_else_a_run_holds(name, line):
    """A trained model: 2 bytes a weight, and 16 of its gradient, moments and float32 copy."""
    assert told(load(name)) == line


def test_a_head_on_the_policy_is_no_further_model():
    assert Critic(model=OwnHead()).further_models == ()
    assert len(Critic().further_models) == 1
    assert ScoringTeacher().further_models == InitialPolicy().further_models


@pytest.mark.parametrize("command", ["plan", "train"])
def test_a_teacher_without_a_folder_is_refused_before_anything_is_computed(
    command, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main([command, "quickstart", "--algorithm", "opd", "--algorithm.teacher", "no"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("whet: teacher 'no' has no config.json; give a folder")
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_broken_teacher_of_one_domain_is_refused(tmp_path):
    with pytest.raises(UsageError, match="teacher 'gone'"):
        [teacher] = load("opd", teacher="math=gone").companions
        [(_, weights)] = teacher.weights.teachers
        weights.check()
