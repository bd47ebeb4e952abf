"""All data sets of reasoning_gym: right answers are paid, cheap ones are not, and none is a fault.

What is right is decided here without the scorers: the task's own answer in another layout is, and
where a question has one right answer, nothing is that differs from it in a letter or in a value.
"""

import re

import pytest

from whet.data.gym import Gym as Tasks
from whet.rewards.verifiable.gym import Gym
from whet.rewards.verifiable.gym_scorers import REFUSED, SEVERAL
from whet.types import Reason, UsageError

reasoning_gym = pytest.importorskip("reasoning_gym")
SHORT = ("chain_sum", "complex_arithmetic", "game_of_life_halting", "number_sorting", "countdown")
USABLE = sorted(set(reasoning_gym.factory.DATASETS) - set(REFUSED))
CHEAP = {
    "nan": "nan",
    "inf": "inf",
    "zero": "0",
    "one": "1",
    "empty": "",
    "too many digits": "7" * 5000,
    "many digits": "7" * 4000,
    "exponent": "1e999999999",
}


def plain(text):
    """The text without layout and case; a number by its value."""
    try:
        return float(text)
    except ValueError:
        return re.sub(r"\s+", "", text).casefold()


def expected(kind, task, reply, verdict):
    """Whether this verdict is what such a reply has to get."""
    gold, several = task.answer.strip(), task.info["gym"]["dataset"] in SEVERAL
    if "Integral" in reply:  # no solution, though the data set has none better
        return verdict.reason is Reason.UNSAFE
    if verdict.reason is Reason.NOT_APPLICABLE:
        return not gold
    if verdict.fault:
        return False
    if gold and (kind in ("gold", "layout") or plain(reply) == plain(gold)):
        return kind == "other" or verdict.score == 1
    return verdict.score == 0 or (several and kind == "other")


def surprises(rolled, name):
    """The replies to ten tasks of a data set whose verdict is not what it has to be."""
    judge = Gym(workers=1, limit_s=20.0)
    corpus = Tasks(dataset=name, entries=40, seed=3)
    tasks = [corpus.task("train", index) for index in range(10)]
    for before, task in zip([tasks[-1], *tasks], tasks, strict=False):
        layout = f"\n  {task.answer} \n"
        replies = CHEAP | {"other": before.answer, "gold": task.answer, "layout": layout}
        if task is tasks[0]:
            replies["power"] = "9**9**9**9"  # sympy tries, so it takes its time
        for kind, reply in replies.items():
            verdict = judge.score(rolled(f"<answer>{reply}</answer>", **task.info))
            if not expected(kind, task, reply, verdict):
                yield task.id, kind, reply[:60], task.answer[:60], verdict


@pytest.mark.parametrize("name", SHORT)
def test_some_sets(rolled, name):
    assert list(surprises(rolled, name)) == []


@pytest.mark.full
@pytest.mark.filterwarnings("ignore:.*arcagi:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(600)  # `intermediate_integration` and `knight_swap` are drawn slowly
@pytest.mark.parametrize("name", sorted(set(USABLE) - set(SHORT)))
def test_the_other_sets(rolled, monkeypatch, name):
    monkeypatch.setenv("PYTHONHASHSEED", "0")  # some are the same for this process only
    assert list(surprises(rolled, name)) == []


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_sets(rolled, name):
    with pytest.raises(UsageError, match=f"'{name}' is refused"):
        Tasks(dataset=name)
    with pytest.raises(UsageError, match=f"'{name}' can't be judged"):
        Gym().score(rolled("1", gym={"dataset": name, "entry": "{}"}))
