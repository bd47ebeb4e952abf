"""Wrong values of every field of every sampling part, and how users name and replace the parts."""

from dataclasses import replace
from pathlib import Path

import pytest

from whet.cli.catalogue import entries
from whet.cli.flags import flags
from whet.cli.main import main
from whet.cli.overrides import changed, paths, tree
from whet.cli.sampling_slots import WHOLE
from whet.sampling.schedules.annealed_temperature import AnnealedTemperature
from whet.sampling.schedules.plays import overwritten
from whet.sampling.schedules.staged_length import StagedLength
from whet.sampling.schedules.staged_temperature import StagedTemperature
from whet.sampling.standard import Standard
from whet.sampling.structured.tree import Tree
from whet.types import UsageError

WRONG = ("nan", "-inf", "-1", "0", "none", "", "abc", "[]", "-1,-2", "2,1")
PARTS = [entry for entry in entries("sampling") if entry.slot != WHOLE]


def sampling(*words):
    return changed(Standard(), tree(flags(words)).inner["sampling"].inner, "sampling")


def settings(entry):
    """Every path into a part, with its place in a list and with its name."""
    slot = f"sampling.{entry.slot}"
    base = slot + (".0" if entry.slot == "schedules" else "")
    for path, _, _ in paths(sampling(f"--{slot}", entry.name), "sampling"):
        if path.startswith(f"{base}."):
            yield path, path.replace(".schedules.0.", f".schedules.{entry.name}.")


@pytest.mark.full
@pytest.mark.parametrize("entry", PARTS, ids=lambda entry: entry.name)
def test_a_refused_value_is_one_line_that_names_its_field(entry):
    for path, named in settings(entry):
        for text in WRONG:
            try:
                sampling(f"--sampling.{entry.slot}", entry.name, f"--{path}", text)
            except UsageError as error:
                told = str(error)
                assert len(told.splitlines()) == 1
                last = path.rpartition(".")[2]
                assert path in told or named in told or f".{last} is" in told, (path, text, told)


@pytest.mark.parametrize("place", ["0", "staged_length", "StagedLength"])
def test_a_schedule_is_set_by_its_number_or_by_its_name(place):
    found = sampling(
        "--sampling.schedules", "staged_length", f"--sampling.schedules.{place}.lengths", "4,8"
    )
    assert found.schedules == (StagedLength(lengths=(4, 8)),)


@pytest.mark.parametrize("names", ["staged_length", "staged_length,staged_length"])
def test_a_name_that_is_not_there_or_there_twice_is_refused(names):
    name = "staged_length" if "," in names else "staged_temperature"
    with pytest.raises(UsageError, match=r"sampling\.schedules\.0"):
        sampling("--sampling.schedules", names, f"--sampling.schedules.{name}.lengths", "4")


def test_one_schedule_is_not_set_by_name_and_by_number():
    words = "--sampling.schedules.0.lengths 4 --sampling.schedules.staged_length.lengths 8"
    with pytest.raises(UsageError, match=r"schedules\.staged_length"):
        sampling("--sampling.schedules", "staged_length", *words.split())


def test_two_schedules_of_the_temperature_are_told():
    both = (StagedTemperature(), AnnealedTemperature())
    assert "AnnealedTemperature" in overwritten(both)
    assert "AnnealedTemperature" in overwritten((*both[:1], StagedLength(), *both[1:]))
    assert not overwritten((StagedTemperature(), StagedLength()))
    assert not overwritten((StagedLength(), StagedLength()))


@pytest.mark.parametrize(
    ("tree_of", "length", "tokens", "apart"),
    [
        (Tree(), 230, 37_980, 49_680),
        (Tree(branches=(2, 2, 2, 2), segments=(64, 64, 64)), 256, 1_920, 4_096),
        (Tree(), 36, 6 * 30 + 36 * 6, 36 * 36),  # it ends within the second segment
        (Tree(), 30, 6 * 30, 6 * 30),  # no path is left to fork
    ],
)
def test_a_plan_knows_what_a_full_tree_samples(tree_of, length, tokens, apart):
    assert tree_of.costs(length) == (tokens, apart)


def test_the_plan_says_what_trees_sample(capsys):
    words = "plan quickstart --sampling.shape tree --sampling.size.rollouts 1 --max-new-tokens 230"
    assert main(words.split()) == 0
    said = capsys.readouterr().out
    assert "37,980" in said and "49,680" in said and "24%" in said


def test_the_only_class_of_a_file_that_fits_is_taken(tmp_path: Path):
    (tmp_path / "mine.py").write_text(
        "from dataclasses import dataclass\n"
        "from whet.protocols import GroupSize, GroupSizer\n"
        "@dataclass(frozen=True)\n"
        "class Alternating(GroupSize):\n"
        "    def open(self, setup):\n"
        "        return Live()\n"
        "class Live(GroupSizer):\n"
        "    def first(self, tasks, now):\n"
        "        return [2 + 2 * (i % 2) for i, _ in enumerate(tasks)]\n"
    )
    found = sampling("--sampling.size", str(tmp_path / "mine.py"))
    assert type(found.size).__name__ == "Alternating"
    assert replace(found, size=Standard().size) == Standard()


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("--sampling.prompts prompt_replay --sampling.prompts.low nan", "low is"),
        ("--sampling.shape after_tools --sampling.shape.rule.alpha inf", "alpha is inf"),
        ("--sampling.shape after_tools --sampling.shape.rule.beta inf", "beta is inf"),
    ],
)
def test_a_number_without_a_size_is_refused(words, field, capsys):
    assert main(["plan", "quickstart", *words.split()]) == 2
    told = capsys.readouterr().err
    assert field in told and told.count("\n") == 1
