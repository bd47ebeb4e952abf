"""A few hundred random and adversarial replies per judge; benchmarks/ has ten thousand."""

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from whet import registry, rewards
from whet.rewards import verifiable

PATH = Path(__file__).parents[3] / "benchmarks" / "fuzz_verifiers.py"
REPLIES = 240
ELSEWHERE = ("algebra", "gym")  # workers with long limits of their own; they get fewer


@pytest.fixture(scope="module")
def fuzz():
    spec = spec_from_file_location("fuzz_verifiers", PATH)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", [*registry.modules(verifiable), "algebra"])
def test_no_reply_hangs_crashes_or_kills_a_judge(fuzz, name):
    if name == "gym" and find_spec("reasoning_gym") is None:
        pytest.skip("reasoning_gym is not installed")
    judge, right = rewards.load(fuzz.AS.get(name, name)), fuzz.tasks.right(name)
    before = fuzz.judged(name, right, judge)[:2]
    if before[0] != "judged":
        pytest.skip(f"no task by hand: {before[0]}")
    found, best, _ = fuzz.fuzzed(name, 40 if name in ELSEWHERE else REPLIES, seed=1)
    trouble = {word: times for word, times in found.items() if not expected(name, word)}
    assert not trouble
    assert best <= max(1.0, before[1])
    assert fuzz.judged(name, right, judge)[:2] == before


def expected(name, word):
    """All is judged, at whatever speed; only Lean may say that it isn't there."""
    return word in ("judged", "slow") or (name == "lean" and "isn't installed" in word)
