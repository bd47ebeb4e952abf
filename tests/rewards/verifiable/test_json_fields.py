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
        ('{"name": "Ada", "born": 1815.0, "tags": ["x", "y"], "more": 1}', 0.3 + 0.7 * 3 / 4),
        ('{"name": " ada", "born": "1815", "tags": ["X", "y"]}', 0.3),
        ('{"name": "Ada", "born": 1816, "tags": ["y", "x"]}', 0.3 + 0.7 / 3),
        ('{"name": "Ada", "born": 1815}', 0.3 + 0.7 * 2 / 3),
        ("{}", 0.3),
        ("[]", 0),
        ("42", 0),
        (f"Here: {GOLD}", 1),
        (f"Here: [{GOLD}]", 0),
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


def test_a_task_has_an_answer_or_a_schema(rolled):
    for gold in ("", "{", "NaN"):
        assert JsonFields().score(rolled(GOLD, gold)).fault
    for gold in ("[1, 2]", '"x"', "{}", "null"):
        assert JsonFields().score(rolled(gold, gold)).correct
        assert not JsonFields().score(rolled(GOLD, gold)).correct


@needs_jsonschema
def test_a_schema_is_kept_to(rolled):
    assert JsonFields().score(rolled(GOLD, GOLD, schema=SCHEMA)).score == 1
    without = rolled('{"name": "Ada"}', GOLD, schema=SCHEMA)
    assert JsonFields().score(without).reason is Reason.BAD_FORMAT
    typed = rolled('{"name": "Ada", "born": "1815"}', GOLD, schema=SCHEMA)
    assert JsonFields().score(typed).score == 0
    assert JsonFields().score(rolled('{"name": "Ada"}', GOLD)).score > 0.3


@needs_jsonschema
def test_a_schema_alone_is_a_task(rolled):
    assert JsonFields().score(rolled('{"name": "Bo", "born": 1}', "", schema=SCHEMA)).score == 1
    assert JsonFields().score(rolled('{"name": "Bo"}', "", schema=SCHEMA)).score == 0


@needs_jsonschema
@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "objekt"}, "objekt"),
        ({"required": ["age"]}, "right answer does not satisfy"),
        ({"$ref": "https://example.org/none"}, "none"),
        ("{", "no JSON"),
    ],
)
def test_a_schema_that_refuses_the_right_answer_is_a_fault(rolled, schema, why):
    for reply in (GOLD, "{}"):
        verdict = JsonFields().score(rolled(reply, GOLD, schema=schema))
        assert verdict.fault and why in verdict.note


@needs_jsonschema
@pytest.mark.parametrize(
    "reply",
    [
        '{"n": ' + "9" * 400 + "}",
        '{"n": 1e999}',
        '{"c": [' * 300 + "]}" * 300,
        '{"elsewhere": 1}',
        '{"n": "\\ud800"}',
    ],
)
def test_no_value_is_a_fault_of_the_schema(rolled, reply):
    schema = {
        "properties": {
            "n": {"multipleOf": 0.7},
            "c": {"items": {"$ref": "#"}},
            "elsewhere": {"$ref": "https://example.org/none"},
        }
    }
    verdict = JsonFields().score(rolled(reply, '{"n": 7}', schema=schema))
    assert not verdict.fault and not verdict.correct


@needs_jsonschema
def test_a_pattern_that_hangs_is_the_policys_failure(rolled):
    schema = {"properties": {"name": {"pattern": "^(a+)+$|Ada"}}}
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


@needs_jsonschema
@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"description": "anything"},
        {"$ref": "#/$defs/nowhere"},
        {"properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"b": {}}},
        3,
        [],
    ],
)
def test_a_schema_that_decides_nothing_is_a_fault(rolled, schema):
    assert JsonFields().score(rolled('{"a": 1}', "", schema=schema)).fault


@needs_jsonschema
@pytest.mark.parametrize(
    ("value", "step", "kept"),
    [("0.07", 0.01, 1), ("0.075", 0.01, 0), ("19.99", 0.01, 1), ("1e3", 5, 1), ("7", 2, 0),
     ("true", 2, 0), ("4.0", 2, 1)],
)  # fmt: skip
def test_decimals_are_multiples_as_they_are_written(rolled, value, step, kept):
    schema = {"type": "number", "multipleOf": step}
    assert JsonFields().score(rolled(value, value, schema=schema)).judged is bool(kept)
    told = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    assert JsonFields().score(rolled(f'{{"a": {value}}}', "", schema=told)).score == kept


@needs_jsonschema
def test_references_within_a_schema_are_followed(rolled):
    told = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
    told |= {"type": "object", "required": ["a"]}
    assert JsonFields().score(rolled('{"a": 1}', "", schema=told)).correct
    assert not JsonFields().score(rolled('{"a": "1"}', "", schema=told)).correct
