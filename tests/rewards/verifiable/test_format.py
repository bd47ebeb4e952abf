"""Tags, once each and in order."""

import pytest

from whet.rewards.verifiable.format import Format
from whet.types import Reason

GOOD = "<think>x</think><answer>4</answer>"


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        (GOOD, 1),
        ("\n<think>a\nb</think>\n\n<answer>4\n</answer>\n", 1),
        (f"{GOOD}<answer>4</answer>", 0),
        (f"{GOOD} bye", 0),
        (f"hi {GOOD}", 0),
        ("<think> </think><answer>4</answer>", 0),
        ("<think>x</think><answer></answer>", 0),
        ("<answer>4</answer><think>x</think>", 0),
        ("<think>x<answer>4</answer></think>", 0),
        ("<think><think>x</think><answer>4</answer>", 0),
        ("x</think><answer>4</answer>", 0),
        ("<think></think><answer></answer>", 0),
        ("", 0),
    ],
)
def test_the_tags(rolled, reply, score):
    verdict = Format().score(rolled(reply))
    assert verdict.score == score
    assert verdict.reason is (Reason.OK if score else Reason.BAD_FORMAT)
    assert verdict.correct is None


def test_a_prompt_may_open_the_thoughts(rolled):
    rest = GOOD.removeprefix("<think>")
    assert Format().score(rolled(rest, prompt="2 + 2 = ?\n<think>\n")).score == 1
    assert Format().score(rolled(GOOD, prompt="2 + 2 = ?\n<think>\n")).score == 0
