"""Our constraints against IFEval's own checkers: recorded, and live where they are installed."""

import json
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


@pytest.mark.parametrize("kind", EXACT)
def test_as_recorded(kind):
    cases = [case for case in CASES if case[0] == kind]
    assert {met for *_, met in cases} == {True, False}
    for name, given, said, met in cases:
        assert read(name, given).check(said) is met, (given, said)


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
            assert read(kind, given).check(said) is verdict(kind, given, said), (given, said)


@live
@pytest.mark.full
def test_the_record_is_of_this_version():
    from ifeval_oracle import verdict

    assert all(verdict(name, given, said) is met for name, given, said, met in CASES)
    recorded = [case[:3] for case in CASES if case[0] in BY_LANGUAGE]
    assert recorded == [list(case) for case in in_languages()]
