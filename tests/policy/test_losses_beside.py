"""The stored rows of losses of TRL and veRL beside whet's are complete, and explained."""

import math
import sys
from importlib import import_module
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.filterwarnings("ignore:K1 in the loss")


@pytest.fixture(scope="module")
def beside():
    """The script, without the frameworks."""
    sys.path.append(str(BENCHMARKS))
    known = set(sys.modules)
    yield import_module("losses_beside")
    sys.path.remove(str(BENCHMARKS))
    for name in set(sys.modules) - known:
        if name.startswith("losses_"):
            del sys.modules[name]


def test_there_is_a_row_for_each_pair_and_none_besides(beside):
    rows = beside.stored()
    assert [(row["pair"], row["at"]) for row in rows] == beside.places()
    assert len({pair.key for pair in beside.pairs()}) == len(beside.pairs()) > 100


def test_rows_name_the_parts_that_are_compared(beside):
    rows = iter(beside.stored())
    for pair in beside.pairs():
        assert next(rows)["whet"] == pair.parts
        if not pair.part_only:
            assert next(rows)["whet"] == pair.base


def test_the_frameworks_were_not_imported(beside):
    del beside
    assert not {"trl", "verl"} & set(sys.modules)


def test_each_difference_has_a_reason_and_each_reason_a_difference(beside):
    why = import_module("losses_why").WHY
    apart = {(row["pair"], row["at"]) for row in beside.stored() if beside.most(row) > beside.LEAST}
    assert apart == set(why)
    assert all(len(reason) > 20 for reason in why.values())


def test_most_losses_are_the_same_at_the_same_settings(beside):
    equal = [row for row in beside.stored() if row["at"] == "equal"]
    assert sum(beside.most(row) <= beside.LEAST for row in equal) > 0.8 * len(equal)
    assert all(math.isfinite(beside.most(row)) for row in beside.stored())


def test_whet_still_has_the_losses_and_gradients_that_the_frameworks_had(beside):
    held = import_module("losses_pairs")
    stored = {row["pair"]: row for row in beside.stored() if row["at"] == "equal"}
    for pair in beside.pairs():
        row = stored[pair.key]
        ours = held.probed(pair.ours(pair.draw(0), pair.equal))
        size = max(map(abs, row["probe"]))
        if max(row["loss"], row["gradient"]) <= beside.LEAST:
            close = pytest.approx(row["probe"], rel=1e-5, abs=1e-5 * size)
            assert ours == close, pair.key
