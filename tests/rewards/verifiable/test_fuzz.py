"""A few hundred random and adversarial replies per judge; benchmarks/ has ten thousand."""

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from whet import registry, rewards

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
@pytest.mark.parametrize("name", [*registry.parts_below("whet.rewards.verifiable"), "algebra"])
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


HOSTILE = (
    "\n" * 50_000,
    " " * 50_000 + "x",
    "```json" + " " * 50_000,
    "```" + "\n" * 50_000,
    "```\n" * 12_000,
    "```lean\n" + "theorem " * 6_000,
    "<tool_call>" * 5_000,
    "</tool_call>" * 5_000 + "<tool_call>" * 5_000,
    "<tool_call>[" + "{" * 50_000 + "</tool_call>",
    "#1 a" + " " * 15_000 + "b",
    "#" + "1 , " * 1_000,
    "#1 assume " + "(" * 15_000,
    "A) " * 15_000,
    "(A" * 20_000,
    "Answer: " + "A " * 20_000,
    "<answer>" + "a the " * 10_000 + "</answer>",
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", registry.parts_below("whet.rewards.verifiable"))
def test_no_text_keeps_a_judge_busy(fuzz, name):
    judge = rewards.load(name)
    for reply in HOSTILE:
        word, score, _ = fuzz.judged(name, reply, judge)
        assert score <= 1, (word, reply[:40])


def expected(name, word):
    """All is judged, at whatever speed; only Lean may say that it isn't there."""
    return word in ("judged", "slow") or (name == "lean" and "isn't installed" in word)
