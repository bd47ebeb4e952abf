"""A JSON object, field by field, and the schema that it keeps to."""

from importlib.util import find_spec

import pytest

from whet.rewards.verifiable.json_fields import JsonFields
from whet.types import Reason, UsageError

GOLD = '{"name": "Ada", "born": 1815, "tags": ["x", "y"]}'
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
    "required": ["name", "born"],
}
needs_jsonschema = pytest.mark.skipif(
    find_spec("jsonschema") is None, reason="jsonschema is not installed"
)


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        (GOLD, 1),
        (f"<think>so</think>\n```json\n{GOLD}\n```", 1),
        (f"<answer>{GOLD}</answer>", 1),
        (f"```\n{{}}\n```\n```json\n{GOLD}\n```", 1),
        ('{"name": " ada", "born": "1815", "tags": ["X", "y"], "more": 1}', 1),
        ('{"name": "Ada", "born": 1816, "tags": ["y", "x"]}', 0.3 + 0.7 / 3),
        ('{"name": "Ada", "born": 1815}', 0.3 + 0.7 * 2 / 3),
        ("{}", 0.3),
        ("[]", 0),
        ("42", 0),
        (f"Here: {GOLD}", 0),
        ('{"name": "Ada", "name": "Ada", "born": 1815, "tags": ["x", "y"]}', 0),
        ('{"name": "Ada", "born": NaN}', 0),
        ("{" * 50_000, 0),
        ('{"a":' * 50_000, 0),
        ("", 0),
    ],
)
def test_fields_by_hand(rolled, reply, score):
    verdict = JsonFields().score(rolled(reply, GOLD))
    assert verdict.score == pytest.approx(score)
    assert bool(verdict.correct) is (score == 1)


def test_a_gold_answer_has_fields(rolled):
    for gold in ("", "[]", "{}"):
        assert JsonFields().score(rolled(GOLD, gold)).fault


@needs_jsonschema
def test_a_schema_is_kept_to(rolled):
    assert JsonFields().score(rolled(GOLD, GOLD, schema=SCHEMA)).score == 1
    without = rolled('{"name": "Ada"}', GOLD, schema=SCHEMA)
    assert JsonFields().score(without).reason is Reason.BAD_FORMAT
    typed = rolled('{"name": "Ada", "born": "1815"}', GOLD, schema=SCHEMA)
    assert JsonFields().score(typed).score == 0
    assert JsonFields().score(rolled('{"name": "Ada"}', GOLD)).score > 0.3


@needs_jsonschema
def test_a_pattern_that_hangs_is_the_policys_failure(rolled):
    schema = {"properties": {"name": {"pattern": "^(a+)+$"}}}
    quick = JsonFields(limit_s=1.0, workers=1)
    evil = '{"name": "' + "a" * 40 + '!", "born": 1815}'
    verdict = quick.score(rolled(evil, GOLD, schema=schema))
    assert (verdict.score, verdict.reason) == (0, Reason.BAD_FORMAT)
    assert quick.score(rolled('{"name": "aa"}', GOLD, schema=schema)).score > 0


@pytest.mark.skipif(find_spec("jsonschema") is not None, reason="jsonschema is installed")
def test_without_jsonschema_a_schema_is_refused_with_a_remedy(rolled):
    with pytest.raises(UsageError, match=r"needs jsonschema; pip install 'whet\[json\]'"):
        JsonFields().score(rolled(GOLD, GOLD, schema=SCHEMA))


def test_a_base_is_a_share():
    with pytest.raises(UsageError, match="json_fields.base is 1.5"):
        JsonFields(base=1.5)
