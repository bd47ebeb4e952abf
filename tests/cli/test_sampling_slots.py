"""Sampling parts say the slot that they fill and the flag that chooses it."""

import json
from dataclasses import dataclass, fields

import pytest

from whet.cli.catalogue import by_slot, entries
from whet.cli.explain.pages import page
from whet.cli.flags import flags
from whet.cli.main import main
from whet.cli.overrides import changed, tree
from whet.cli.sampling_slots import flag_of, slot_of, slots
from whet.policy.algorithms.critic_free.grpo import grpo
from whet.protocols import Gate, GroupReplay, GroupSize, PromptOrder, Schedule, Shape
from whet.sampling.standard import Standard


@dataclass(frozen=True)
class Mine(Gate):
    """A user's gate."""

    def __call__(self, group):
        return True


def test_the_slots_are_those_of_the_standard_strategy():
    assert dict(slots()) == {
        "prompts": (PromptOrder,),
        "size": (GroupSize,),
        "shape": (Shape,),
        "schedules": (Schedule,),
        "gate": (Gate,),
        "replay": (GroupReplay,),
    }
    assert set(slots()) == {f.name for f in fields(Standard)} - {"decoding"}


def test_the_slot_of_a_part_follows_from_its_class():
    assert flag_of(Mine, "mine") == "--sampling.gate mine"
    assert flag_of(Standard, "standard") == "--sampling standard"
    assert slot_of(grpo) == slot_of(dict) == flag_of(dict, "dict") == ""


@pytest.mark.parametrize("entry", entries("sampling"), ids=lambda entry: entry.name)
def test_every_sampling_part_fills_a_slot(entry):
    assert entry.slot and entry.flag.endswith(f" {entry.name}")


def test_the_list_is_in_blocks_by_slot(capsys):
    blocks = by_slot(entries("sampling"))
    assert [slot for slot, _ in blocks if slot in slots()] == [
        slot for slot in slots() if slot in dict(blocks)
    ]
    assert main(["list", "sampling"]) == 0
    said = capsys.readouterr().out
    assert said.index("--sampling.prompts") < said.index("uniform") < said.index("--sampling.gate")
    assert main(["list", "sampling", "--json"]) == 0
    parts = json.loads(capsys.readouterr().out)["sampling"]["parts"]
    assert {p["name"]: (p["slot"], p["flag"]) for p in parts}["admit_all"] == (
        "gate",
        "--sampling.gate admit_all",
    )
    assert main(["list", "recipes", "--json"]) == 0
    assert "slot" not in json.loads(capsys.readouterr().out)["recipes"]["parts"][0]


def test_a_page_has_the_flag_of_sampling_parts_only():
    found = {entry.name: page(entry) for entry in entries("sampling")}["staged_length"]
    assert (found.slot, found.flag) == ("schedules", "--sampling.schedules staged_length")
    reward = {entry.name: page(entry) for entry in entries("rewards")[:1]}
    assert [one.flag for one in reward.values()] == [""]


@pytest.mark.parametrize("entry", entries("sampling"), ids=lambda entry: entry.name)
def test_the_flag_that_is_told_chooses_the_part(entry):
    if entry.slot not in slots():
        pytest.skip("a whole strategy is chosen in the run")
    words = entry.flag.removeprefix("--sampling.").split()
    made = changed(Standard(), tree(flags([f"--{words[0]}", words[1]])).inner)
    held = getattr(made, entry.slot)
    assert type(held[0] if isinstance(held, tuple) else held) is entry.offer()
