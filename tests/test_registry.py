"""Parts are found by name wherever they come from: the folders, installed packages, a path."""

import json
import textwrap
from pathlib import Path

import pytest

from whet import environments, registry, rewards
from whet.cli.main import main
from whet.policy import algorithms
from whet.types import UsageError

RECIPE = str(Path(__file__).parent / "cli" / "recipe_small.py")
ALGORITHM = '''
"""Plain: the group's mean as baseline, every token weighs the same."""

from whet.policy.advantages import Centred
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def plain(*, low: float = 0.2, high: float = 0.3) -> Objective:
    """An objective of parts that others wrote."""
    return Objective(
        advantage=Centred(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
'''
REWARD = '''
from dataclasses import dataclass

from whet.protocols import Reward
from whet.types import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief(Reward):
    """1 for a reply of at most `most` characters."""

    most: int = 3

    def score(self, rollout):
        return Verdict.binary(correct=len(rollout.reply) <= self.most)
'''
WORLD = '''
from dataclasses import dataclass

from whet.protocols import Environment


@dataclass(frozen=True, slots=True)
class Plea(Environment):
    """Asks once."""

    async def play(self, task, policy):
        await policy(task.prompt)
        return None
'''
PARTS = """
[whet.parts]
algorithm.plain = acme_rl.plain:plain
reward.brief = acme_rl.worlds:Brief
environment.plea = acme_rl.plea:Plea
"""


def install(folder: Path, name: str, parts: str, **files: str) -> None:
    """A distribution as an installer leaves it: the package, and its metadata beside it."""
    package = folder / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    for stem, text in files.items():
        (package / f"{stem}.py").write_text(textwrap.dedent(text))
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(parts)


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """An installed package with an algorithm, a reward and an environment."""
    site = tmp_path / "site"
    install(site, "acme_rl", PARTS, plain=ALGORITHM, worlds=REWARD, plea=WORLD)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(tmp_path)
    return site


def test_parts_of_an_installed_package_are_found_by_name(acme):
    assert algorithms.load("plain", high=0.25).clipping.high == 0.25
    assert rewards.find("brief").most == 3
    assert type(environments.load("plea")).__name__ == "Plea"
    assert "acme_rl" in registry.names("reward")["brief"].origin


@pytest.mark.full
def test_a_run_trains_with_the_algorithm_of_an_installed_package(acme, capsys):
    assert (
        main(["train", RECIPE, "--name", "with-acme", "--algorithm", "plain", "--steps", "1"]) == 0
    )
    card = json.loads(Path("runs/with-acme/run.json").read_text())
    assert card["run"]["objective"]["advantage"]["class"].endswith("Centred")


@pytest.mark.full
def test_a_run_trains_with_the_algorithm_of_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("plain.py").write_text(ALGORITHM)
    words = ["--name", "mine", "--algorithm", "./plain.py", "--steps", "1"]
    assert main(["train", RECIPE, *words]) == 0
    assert (tmp_path / "runs" / "mine" / "report.html").is_file()


def test_listed_and_shown_like_our_own(acme, capsys):
    assert main(["list", "algorithms", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["algorithms"]["parts"]
    assert [one["where"] for one in listed if one["name"] == "plain"] == ["acme_rl.plain"]
    assert main(["show", "plain"]) == 0
    assert "Centred" in capsys.readouterr().out


@pytest.mark.parametrize("kind", registry.ROOMS)
def test_every_part_that_is_listed_can_be_loaded(kind):
    for name, place in registry.names(kind).items():
        assert place.load() is registry.find(kind, name)


def test_a_name_that_two_packages_offer_is_refused_with_both(acme, monkeypatch):
    install(acme.parent / "more", "other_rl", "[whet.parts]\nreward.brief = other_rl.it:Brief\n")
    monkeypatch.syspath_prepend(str(acme.parent / "more"))
    with pytest.raises(UsageError, match=r"'brief' is offered twice.*other_rl.*acme_rl"):
        rewards.find("brief")


def test_a_name_of_ours_can_not_be_taken(acme, monkeypatch):
    install(acme.parent / "more", "other_rl", "[whet.parts]\nalgorithm.grpo = other_rl.it:grpo\n")
    monkeypatch.syspath_prepend(str(acme.parent / "more"))
    with pytest.raises(UsageError, match=r"'grpo' is offered twice.*grpo\.py.*other_rl"):
        algorithms.load("grpo")


@pytest.mark.parametrize(
    "point", ["plain = a:b", "loss.mine = a:b", "algorithm.mine = a", "algorithm.mine = no name!"]
)
def test_an_entry_point_that_names_no_part_is_refused(tmp_path, monkeypatch, point):
    install(tmp_path, "odd_rl", f"[whet.parts]\n{point}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match=r"entry point .* is not a part; write KIND\.NAME"):
        registry.names("algorithm")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import nowhere_at_all", "nowhere_at_all"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = 1", "no attribute 'Of'"),
    ],
)
def test_a_broken_package_is_refused_by_its_name(tmp_path, monkeypatch, request, text, told):
    name = f"broken_{request.node.callspec.indices['text']}_rl"
    install(tmp_path, name, f"[whet.parts]\nreward.broken = {name}.it:Of.it\n", it=text)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError) as refused:
        registry.find("reward", "broken")
    assert f"({name})" in str(refused.value)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_part_may_be_inside_a_class(tmp_path, monkeypatch):
    text = "class Of:\n    def it(): pass"
    install(tmp_path, "inner_rl", "[whet.parts]\nreward.inner = inner_rl.it:Of.it\n", it=text)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.find("reward", "inner").__qualname__ == "Of.it"


def test_a_name_that_no_file_system_takes_is_refused():
    with pytest.raises(UsageError, match="can't be read"):
        registry.find("reward", f"{'a' * 300}.py")


def written(folder: Path, **files: str) -> None:
    """A package on the path, made of these files; `a__b` is b in folder a."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for inner in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
        if not (inner / "__init__.py").exists():
            (inner / "__init__.py").write_text("")


def test_a_package_that_offers_its_own_name_is_a_leaf(tmp_path, monkeypatch):
    written(
        tmp_path / "leafy",
        one="class One: pass",
        tools="class Hammer: pass",
        _hidden="class Hidden: pass",
        deep__two="def two(): pass",
        deep__leaf__inner="class Inner: pass",
        deep__leaf__own="class Leaf: pass",
    )
    (tmp_path / "leafy" / "deep" / "leaf" / "__init__.py").write_text(
        "from leafy.deep.leaf.own import Leaf as Leaf"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = registry.parts_below("leafy")
    assert {name: place.module for name, place in found.items()} == {
        "leaf": "leafy.deep.leaf",
        "one": "leafy.one",
        "two": "leafy.deep.two",
    }


def test_two_files_of_one_name_are_refused_with_both_paths(tmp_path, monkeypatch):
    written(tmp_path / "twice", a__same="class Same: pass", b__same="def same(): pass")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match=r"'same' is offered twice.*a/same\.py.*b/same\.py"):
        registry.parts_below("twice")


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        (None, "gone.py", "is not a file"),
        ("def other(): pass", "mine.py", r"has no 'mine'.*mine\.py:NAME for one of other"),
        ("x = 1", "mine.py", "has no 'mine'.*defines nothing"),
        ("def mine(:", "mine.py", "line 1: "),
        ("import nowhere_at_all", "mine.py", "line 1 imports 'nowhere_at_all'"),
        ("1 / 0", "mine.py", "line 1: ZeroDivisionError"),
        ("def mine(): return 3", "mine.py", "gives a int"),
        ("def other(): pass", "mine.py:others", "has no 'others'"),
    ],
)
def test_a_file_that_offers_no_algorithm_is_refused_in_a_line(
    tmp_path, monkeypatch, text, name, told
):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("mine.py").write_text(text)
    with pytest.raises(UsageError, match=told) as refused:
        algorithms.load(name)
    assert "\n" not in str(refused.value)
