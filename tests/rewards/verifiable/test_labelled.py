"""The lock's judge."""

import pytest

from whet.rewards.verifiable.labelled import Labelled
from whet.types import Finish, Reason


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("f6j0n6", Reason.OK),
        ("n6f6j0", Reason.OK),
        ("c5d0e1f6g4h7i8j0k5l8m2n6", Reason.OK),
        ("f1j0n6f6", Reason.OK),
        ("f6j0n6f1", Reason.WRONG),
        ("f6j0", Reason.WRONG),
        ("f6j0n7", Reason.WRONG),
        ("f6j0n6.", Reason.BAD_FORMAT),
        (" f6j0n6", Reason.BAD_FORMAT),
        ("f6j0n6\n", Reason.BAD_FORMAT),
        ("f66j0n6", Reason.BAD_FORMAT),
        ("f6j0n", Reason.BAD_FORMAT),
        ("f6j0n٦", Reason.BAD_FORMAT),
        ("", Reason.BAD_FORMAT),
    ],
)
def test_each_wheel_must_be_right(rolled, reply, reason):
    verdict = Labelled().score(rolled(reply, answer="f6j0n6"))
    assert verdict.reason is reason
    assert verdict.score == float(reason is Reason.OK)


def test_who_is_cut_off_is_told_so(rolled):
    verdict = Labelled().score(rolled("f6j0n6", answer="f6j0n6", finish=Finish.LENGTH))
    assert verdict.reason is Reason.TRUNCATED


def test_an_answer_of_another_form_is_a_fault(rolled):
    assert Labelled().score(rolled("f6j0n6", answer="42")).fault
