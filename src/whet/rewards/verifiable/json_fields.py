"""A JSON object, compared field by field."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from whet.calls.literals import read, same
from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.extraction import tagged, unfinished
from whet.rewards.verifiable.fences import is_open, last_block
from whet.rewards.verifiable.json_schema import valid
from whet.rewards.verifiable.verdicts import no_answer, nothing_to_compare
from whet.sandbox.workers import Workers
from whet.types import Reason, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFields(Reward):
    """valid · (base + (1 − base) · |fields of the right value| / |fields|).

    The fields are those of the task's answer, a JSON object.  The reply's object stands after the
    thoughts: in the last fence, in `<answer>…</answer>`, or alone.  It is valid if it is one JSON
    object without repeated keys that satisfies `info["schema"]`, where the task has one; schemas
    need the package jsonschema.  The reply is correct where every field is right.  The weights are
    ours.
    """

    base: float = 0.3
    longest: int = 20_000  # characters of an object
    limit_s: float = 5.0  # wall time of a schema
    workers: int = 2

    def __post_init__(self) -> None:
        if not 0 <= self.base < 1:
            raise UsageError(f"json_fields.base is {self.base}; give a share, from 0 to below 1")

    def score(self, rollout: Rollout) -> Verdict:
        task = rollout.task
        if not task.answer.strip():
            return nothing_to_compare(rollout)
        gold, schema = read(task.answer), task.info.get("schema")
        if not isinstance(gold, dict) or not gold:
            return Verdict.unjudged(f"the answer of task {task.id!r} is no JSON object with fields")
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        if unfinished(text, rollout.finish) or is_open(text):
            return no_answer(rollout)
        found = self._object(text)
        if found is None or (schema is not None and not self._keeps(schema, found)):
            note = "no JSON object" if found is None else "not what the schema says"
            return Verdict.failure(Reason.BAD_FORMAT, note=note)
        return self._compared(found, gold)

    def _object(self, text: str) -> dict[str, Any] | None:
        content = tagged(text)
        held = text if content is None else content
        block = last_block(held)
        try:
            found = read((held if block is None else block).strip()[: self.longest])
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def _keeps(self, schema: Any, found: dict[str, Any]) -> bool:
        """Whether the object satisfies the schema; one that hangs the checker does not."""
        if find_spec("jsonschema") is None:
            raise UsageError("info['schema'] needs jsonschema; pip install 'whet[json]'")
        workers = Workers(count=self.workers, limit_s=self.limit_s, modules=("jsonschema",))
        try:
            return workers.call(valid, schema, found)
        except TimeoutError:
            workers.call(valid, schema, {})  # a schema that hangs on anything is at fault
            return False

    def _compared(self, found: dict[str, Any], gold: dict[str, Any]) -> Verdict:
        right = sum(key in found and same(found[key], gold[key]) for key in gold)
        share = right / len(gold)
        reason = Reason.OK if share == 1 else Reason.PARTIAL if self.base or right else Reason.WRONG
        score = self.base + (1 - self.base) * share
        parts = {"valid": 1.0, "fields": share}
        return Verdict(reason=reason, score=score, correct=share == 1, parts=parts)
