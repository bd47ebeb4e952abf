"""`whet show NAME`: what a part says of itself, and the numbers it begins with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import Parameter, getdoc, signature
from typing import Any

from tyro.conf import Positional

from whet.cli.catalogue import Entry, find
from whet.cli.explain import effective
from whet.cli.parsing import parse
from whet.policy.objective import Objective


@dataclass(frozen=True, kw_only=True)
class Words:
    """One part: equation, source, defaults."""

    name: Positional[str]
    json: bool = False  # one JSON document and nothing else


def main(words: Sequence[str]) -> int:
    """All parts of that name."""
    asked = parse(Words, words, "show")
    found = [_told(entry) for entry in find(asked.name)]
    if asked.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        print("\n\n".join(_page(told) for told in found))
    return 0


def _told(entry: Entry) -> dict[str, Any]:
    offer = entry.offer()
    told: dict[str, Any] = {
        "kind": entry.kind,
        "name": entry.name,
        "where": entry.where,
        "source": getdoc(entry.module) or "",
        "says": getdoc(offer) or "" if offer else "",
        "defaults": _defaults(offer) if offer else {},
    }
    objective = offer() if offer and entry.kind == "algorithms" else None
    if isinstance(objective, Objective):
        told["equation"] = effective(objective)
    return told


def _defaults(offer: Any) -> dict[str, str]:
    """Every parameter; one without a default has to be given."""
    parameters = signature(offer).parameters.values()
    given = [p for p in parameters if p.kind is not Parameter.VAR_KEYWORD]
    return {p.name: "(give it)" if p.default is Parameter.empty else repr(p.default) for p in given}


def _page(told: dict[str, Any]) -> str:
    lines = [f"{told['name']}  ({told['kind']}, {told['where']})", "", told["source"]]
    if told["says"] and told["says"] != told["source"]:
        lines += ["", told["says"]]
    if told["defaults"]:
        lines += ["", "defaults"]
        lines += [f"  {name} = {value}" for name, value in told["defaults"].items()]
    if "equation" in told:
        lines += ["", *told["equation"]]
    return "\n".join(lines)
