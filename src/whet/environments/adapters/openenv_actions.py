"""Actions of OpenEnv made of replies, and texts made of its observations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.types import Fault, UsageError

_NOT_ASKED = ("metadata", "type")  # fields of every action
_PARSED = ("integer", "number", "boolean")
_KINDS = {"integer": (int,), "number": (int, float), "boolean": (bool,)}


@dataclass(frozen=True, slots=True)
class Actions:
    """A schema of actions, and the field that gets the reply; "" leaves it to the schema."""

    schema: Mapping[str, Any] | None
    field: str = ""

    def of(self, words: str) -> tuple[dict[str, Any], str]:
        """The fields of an action, and why the words are none: "" where they are one.

        Raises `UsageError` for a field that the schema does not have.
        """
        fields = (self.schema or {}).get("properties", {})
        name = self.field or self._only(fields)
        if not name:
            return _object(words, fields)
        if fields and name not in fields:
            raise UsageError(f"environment.action is {name!r}; give one of {', '.join(fields)}")
        kind = fields.get(name, {}).get("type", "string")
        if kind not in _PARSED:
            return {name: words}, ""
        value = _json(words)
        fits = isinstance(value, _KINDS[kind]) and isinstance(value, bool) == (kind == "boolean")
        return {name: value}, "" if fits else f"{words.strip()[:80]!r} is no {kind}"

    def _only(self, fields: Mapping[str, Any]) -> str:
        """The one required field, or the one field; empty where there are several."""
        if self.schema is None:
            raise UsageError(
                "the environment declares no class of actions; give environment.action"
            )
        known = [name for name in fields if name not in _NOT_ASKED]
        required = [name for name in known if name in self.schema.get("required", ())]
        asked = required or known
        return asked[0] if len(asked) == 1 else ""


def shown(told: Mapping[str, Any], field: str) -> dict[str, Any]:
    """An answer of an environment as a step: text, reward, and whether it ended.

    Raises `UsageError` for a field that the observation does not have.
    """
    observation = told.get("observation")
    if not isinstance(observation, Mapping):
        raise Fault(f"the environment answered {str(told)[:80]!r}, without an observation")
    if field and field not in observation:
        raise UsageError(f"environment.observe is {field!r}; give one of {', '.join(observation)}")
    texts = [value for value in observation.values() if isinstance(value, str)]
    if field:
        value = observation[field]
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    elif len(texts) == 1:
        text = texts[0]
    else:
        text = json.dumps(observation, ensure_ascii=False, sort_keys=True)
    reward = told.get("reward")
    ended = bool(told.get("done"))
    return {"text": text, "reward": float(reward or 0.0), "ended": ended, "cut": False}


def _object(words: str, fields: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    value = _json(words)
    if isinstance(value, dict):
        return value, ""
    return (
        {},
        f"a reply is a JSON object with {', '.join(f for f in fields if f not in _NOT_ASKED)}",
    )


def _json(words: str) -> Any:
    try:
        return json.loads(words)
    except (ValueError, RecursionError):
        return None
