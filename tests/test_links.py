"""What the hand-written pages name is there: files behind links, and flags of the command line."""

import re
from pathlib import Path

import pytest

from whet.cli import choices
from whet.cli.arguments import ARGUMENTS
from whet.cli.overrides import paths, settings_of
from whet.cli.spellings import SPELLINGS
from whet.cli.values import item_of
from whet.recipes.process_rewards import process_rewards
from whet.recipes.quickstart import quickstart
from whet.recipes.rlvr import rlvr

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
GUIDES = [page for page in PAGES if "made of docstrings" not in page.read_text(encoding="utf-8")]
COMMANDS = {"name", "runs", "config", "help", "help_all", "version"}
OTHERS = (
    "SBATCH",
    "benchmarks/",
    "hf download",
    "iconv",
    "pip install",
    "torchrun",
)  # lines with another program's flags
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
FLAG = re.compile(r"(?<![\w-])--([a-z][\w.-]*\w)")


def _names(page):
    return str(page.relative_to(ROOT))


def _known() -> set[str]:
    """Options of commands, parameters of recipes, spellings, and paths of a run."""
    options = {name.rstrip("_") for kind in ARGUMENTS.values() for name in settings_of(kind)}
    parameters = {
        name for make in (rlvr, quickstart, process_rewards) for name in settings_of(make)
    }
    return {*COMMANDS, *options, *parameters, *SPELLINGS, *SLOTS}


SLOTS = {
    path: hint for path, hint, _ in (*paths(rlvr(model="m", data="lock")), *paths(quickstart()))
}
KNOWN = _known()


def _is_flag(said: str) -> bool:
    """A known one, or the field of a part that a slot takes."""
    path = said.replace("-", "_")
    outer, _, name = path.rpartition(".")
    of, _, item = outer.rpartition(".")
    if of in SLOTS and (inner := item_of(SLOTS[of])) is not None:  # a listed part
        known = choices.having(inner, name)
        return item in known or item.isdigit() and bool(known)
    if path in KNOWN or outer not in SLOTS:
        return path in KNOWN
    hint = SLOTS[outer]
    return bool(choices.having(hint, name)) or item_of(hint) is not None and name.isdigit()


@pytest.mark.parametrize("page", PAGES, ids=_names)
def test_every_relative_link_leads_to_a_file(page):
    links = LINK.findall(page.read_text(encoding="utf-8"))
    inner = [link for link in links if "://" not in link]
    assert [link for link in inner if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", GUIDES, ids=_names)
def test_every_flag_is_one_of_the_command_line(page):
    lines = page.read_text(encoding="utf-8").splitlines()
    own = [line for line in lines if not any(other in line for other in OTHERS)]
    said = {flag for line in own for flag in FLAG.findall(line)}
    assert {flag for flag in said if not _is_flag(flag)} == set()


@pytest.mark.parametrize(
    "wrong",
    [
        "lern-rate",
        "sampling.gate.rounds",
        "sampling.size.n",
        "sampling.schedules.0.size",
        "sampling.schedules.seele.lengths",
    ],
)
def test_a_flag_that_is_none_is_found(wrong):
    assert not _is_flag(wrong)
