"""The names of a ledger's rows, against the glossary."""

import ast
from pathlib import Path

import pytest
from small import Nearby, followed, small, steps_of

import whet.policy.extensions
from whet.policy import algorithms
from whet.training import glossary
from whet.training.ledger import Ledger
from whet.training.trainer import Evaluated


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Runs that between them write every name: graded rewards, with a reference and without one,
    and with a sum over observations.
    """
    made = {}
    for name in ("dapo", "grpo", "echo"):
        folder = tmp_path_factory.mktemp(name)
        run = small(objective=algorithms.load(name), reward=Nearby())
        made[name] = folder, followed(run, folder)
    return made


def written(folders, *kinds):
    rows = [row for folder, _ in folders.values() for row in Ledger(folder).rows()]
    return {name for row in rows if row["kind"] in kinds for name in row["metrics"]}


@pytest.mark.parametrize(
    ("kinds", "table"),
    [
        (("step",), glossary.STEP),
        (("base", "periodic", "final"), glossary.EVALUATION),
        (("sft",), glossary.SUPERVISED),
    ],
)
def test_the_glossary_has_every_name_that_is_written_and_no_other(folders, kinds, table):
    found = written(folders, *kinds)
    named = {glossary.metric(kinds[0], name) for name in found}
    assert None not in named
    assert named == set(table)


def test_the_glossary_has_every_name_that_an_extension_reports():
    """Keys of dictionaries in `after_update`; the critic's come from its engine."""
    found = set()
    for path in Path(next(iter(whet.policy.extensions.__path__))).glob("*.py"):
        tree = ast.parse(path.read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.AsyncFunctionDef) and function.name == "after_update":
                found |= {key for node in ast.walk(function) for key in keys(node)}
    last_metrics = {glossary.metric("step", name) for name in found}
    assert None not in last_metrics
    assert {m.name for m in last_metrics if m} | {"value_loss", "value_grad_norm"} == {
        m.name for m in glossary.EXTENSIONS
    }


def keys(node):
    """Names under which a metric is put into a dictionary; `*` for what is filled in."""
    names = []
    if isinstance(node, ast.Dict):
        names = [key for key in node.keys if key is not None]
    elif isinstance(node, ast.Assign):
        names = [t.slice for t in node.targets if isinstance(t, ast.Subscript)]
    elif isinstance(node, ast.DictComp):
        names = [node.key]
    for name in names:
        if isinstance(name, ast.Constant):
            yield name.value
        elif isinstance(name, ast.JoinedStr):
            pieces = (p.value if isinstance(p, ast.Constant) else "*" for p in name.values)
            yield "".join(map(str, pieces))


def test_a_graded_run_shows_its_reward_everywhere(folders):
    """Nothing is ever correct, rewards vary, and the ledger has both."""
    folder, events = folders["dapo"]
    cards = [e.card for e in events if isinstance(e, Evaluated)]
    assert all(card.pass_at[1].value == 0 and card.reward.mean.value > 0 for card in cards)
    rows = list(Ledger(folder).rows())
    steps = [row["metrics"] for row in rows if row["kind"] == "step"]
    assert all(row["correct"]["value"] == row["correct_varied"]["value"] == 0 for row in steps)
    assert max(row["varied"]["value"] for row in steps) > 0
    for row, event in zip(steps, steps_of(events), strict=True):
        spreads = [{r.score for r in g} for g in event.taken.played]
        assert row["varied"]["value"] == sum(len(s) > 1 for s in spreads) / len(spreads)
    (base,) = [row for row in rows if row["kind"] == "base"]
    low, high = base["intervals"]["reward"]
    assert low < base["metrics"]["reward"]["value"] < high
    assert base["metrics"]["graded"]["value"] > 0
