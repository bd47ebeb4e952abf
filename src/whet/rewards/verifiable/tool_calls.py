"""Tool calls, compared by name, key and value (after ToolRL, arXiv:2504.13958, unconfirmed)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from whet.calls.literals import same
from whet.calls.strict import due
from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.call_replies import replied
from whet.rewards.verifiable.verdicts import no_answer
from whet.types import Finish, Reason, Rollout, ToolCall, UsageError, Verdict

_MOST = 8  # calls, where fewer are wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalls(Reward):
    """lowest + (highest − lowest) · S / S_max,  S = name + Σ_j (param_j + value_j).

    `name` is |N ∩ N*| / |N ∪ N*| over the multisets of names; `param` is the same over the keys of
    a matched call; `value` is the number of wanted arguments with the wanted value.  S_max = 1 +
    |calls| + |arguments|.  Calls of one name are matched one to one so that S is largest (ours).  A
    reply without a call, or with an unreadable one, earns `lowest`.  ToolRL's own range is −3 to 3,
    and it adds 1 for the format, which is another reward here.

    Calls stand after the thoughts, in `<tool_call>…</tool_call>` or another of the formats of
    `call_replies.py`.  The wanted calls are `info["calls"]`, or the task's answer as JSON; wanted
    calls that can't be read are a fault.  Values are equal as JSON values are: 3 is 3.0, but not
    "3", texts are equal sign by sign.  Where no call is wanted, a whole reply without a call earns
    `highest` and a reply with one earns `lowest`.
    """

    lowest: float = 0.0
    highest: float = 1.0

    def __post_init__(self) -> None:
        if not self.lowest < self.highest:
            raise UsageError(
                f"tool_calls.lowest is {self.lowest} and highest {self.highest}; give a range"
            )

    def score(self, rollout: Rollout) -> Verdict:
        task = rollout.task
        gold = task.info.get("calls", task.answer)
        if gold == "":
            return Verdict.unjudged(f"task {task.id!r} has neither info['calls'] nor an answer")
        try:
            wanted = due(gold)
        except ValueError as error:
            return Verdict.unjudged(f"task {task.id!r} wants calls that can't be read: {error}")
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return replace(text, score=self.lowest)
        return self._judged(rollout, text, wanted)

    def _judged(self, rollout: Rollout, text: str, wanted: Sequence[ToolCall]) -> Verdict:
        try:
            found = replied(text)
        except ValueError as error:
            return self._failure(Reason.BAD_FORMAT, str(error)[:80])
        if not found and rollout.finish is Finish.LENGTH:
            return replace(no_answer(rollout), score=self.lowest)
        if not wanted or not found:
            return self._verdict(float(not wanted and not found), {})
        if len(found) > max(_MOST, len(wanted)):
            return self._failure(Reason.WRONG, f"{len(found)} calls")
        parts = alike(found, wanted)
        return self._verdict((sum(parts.values()) - parts["most"]) / parts["most"], parts)

    def _verdict(self, share: float, parts: dict[str, float]) -> Verdict:
        reason = {0.0: Reason.WRONG, 1.0: Reason.OK}.get(share, Reason.PARTIAL)
        score = self.lowest + (self.highest - self.lowest) * share
        return Verdict(
            reason=reason, score=score, correct=share == 1, parts={**parts, "share": share}
        )

    def _failure(self, reason: Reason, note: str) -> Verdict:
        return Verdict(reason=reason, score=self.lowest, correct=False, note=note)


def alike(found: Sequence[ToolCall], wanted: Sequence[ToolCall]) -> dict[str, float]:
    """The likeness of calls in parts: `name`, `param`, `value`, and `most`, their largest possible
    sum.

    Each wanted call is matched with at most one found call of its name, so that the sum is largest.
    """
    names = Counter(call.name for call in found), Counter(call.name for call in wanted)
    either = (names[0] | names[1]).total()
    name = (names[0] & names[1]).total() / either if either else 1.0
    param, value = _matched(found, wanted)
    most = 1.0 + len(wanted) + sum(len(call.arguments) for call in wanted)
    return {"name": name, "param": param, "value": value, "most": most}


def _matched(found: Sequence[ToolCall], wanted: Sequence[ToolCall]) -> tuple[float, float]:
    """The largest sums of `param` and `value` over pairs of calls of one name."""
    pairs = np.zeros((len(wanted), len(found), 2))
    for row, gold in enumerate(wanted):
        for column, call in enumerate(found):
            if call.name == gold.name:
                pairs[row, column] = _likeness(call.arguments, gold.arguments)
    best = linear_sum_assignment(pairs.sum(axis=2), maximize=True)
    param, value = pairs[best].sum(axis=0)
    return float(param), float(value)


def _likeness(found: Mapping[str, Any], gold: Mapping[str, Any]) -> tuple[float, float]:
    either = found.keys() | gold.keys()
    param = len(found.keys() & gold.keys()) / len(either) if either else 1.0
    return param, float(sum(key in found and same(found[key], gold[key]) for key in gold))
