"""Every part of a value can be reached, whatever its field was declared as."""

from dataclasses import dataclass, field, replace
from typing import get_type_hints

import pytest

from whet.cli.narrowing import narrowed, restored
from whet.cli.parsing import configured
from whet.policy.algorithms.critic_free.grpo import grpo
from whet.policy.clipping import Clipped
from whet.policy.extensions.entropy_target import EntropyTarget
from whet.policy.extensions.reference_reset import ReferenceReset
from whet.recipes.quickstart import quickstart
from whet.types import UsageError

TAUGHT = '''
"""A recipe with companions."""

from dataclasses import replace

from whet.policy.extensions.entropy_target import EntropyTarget
from whet.policy.extensions.reference_reset import ReferenceReset
from whet.recipes.quickstart import quickstart
from whet.training.run import Run


def taught() -> Run:
    """Two of them."""
    run = quickstart()
    companions = (EntropyTarget(), ReferenceReset())
    return replace(run, objective=replace(run.objective, companions=companions))
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A part with a field that it makes itself."""

    size: int = 1
    twice: int = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "twice", 2 * self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Declares nothing of what it holds."""

    one: object = Held()
    many: tuple[object, ...] = ()
    plain: tuple[int, ...] = (1, 2)


def test_a_narrowed_value_declares_what_it_holds_and_is_equal_field_by_field():
    value = Holder(many=(Held(size=2), Clipped()))
    found = narrowed(value)
    hints = get_type_hints(type(found))
    assert isinstance(found, Holder)
    assert hints["one"] is Held
    assert hints["many"] == tuple[Held, Clipped]
    assert hints["plain"] == tuple[int, ...]
    assert found.many == value.many


@pytest.mark.parametrize("value", [Holder(many=(Held(size=3), Holder())), grpo(), quickstart()])
def test_there_and_back_is_where_it_was(value):
    back = restored(narrowed(value), value)
    assert back == value
    assert type(back) is type(value)


def test_what_was_changed_on_the_way_stays_changed():
    value = Holder(one=Held(size=1))
    changed = replace(narrowed(value), one=Held(size=5))
    back = restored(changed, value)
    assert back == Holder(one=Held(size=5))
    assert back.one.twice == 10


def test_numbers_of_companions_are_words_of_the_command_line(tmp_path):
    recipe = tmp_path / "taught.py"
    recipe.write_text(TAUGHT)
    words = ["--objective.companions.0.target", "0.5", "--objective.companions.1.patience", "9"]
    run, _ = configured(str(recipe), [*words, "--objective.clipping.high", "0.4"], "plan")
    assert run.objective.companions == (EntropyTarget(target=0.5), ReferenceReset(patience=9))
    assert run.objective.clipping == Clipped(high=0.4)
    assert type(run) is type(quickstart())
    with pytest.raises(UsageError, match="patients"):
        configured(str(recipe), ["--objective.companions.1.patients", "9"], "plan")
