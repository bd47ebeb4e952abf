"""Settings of distillation: what is refused, what has no effect, and the defaults."""

from dataclasses import replace

import pytest

from whet.policy.advantages import Standardised
from whet.policy.algorithms import load
from whet.policy.distillation import MixtureDivergence, ReverseDivergence, TeacherDivergence
from whet.policy.extensions.scoring_teacher import ScoringTeacher
from whet.policy.extensions.teacher_contexts import Corrected, Demonstrated
from whet.policy.extensions.teacher_weights import (
    AveragePolicy,
    CurrentPolicy,
    InitialPolicy,
    SavedModel,
)
from whet.policy.extensions.teachers_by_domain import (
    ByDomain,
    saved,
)
from whet.policy.extensions.together import refuse_rivals
from whet.policy.inspection import warnings
from whet.types import RunSpec, UsageError

HERE = RunSpec(samples=8, max_new_tokens=512, steps=100, minibatches=2)


def test_a_teacher_that_no_part_reads_is_refused():
    with pytest.raises(UsageError, match="no part of the loss reads"):
        replace(load("grpo"), companions=(ScoringTeacher(),))
    with pytest.raises(UsageError, match="likeliest tokens"):
        replace(load("opd"), companions=(ScoringTeacher(candidates=4),))
    with pytest.raises(UsageError, match="no part of the loss reads"):
        replace(load("kto"), companions=(ScoringTeacher(),))


@pytest.mark.parametrize(
    ("objective", "said", "spec"),
    [
        (load("opd", teacher="x", alpha=0.0), "alpha is 0", HERE),
        (load("opd"), "only holds the policy back", HERE),
        (load("gkd", teacher="x"), "but the vocabulary has 33", replace(HERE, vocabulary=33)),
        (load("sdpo"), "no right sibling", replace(HERE, samples=1)),
        (
            replace(load("opd"), companions=(ScoringTeacher(weights=CurrentPolicy()),)),
            "the policy itself with the same prompt",
            HERE,
        ),
        (
            replace(load("sdft"), regularisers=(TeacherDivergence(weight=0.0),)),
            "weight is 0",
            HERE,
        ),
    ],
)
def test_what_has_no_effect_is_said(objective, said, spec):
    assert any(said in text for text in warnings(objective, spec))


@pytest.mark.parametrize(
    ("objective", "spec"),
    [
        (load("opd", teacher="x"), HERE),
        (load("gkd", teacher="x", candidates=32), replace(HERE, vocabulary=33)),
        (load("sdft"), replace(HERE, samples=1)),
        (load("sdpo"), HERE),
        (load("sdpo", feedback="{note}"), replace(HERE, samples=1)),
    ],
)
def test_what_has_an_effect_is_not_warned_of(objective, spec):
    assert not warnings(objective, spec)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: load("opd", alpha=-1.0), r"alpha is -1"),
        (lambda: MixtureDivergence(beta=0.0), "the two KLs"),
        (lambda: MixtureDivergence(beta=1.0), "the two KLs"),
        (lambda: TeacherDivergence(weight=-0.5), "weight is -0.5"),
        (lambda: AveragePolicy(rate=0.0), "rate is 0"),
        (lambda: ScoringTeacher(candidates=-1), "candidates is -1"),
        (lambda: SavedModel(path=""), "path is empty"),
        (lambda: ByDomain(teachers=()), "one or more"),
        (lambda: saved("a=x,a=y", "domain"), "each once"),
        (lambda: saved("a=x,y", "domain"), "has the part 'y'; write DOMAIN=FOLDER"),
        (lambda: saved("=x", "domain"), "has the part '=x'; write DOMAIN=FOLDER"),
        (lambda: load("gkd", candidates=0), "candidates is 0.* give 1 or more"),
        (lambda: load("sdft", candidates=0), "candidates is 0.* give 1 or more"),
        (lambda: load("dppo_squared", kappa=-1.0), "dppo_squared.kappa is -1"),
        (lambda: Demonstrated(template="{prompt}"), r"contain \{demonstration\}"),
        (lambda: Corrected(template="{prompt}{solution}"), r"contain \{feedback\}"),
        (lambda: Corrected(solution="right"), r"contain \{reply\}"),
        (lambda: Corrected(feedback="wrong"), r"contain \{note\}"),
        (lambda: Corrected(solution=""), "neither solution nor feedback"),
    ],
)
def test_settings_outside_their_domain_are_refused(make, said):
    with pytest.raises(UsageError, match=said):
        make()


def test_the_text_of_a_teacher_names_folders_and_domains():
    assert saved("", "domain") == InitialPolicy()
    assert saved("some/folder", "domain") == SavedModel(path="some/folder")
    both = (("math", SavedModel(path="a")), ("code", SavedModel(path="b")))
    assert saved("math=a,code=b", "area") == ByDomain(teachers=both, column="area")


def test_a_folder_may_have_an_equals_sign_in_its_name(tmp_path):
    folder = tmp_path / "lr=3"
    folder.mkdir()
    assert saved(str(folder), "domain") == SavedModel(path=str(folder))


def test_a_teacher_of_tokens_beside_one_of_candidates_is_refused():
    both = (ScoringTeacher(), ScoringTeacher(candidates=4))
    with pytest.raises(UsageError, match="both give log-probs of a teacher and the likeliest"):
        refuse_rivals(both)


def test_a_verdict_keeps_what_it_needs():
    objective = load("opd", verdict=Standardised())
    assert Standardised().needs < objective.needs


def test_defaults_are_those_that_were_read():
    """TRL: GKDConfig.beta 0.5; SDPOConfig.teacher_update_rate 0.05 and its templates."""
    [price] = load("gkd").regularisers
    assert price.divergence == MixtureDivergence(beta=0.5)
    [teacher] = load("sdpo").companions
    assert teacher.weights == AveragePolicy(rate=0.05)
    assert teacher.context.template.endswith("\n\nCorrectly solve the original question.\n")
    assert load("sdpo").regularisers[0].divergence == ReverseDivergence()
    assert load("sdft").companions[0].weights == CurrentPolicy()
