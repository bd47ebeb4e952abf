"""Each task names its judge."""

import pytest

from whet.registry import names
from whet.rewards import load
from whet.rewards.declared import Declared
from whet.rewards.verifiable.exact import Exact
from whet.types import Reason, UsageError


def test_each_task_gets_its_own_judge(rolled):
    judge = Declared()
    assert judge.score(rolled("#42", verifier="exact")).reason is Reason.OK
    assert judge.score(rolled("f6j0", answer="f6j0", verifier="labelled")).reason is Reason.OK
    assert judge.score(rolled("#42", verifier="math")).reason is Reason.WRONG


@pytest.mark.parametrize(
    "info", [{}, {"verifier": ""}, {"verifier": "exacd"}, {"verifier": "script"}]
)
def test_a_task_must_name_a_judge_that_there_is(rolled, info):
    with pytest.raises(UsageError, match=r"^task 't' names .*(did you mean|choose)"):
        Declared().score(rolled("#42", **info))


def test_it_does_not_go_round_in_circles(rolled):
    with pytest.raises(UsageError, match="names verifier 'declared'"):
        Declared().score(rolled("#42", verifier="declared"))


def test_the_front_door():
    expected = {"countdown", "declared", "exact", "format", "gym", "labelled", "math", "script"}
    assert expected <= set(names("reward"))
    assert load("exact", before="####") == Exact(before="####")
    with pytest.raises(UsageError, match=r"reward 'mth' is unknown; did you mean 'math'"):
        load("mth")
