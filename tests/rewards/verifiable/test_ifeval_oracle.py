"""Our constraints against IFEval's own checkers: recorded, and live where they are installed."""

import json
import re
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from constraint_cases import BY_LANGUAGE, EXACT, arguments, in_languages, text
from sentences import LONG

from whet.rewards.verifiable.constraints.kinds import read

RECORDED = Path(__file__).with_name("ifeval_verdicts.jsonl")
live = pytest.mark.skipif(
    not find_spec("if_verifiable"), reason="pip install 'whet[oracles]' has IFEval's own checkers"
)
CASES = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]


# kinds that ask for more than IFEval does: what they pass, IFEval passes
STRICTER = {
    "combination:two_responses",  # other words, not only other marks
    "detectable_content:number_placeholders",  # with a letter
    "detectable_content:postscript",  # with a word behind it
    "detectable_format:constrained_response",  # one of the three
    "detectable_format:json_format",  # without NaN
    "detectable_format:multiple_sections",  # at the beginning of a line, with a text
    "detectable_format:number_highlighted_sections",  # as Markdown shows them
    "detectable_format:title",  # with a word
    "keywords:existence",  # as a word
    "keywords:forbidden_words",  # between underscores, too
    "startend:end_checker",  # as words
    "startend:quotation",  # not closed before the end
}
BULLETS, FREQUENCY = "detectable_format:number_bullet_lists", "keywords:frequency"
NO_BULLET = re.compile(r"^\s*(?:[*-](?=\S)|[*-]\s*$|[*-]\s[^\w\n]*$)", re.MULTILINE)


def agree(name, given, said, theirs):
    """Whether our verdict may stand beside IFEval's."""
    ours = read(name, given).check(said)
    if name in STRICTER:
        return theirs or not ours
    if name == FREQUENCY:  # fewer occurrences: words and their inflections only
        return ours == theirs or ours == (given.get("relation") == "less than")
    if name == BULLETS and NO_BULLET.search(said):
        return True  # IFEval counts `*a`, `---` and empty bullets
    return ours == theirs


@pytest.mark.parametrize("kind", EXACT)
def test_as_recorded(kind):
    cases = [case for case in CASES if case[0] == kind]
    assert {met for *_, met in cases} == {True, False}
    assert all(agree(*case) for case in cases), [case for case in cases if not agree(*case)]


def test_languages_as_recorded():
    """Of whole sentences both models say the same.

    In capitals langdetect takes French, Dutch and Polish for English; py3langid doesn't.
    """
    cases = [case for case in CASES if case[0] in BY_LANGUAGE]
    wrong = [case for case in cases if read(case[0], case[1]).check(case[2]) is not case[3]]
    misread = [LONG[code].upper() for code in ("fr", "nl", "pl")]
    assert len(cases) > 100
    assert {met for *_, met in cases} == {True, False}
    assert sorted(said for _, _, said, _ in wrong) == sorted(misread)
    assert all(met for *_, met in wrong)


@live
@pytest.mark.full
@pytest.mark.parametrize("kind", EXACT)
def test_live(kind):
    from ifeval_oracle import verdict

    rng = Random(kind)
    for _ in range(400):
        given, said = arguments(kind, rng), text(rng)
        if said.strip():
            assert agree(kind, given, said, verdict(kind, given, said)), (given, said)


@live
@pytest.mark.full
def test_the_record_is_of_this_version():
    from ifeval_oracle import verdict

    assert all(verdict(name, given, said) is met for name, given, said, met in CASES)
    recorded = [case[:3] for case in CASES if case[0] in BY_LANGUAGE]
    assert recorded == [list(case) for case in in_languages()]
