"""All data sets of reasoning_gym: right answers are paid, cheap ones are not, and none is a fault.

What is right is decided here without the scorers: the task's own answer in another layout is, and
what differs from it in a letter or a value is not, where a question has one right answer.
"""

import re

import pytest

from whet.data.gym import names
from whet.rewards.verifiable.gym import Gym
from whet.rewards.verifiable.gym_scorers import REFUSED, SEVERAL
from whet.types import Reason

reasoning_gym = pytest.importorskip("reasoning_gym")
JUDGE = Gym(workers=2, limit_s=60.0)
SHORT = ("chain_sum", "complex_arithmetic", "game_of_life_halting", "countdown", "word_ladder")
CHEAP = {
    "nan": "nan",
    "zero": "0",
    "one": "1",
    "empty": "",
    "digits": "7" * 5000,
    "fewer digits": "7" * 4000,
    "power": "9**9**9**9",
    "exponent": "1e999999999",
    "inf": "inf",
}
USABLE = [name for name in names() if name not in REFUSED]


def entries(name):
    from whet.data.gym import _literal

    dataset = reasoning_gym.create_dataset(name, size=10, seed=3)
    return [_literal(dataset[index]) for index in range(10)]


def plain(text):
    """The text without layout and case, and a number by its value."""
    text = re.sub(r"\s+", "", text).casefold()
    try:
        return float(text)
    except ValueError:
        return text


def said(rolled, name, entry, answer):
    """The verdict on an answer in tags."""
    info = {"dataset": name, "entry": repr(entry)}
    return JUDGE.score(rolled(f"<answer>{answer}</answer>", gym=info))


def surprises(rolled, name):
    """(place, what was said, verdict) of each verdict that is not what it has to be."""
    held = entries(name)
    for place, entry in enumerate(held):
        gold = entry["answer"] or ""
        other = held[place - 1]["answer"] or ""
        replies = {**CHEAP, "other": other, "gold": gold, "layout": f"\n  {gold} \n"}
        for kind, reply in replies.items():
            verdict = said(rolled, name, entry, reply)
            if not _expected(kind, name, reply, gold, verdict):
                yield place, kind, reply[:60], gold[:60], verdict


def _expected(kind, name, reply, gold, verdict):
    if verdict.reason is Reason.NOT_APPLICABLE:
        return not gold.strip()
    if verdict.fault:
        return False
    if kind in ("gold", "layout") and gold.strip():
        return verdict.score == 1 and verdict.correct
    if gold.strip() and plain(reply) == plain(gold):
        return True
    return verdict.score == 0 or (name in SEVERAL and kind == "other")
