"""A card is enough to make its run again, and says what no card can hold."""

import json
import math
import sys
from collections import namedtuple
from dataclasses import dataclass, field, fields, replace
from enum import Enum, Flag
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small import RUN, small

from whet import recipes
from whet.calls.shipped.calc import calc
from whet.calls.shipped.lookup import Lookup
from whet.protocols import Reward
from whet.recipes.quickstart import quickstart
from whet.registry import names
from whet.scripts import imported
from whet.training import card, resuming
from whet.training.as_json import from_json, only_here, to_json
from whet.training.run import Run
from whet.types import Need, Rollout, UsageError, Verdict
from whet.types.optimizers import AdamW, CosineDecay

WORDS = {"model": "model", "data": "lock", "steps": ".", "passages": "p.jsonl"}  # no default
Pair = namedtuple("Pair", "one other")


def again(value):
    """Written and read."""
    return from_json(json.loads(json.dumps(to_json(value), allow_nan=False)))


@dataclass(frozen=True)
class Held(Reward):
    """A part with anything in it, and a field that it computes of itself."""

    part: Any
    seen: str = field(default="", init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seen", f"saw {type(self.part).__name__}")

    def score(self, rollout: Rollout) -> Verdict:
        return Verdict.binary(correct=bool(self.part))


class Access(Flag):
    """Several at once are no member of their own."""

    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Table(dict):
    """A part that is a mapping, too."""

    size: int = 1


@dataclass(frozen=True)
class Small:
    """It refuses large numbers in its own way."""

    size: int = 1

    def __post_init__(self) -> None:
        if self.size > 5:
            raise ValueError("large\nnumber")


class Colour(Enum):
    """Its values are no words."""

    RED = (1, 2)


@pytest.mark.parametrize("name", sorted(names("recipe")))
def test_the_run_of_every_recipe_is_made_again(name):
    make = recipes.find(name)
    wanted = make.__kwdefaults__ or {}
    known = {n: w for n, w in WORDS.items() if n in make.__annotations__ and n not in wanted}
    run = make(**known)
    assert again(run) == run


@pytest.mark.parametrize("name", sorted(names("algorithm")))
def test_a_run_of_every_algorithm_is_made_again(name):
    run = quickstart(algorithm=name)
    assert again(run) == run


SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
VALUES = st.recursive(
    SCALARS | st.sampled_from([Colour.RED, Need.GROUP, Path("a/b")]),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.just("class"), inner)
        | st.dictionaries(st.integers() | st.booleans(), inner)
        | st.frozensets(SCALARS)
        | st.builds(Held, inner)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_comes_back_with_its_kind(value):
    found = again(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "value", [Access.READ | Access.WRITE, Access(0), Access.READ, Table(size=3), -0.0, 10**30]
)
def test_a_value_with_a_base_that_json_knows_keeps_its_class(value):
    assert type(again(value)) is type(value)
    assert repr(again(value)) == repr(value)


@pytest.mark.parametrize(
    "held",
    [
        {"class": f"{__name__}.Colour", "name": "GREEN"},
        {"class": f"{__name__}.Small", "size": 9},
        {"class": f"{__name__}.again", "value": 1},
        {"class": "builtins.float", "value": "many"},
        {"class": "builtins.list"},
        {"class": ""},
        {"class": 3},
    ],
)
def test_what_is_no_part_any_more_is_refused_by_its_field(held):
    with pytest.raises(UsageError, match=r"^reward\.part\.0 is ") as refused:
        from_json({"reward": {"part": [held]}})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_json_knows_no_infinity_and_the_card_does(value):
    assert repr(again(value)) == repr(value)


def test_numbers_of_numpy_are_numbers():
    assert again((np.float32(0.5), np.float64(0.1), np.int64(3))) == (0.5, 0.1, 3)


@pytest.mark.parametrize("value", [lambda x: x, print, torch.zeros(2), object(), 1j])
def test_what_no_card_can_hold_is_refused_by_its_field(value, tmp_path):
    run = small(reward=Held(part=(1, {"deep": value})))
    with pytest.raises(UsageError, match=r"^reward\.part\.1\.deep is ") as refusal:
        card.card(run)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("value", [calc, Lookup, names])
def test_a_function_and_a_class_come_back_as_themselves(value):
    assert again((value,))[0] is value


def test_a_function_within_a_function_is_known_here_alone():
    def inner():
        pass

    assert only_here(to_json((inner,)))
    assert not only_here(to_json((calc,)))


@pytest.mark.parametrize(
    "place", ["nowhere.Part", "whet.types.decoding.Decode", "/no/such/file.py:Part", "__main__.No"]
)
def test_a_part_that_is_not_to_be_had_is_refused_by_its_field(place):
    held = to_json(RUN)
    held["sampling"]["decoding"]["class"] = place
    with pytest.raises(UsageError, match=r"^sampling\.decoding is .*whet\.train\(run, folder\)"):
        from_json(held)


def test_a_part_whose_fields_have_changed_is_refused():
    held = to_json(RUN)
    held["optimizer"]["colour"] = "red"
    with pytest.raises(UsageError, match=r"^optimizer is .*colour"):
        from_json(held)
    held = to_json(RUN)
    del held["optimizer"]["clip_norm"]  # a field that came later
    with pytest.raises(UsageError, match=r"optimizer\.clip_norm"):
        card.run_of({"run": held})


def test_a_part_in_a_file_has_the_place_of_its_file():
    assert to_json(RUN)["reward"] == {"class": f"{Path(sys.modules['small'].__file__)}:FirstDigit"}
    assert to_json(quickstart())["reward"]["class"].startswith("whet.rewards.")


def test_what_only_this_process_can_import_is_known():
    @dataclass(frozen=True)
    class Local:
        size: int = 1

    assert only_here(to_json((1, {"deep": Local()})))
    assert only_here({"reward": {"class": "__main__.Mine"}})
    assert not only_here(to_json(RUN))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"run": {"class": "whet.types.Decoding"}}'])
def test_a_card_that_is_none_is_refused(tmp_path, text):
    (tmp_path / card.CARD).write_text(text)
    with pytest.raises(UsageError, match=r"card|run\.json"):
        card.run_of(card.read(tmp_path))


def test_what_may_change_in_a_run_that_has_begun_and_what_may_not():
    held = {"run": to_json(RUN)}
    free = small(
        steps=9,
        limits=replace(RUN.limits, faults=0.9),
        checkpoints=replace(RUN.checkpoints, steps=2),
        evaluation=replace(RUN.evaluation, problems=2),
        periodic=replace(RUN.periodic, every=1),
    )
    assert len(resuming.changed(held, free)) == 5
    assert resuming.refused(held, free) == []
    resuming.check(held, free, done=9)
    with pytest.raises(UsageError, match=r"steps is 9, but 10"):
        resuming.check(held, free, done=10)
    odd = small(optimizer=AdamW(lr=0.5), seed=3)
    assert [d.field for d in resuming.refused(held, odd)] == ["optimizer.lr", "seed"]
    assert {f.name for f in fields(Run)}.issuperset(resuming.FREE)


def test_steps_may_change_unless_the_learning_rates_of_the_past_would():
    cosine = small(optimizer=AdamW(decay=CosineDecay()), steps=4)
    held, longer = {"run": to_json(cosine)}, replace(cosine, steps=8)
    resuming.check(held, longer, done=0)
    with pytest.raises(UsageError, match=r"^steps: was 4, is 8, .*CosineDecay"):
        resuming.check(held, longer, done=2)


def test_bytes_that_are_no_text_come_back(tmp_path):
    held = card.card(RUN, "r", ["--stop", "a\udcff\u00e9"])
    card.write(tmp_path, held)
    found = card.read(tmp_path)
    assert found.pop("seal") and found == held


def test_a_folder_that_no_file_system_takes_is_refused():
    with pytest.raises(UsageError, match="can't be read"):
        card.read(Path("a" * 300))


def test_a_function_in_whose_place_another_one_would_be_found_is_refused(tmp_path):
    file = tmp_path / "wrapping.py"
    file.write_text(
        "import functools\n\n\ndef double(x):\n    return 2 * x\n\n\n"
        "@functools.wraps(double)\ndef triple(x):\n    return 3 * x\n"
    )
    module = imported(str(file), "tools")
    assert from_json(to_json(module.double)) is module.double
    with pytest.raises(UsageError, match="tools is a function that calls itself double"):
        to_json(module.triple, "tools")
