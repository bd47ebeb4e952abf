"""Calls of tools, name by name and value by value (after ToolRL, arXiv:2504.13958, unconfirmed)."""

from dataclasses import dataclass, replace

from whet.rewards.verifiable._announced import heard
from whet.rewards.verifiable._calls import alike, due, written
from whet.types import Reason, Refusal, Rollout, Verdict

_MOST = 8  # calls; the search for the best match doubles with each


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalls:
    """lowest + (highest − lowest) · S / S_max,  S = name + Σ_j (param_j + value_j).

    `name` is |N ∩ N*| / |N ∪ N*| over the multisets of names, `param` the same over the keys of a
    matched call, `value` the number of wanted arguments with the wanted value; S_max = 1 + |calls|
    + |arguments|.  Calls are matched one to one within a name (ours), so that S is largest.  A
    reply without a call, or with one that can't be read, earns `lowest`.  ToolRL's own range is
    −3 to 3, and it adds 1 for the format, which is another judge's business here.

    Calls stand in `<tool_call>…</tool_call>`, after the thoughts; what is wanted in
    `info["calls"]`, or in the task's answer as JSON.  Where no call is wanted, the whole is earned
    by a reply without one, and nothing by a call.
    """

    lowest: float = 0.0
    highest: float = 1.0

    def __post_init__(self) -> None:
        """A range has two ends."""
        if not self.lowest < self.highest:
            raise Refusal(
                f"tool_calls.lowest is {self.lowest} and highest {self.highest}; give a range"
            )

    def score(self, rollout: Rollout) -> Verdict:
        """Read, match, and count."""
        task = rollout.task
        gold = task.info.get("calls", task.answer)
        if gold == "":
            return Verdict.unjudged(f"task {task.id!r} says not which calls it wants")
        wanted = due(gold)
        text = heard(rollout)
        if isinstance(text, Verdict):
            return replace(text, score=self.lowest)
        try:
            found = written(text)
        except ValueError as error:
            return self._failure(Reason.BAD_FORMAT, str(error)[:80])
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
