"""A teacher that is not used: refused, warned of, told after the run, or seen in the weights."""

from dataclasses import replace
from pathlib import Path

import pytest
from small import followed, small
from witnessed import Answers

from whet.cli.main import main
from whet.data.procedural.lists import Lists
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.evaluation.measure import EvalConfig
from whet.policy.algorithms import load
from whet.policy.distillation import NoAdvantage, TeacherDivergence, TeacherLogRatio
from whet.policy.extensions.scoring_teacher import ScoringTeacher
from whet.policy.extensions.teacher_weights import SavedModel
from whet.training.idle_parts import idle_parts
from whet.training.ledger import Ledger
from whet.training.run import CheckpointConfig, PeriodicEval
from whet.training.validation import validate
from whet.types import UsageError

RECIPE = str(Path(__file__).parents[1] / "cli" / "recipe_small.py")
OWN_CONTEXT = {
    "sdft": [{"template": "{demonstration}{prompt}"}, {"template": "{prompt}{demonstration}"}],
    "sdpo": [
        {"template": "{solution}{prompt}{feedback}", "solution": "{reply}="},
        {"template": "{prompt}{solution}{feedback}", "solution": "{reply}{reply}"},
    ],
}


def started(folder, seed, alphabet="0123456789="):
    """A folder with a model from random weights."""
    spec = FromScratch(shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet=alphabet))
    model, tokenizer = spec.load("cpu", seed)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def quick(objective, steps=1):
    return small(
        objective=objective,
        steps=steps,
        evaluation=EvalConfig(problems=1, samples=1, k=(1,)),
        periodic=PeriodicEval(every=0),
        checkpoints=CheckpointConfig(seconds=1e9),
        demonstrator=Answers(),
    )


def digests(run, folder):
    """Of the weights before the first step and after the last one; the rows of the ledger."""
    followed(run, folder)
    rows = list(Ledger(folder).rows())
    return *(row["digest"] for row in rows if row["kind"] in ("base", "final")), rows


def changed(objective, **settings):
    """The objective with other settings of its teacher."""
    [teacher] = objective.companions
    return replace(objective, companions=(replace(teacher, **settings),))


@pytest.mark.parametrize("name", ["gkd", "sdft", "sdpo"])
def test_a_teacher_without_candidates_is_refused_where_candidates_are_read(name):
    with pytest.raises(UsageError, match="candidates is 0, and the divergence is over them"):
        load(name, candidates=0)


@pytest.mark.parametrize(
    ("objective", "part"),
    [
        (load("opd", teacher="x"), {"advantage": NoAdvantage()}),
        (load("gkd", teacher="x"), {"regularisers": ()}),
        (load("opd", teacher="x"), {"advantage": load("grpo").advantage}),
        (
            load("opd", teacher="x"),
            {"advantage": NoAdvantage(), "regularisers": (TeacherDivergence(),)},
        ),
    ],
)
def test_a_teacher_is_refused_when_the_part_that_reads_it_goes(objective, part):
    with pytest.raises(UsageError, match="no part of the loss reads"):
        replace(objective, **part)


def test_a_run_whose_objective_has_no_teacher_is_refused():
    for name in ("opd", "gkd"):
        with pytest.raises(UsageError, match="add a companion that gives it"):
            small(objective=replace(load(name, teacher="x"), companions=()))


def test_two_teachers_of_one_column_are_refused_before_anything_is_computed():
    """The second one would overwrite what the first one said."""
    teachers = tuple(ScoringTeacher(weights=SavedModel(path=name)) for name in "ab")
    objective = replace(load("opd", teacher="x"), companions=teachers)
    with pytest.raises(UsageError, match="which both give"):
        validate(small(objective=objective))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["opd", "--algorithm.alpha", "0"], "TeacherLogRatio.alpha is 0"),
        (
            ["gkd", "--algorithm.candidates", "5", "--objective.regularisers.0.weight", "0"],
            "TeacherDivergence.weight is 0",
        ),
    ],
)
def test_the_plan_warns_of_a_teacher_without_weight(words, said, tmp_path, capsys):
    teacher = started(tmp_path / "teacher", 1, Lists().alphabet)  # that of the recipe
    assert main(["plan", RECIPE, "--algorithm", *words, "--algorithm.teacher", teacher]) == 0
    notes = [x for x in capsys.readouterr().out.splitlines() if x.startswith("note: ")]
    assert any(said in note for note in notes), notes


@pytest.mark.parametrize("name", ["opd", "gkd", "sdft", "sdpo"])
def test_a_run_whose_teacher_scored_no_token_says_so_and_learns_nothing(name, tmp_path):
    """One token is less than any prompt with its reply has."""
    if name in OWN_CONTEXT:
        objective = load(name, candidates=5, **OWN_CONTEXT[name][0])
    else:
        settings = {"candidates": 5} if name == "gkd" else {}
        objective = load(name, teacher=started(tmp_path / "teacher", 1), **settings)
    for longest, silent in ((1, True), (0, False)):
        run = quick(changed(objective, longest=longest), steps=5)
        before, after, rows = digests(run, tmp_path / f"longest-{longest}")
        assert (before == after) == silent
        said = [x for x in idle_parts(rows, run) if "the teacher scored no token" in x]
        assert bool(said) == silent


@pytest.mark.parametrize("name", ["opd", "gkd", "sdft", "sdpo"])
def test_another_teacher_makes_other_weights(name, tmp_path):
    """The same one makes the same weights, so a teacher that is not used would fail here."""
    if name in OWN_CONTEXT:
        objectives = [load(name, candidates=5, **settings) for settings in OWN_CONTEXT[name]]
    else:
        settings = {"candidates": 5} if name == "gkd" else {}
        teachers = [started(tmp_path / f"teacher-{seed}", seed) for seed in (1, 2)]
        objectives = [load(name, teacher=teacher, **settings) for teacher in teachers]
    first, other, again = (
        digests(quick(objective), tmp_path / f"run-{place}")[1]
        for place, objective in enumerate([*objectives, objectives[0]])
    )
    assert first == again != other


def test_a_teacher_counts_beside_a_verdict(tmp_path):
    """`alpha` 0 is the verdict alone, whatever the teacher says; `alpha` 1 is not."""
    verdict = load("grpo").advantage
    teachers = [started(tmp_path / f"teacher-{seed}", seed) for seed in (1, 2)]
    found = {}
    for alpha in (0.0, 1.0):
        for teacher in teachers:
            objective = load("opd", teacher=teacher, alpha=alpha, verdict=verdict)
            assert isinstance(objective.advantage, TeacherLogRatio)
            found[alpha, teacher] = digests(quick(objective), tmp_path / f"{len(found)}")[1]
    silent, heard = ({found[alpha, t] for t in teachers} for alpha in (0.0, 1.0))
    assert len(silent) == 1
    assert len(heard) == 2
    assert not silent & heard
