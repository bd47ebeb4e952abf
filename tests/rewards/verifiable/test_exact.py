"""Declared answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.rewards.verifiable.exact import Exact
from whet.types import Finish, Reason, UsageError

HASH, TAGS = Exact(), Exact(before="<answer>", after="</answer>")


@pytest.mark.parametrize(
    ("judge", "reply", "reason"),
    [
        (HASH, "8;16;9;#42", Reason.OK),
        (HASH, "# 42 \n", Reason.OK),
        (HASH, "#42 and so #42", Reason.WRONG),
        (HASH, "#42\n#42", Reason.OK),
        (HASH, "#41#42", Reason.WRONG),
        (HASH, "#4 2", Reason.WRONG),
        (HASH, "42", Reason.NO_ANSWER),
        (HASH, "#", Reason.NO_ANSWER),
        (HASH, "", Reason.NO_ANSWER),
        (TAGS, "<answer>42</answer>", Reason.OK),
        (TAGS, "<answer>\n42 </answer> indeed", Reason.OK),
        (TAGS, "<answer>41 <answer>42</answer>", Reason.OK),
        (TAGS, "<answer>42</answer><answer>41</answer>", Reason.WRONG),
        (TAGS, "<answer>42", Reason.NO_ANSWER),
        (HASH, "<think>#42", Reason.TRUNCATED),
        (HASH, "<think>#41</think>#42", Reason.OK),
        (HASH, "<think>#42</think>41", Reason.NO_ANSWER),
        (TAGS, "</answer>42<answer>", Reason.NO_ANSWER),
        (Exact(before="####"), "so 40 + 2\n#### 42", Reason.OK),
    ],
)
def test_what_counts_as_an_answer(rolled, judge, reply, reason):
    verdict = judge.score(rolled(reply))
    assert verdict.reason is reason
    assert verdict.score == float(reason is Reason.OK) == float(bool(verdict.correct))


def test_who_is_cut_off_before_the_answer_is_told_so(rolled):
    assert HASH.score(rolled("8;16", finish=Finish.LENGTH)).reason is Reason.TRUNCATED
    assert HASH.score(rolled("#42", finish=Finish.LENGTH)).reason is Reason.TRUNCATED
    assert TAGS.score(rolled("<answer>42</answer>", finish=Finish.LENGTH)).reason is Reason.OK


def test_a_task_without_an_answer_is_nobodys_failure(rolled):
    verdict = HASH.score(rolled("#42", answer=" "))
    assert verdict.fault and verdict.correct is None


def test_an_answer_has_to_be_announced():
    with pytest.raises(UsageError, match=r"exact\.before is ''; give"):
        Exact(before="")


@given(answer=st.text(min_size=1).filter(lambda s: s.strip() and "#" not in s), work=st.text())
def test_the_gold_answer_is_right_whatever_comes_before(rolled, answer, work):
    reply = f"{work.replace('#', '')}#{answer}"
    assert HASH.score(rolled(reply, answer=answer)).correct
