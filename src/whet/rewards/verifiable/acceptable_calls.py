"""Tool calls whose arguments may have one of several values: BFCL's check of the syntax tree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.acceptable_values import TYPES, accepts
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.call_replies import replied
from whet.rewards.verifiable.verdicts import no_answer
from whet.types import Finish, Reason, Rollout, ToolCall, Verdict

_OPTIONAL = ""  # among the values of an argument: it may be left out


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptableCalls(Reward):
    """1 where the reply's calls are those that the task accepts, in any order, else 0.

    The task has `info["acceptable_calls"]`, a list of `{"name": …, "arguments": {argument: [value,
    …]}, "required": [argument, …], "parameters": {argument: schema}}`, one for each wanted call.  A
    call is accepted where its name is equal, every required argument is there, no other argument
    than those of `arguments` is, every value is acceptable (`acceptable_values.py`), and only
    arguments with the value "" among theirs are left out.  Wanted and found calls are matched one
    to one.  Where no call is wanted, a reply without a call is right.

    Calls stand after the thoughts, in `<tool_call>…</tool_call>` or another of the formats of
    `call_replies.py`.  An unreadable one is wrong.

    The rules are those of BFCL's checker for Python, as its code has them
    (github.com/ShishirPatil/gorilla, `ast_checker.py`), with two exceptions.  A call that may serve
    two wanted ones is given to that which leaves a match for the rest; there the first takes it.
    And true is not the number 1.
    """

    def score(self, rollout: Rollout) -> Verdict:
        wanted = rollout.task.info.get("acceptable_calls")
        if not isinstance(wanted, list | tuple) or not all(map(_readable, wanted)):
            said = "has no info['acceptable_calls'], or an entry of another form"
            return Verdict.unjudged(f"task {rollout.task.id!r} {said}")
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        try:
            found = replied(text)
        except ValueError as error:
            return Verdict.failure(Reason.BAD_FORMAT, note=str(error)[:80])
        if not found and (wanted or rollout.finish is Finish.LENGTH):
            return no_answer(rollout)
        if len(found) != len(wanted):
            note = f"{len(found)} calls, {len(wanted)} wanted"
            return Verdict.failure(Reason.WRONG, note=note)
        fits = [[_accepted(call, one) for call in found] for one in wanted]
        return Verdict.binary(correct=_matched(fits), note=", ".join(c.name for c in found)[:80])


def _readable(one: Any) -> bool:
    """Whether an entry of a task has all of its parts, and a type for what has to be there."""
    if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
        return False
    options, schemas, required = (one.get(key) for key in ("arguments", "parameters", "required"))
    if not isinstance(options, Mapping) or not isinstance(schemas, Mapping):
        return False
    if not isinstance(required, list | tuple) or not set(required) <= options.keys():
        return False
    described = all(isinstance(x, Mapping) and x.get("type") in TYPES for x in schemas.values())
    return described and all(
        isinstance(held, list | tuple) and (name in schemas or _OPTIONAL in held)
        for name, held in options.items()
    )


def _accepted(call: ToolCall, one: Mapping[str, Any]) -> bool:
    """Whether a call is the one that is wanted."""
    options, schemas, given = one["arguments"], one["parameters"], call.arguments
    if call.name != one["name"] or any(name not in given for name in one["required"]):
        return False
    if any(name not in options or name not in schemas for name in given):
        return False
    if any(name not in given and _OPTIONAL not in values for name, values in options.items()):
        return False
    return all(accepts(options[name], value, schemas[name]) for name, value in given.items())


def _matched(fits: Sequence[Sequence[bool]]) -> bool:
    """Whether every row can have a column of its own, by augmenting paths."""
    taken: dict[int, int] = {}  # the row that has a column

    def place(row: int, seen: set[int]) -> bool:
        for column, fit in enumerate(fits[row]):
            if fit and column not in seen:
                seen.add(column)
                if column not in taken or place(taken[column], seen):
                    taken[column] = row
                    return True
        return False

    return all(place(row, set()) for row in range(len(fits)))
