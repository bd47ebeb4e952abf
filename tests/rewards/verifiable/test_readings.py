"""A reply as it is written, and without its frame, as for IFEval's loose accuracy."""

from hypothesis import given
from hypothesis import strategies as st

from whet.rewards.verifiable.constraints import AsWritten, Constraints, Trimmed

COMMA = [{"id": "punctuation:no_comma", "kwargs": {}}]
END = [{"id": "startend:end_checker", "kwargs": {"end_phrase": "Done."}}]


def test_the_eight_texts_by_hand():
    assert set(Trimmed()("*a*\nb\nc*")) == {
        "*a*\nb\nc*", "b\nc*", "*a*\nb", "b", "a\nb\nc", "b\nc", "a\nb",
    }  # fmt: skip
    assert AsWritten()("*a*\nb") == ("*a*\nb",)


def test_a_first_or_a_last_line_may_break_a_demand(rolled):
    strict, loose = Constraints(), Constraints(reading=Trimmed())
    framed = "Sure, here it is:\nThe sea is wide."
    assert not strict.score(rolled(framed, "", constraints=COMMA)).correct
    assert loose.score(rolled(framed, "", constraints=COMMA)).correct
    starred = "The sea is wide. **Done.**"
    assert not strict.score(rolled(starred, "", constraints=END)).correct
    assert loose.score(rolled(starred, "", constraints=END)).correct
    assert not loose.score(rolled("The sea, wide\nA, b\nC, d", "", constraints=COMMA)).correct


@given(st.text("a,*\n .", min_size=1))
def test_what_is_right_as_written_is_right_loosely(text):
    assert text in Trimmed()(text) or not text.strip()
    assert all(one.strip() for one in Trimmed()(text)) or not text.strip()
