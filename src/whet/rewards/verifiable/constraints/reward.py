"""The reward `constraints`: read a task's constraints and check each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.constraints.constraint import Constraint, words
from whet.rewards.verifiable.constraints.kinds import read
from whet.rewards.verifiable.constraints.readings import AsWritten as AsWritten
from whet.rewards.verifiable.constraints.readings import ReplyReading
from whet.rewards.verifiable.constraints.readings import Trimmed as Trimmed
from whet.rewards.verifiable.constraints.skeletons import met as meets
from whet.rewards.verifiable.constraints.tasks import Instructions as Instructions
from whet.rewards.verifiable.words import repeated
from whet.types import Reason, Rollout, UsageError, Verdict

_TRIPLES = 3  # words, whose repetition is counted


@runtime_checkable
class Joining(Protocol):
    """The rule that makes one score of several constraints."""

    def __call__(self, met: Sequence[bool]) -> float:
        """A score in [0, 1], from whether each constraint is met."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Loose:
    """mean_j check_j: the share of constraints that are met."""

    def __call__(self, met: Sequence[bool]) -> float:
        return sum(met) / len(met)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strict:
    """∏_j check_j: 1 where all constraints are met, else 0."""

    def __call__(self, met: Sequence[bool]) -> float:
        return float(all(met))


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints(Reward):
    """The share of the task's constraints that the reply meets; its thoughts are not checked.

    `joining` is `Loose`, the mean, or `Strict`, all or nothing.  The reply is correct where all
    constraints are met.  `reading` is `AsWritten`, or `Trimmed`, IFEval's loose accuracy.  The task
    has `info["constraints"]`, a list of `{"id": …, "kwargs": {…}}`, or IFEval's two columns
    `instruction_id_list` and `kwargs`.  Arguments that are None are dropped.  `parts` has each
    constraint under its id.  A task with an unknown constraint is a fault.

    A reply of fewer than `least_words` words earns nothing, nor does one whose triples of words
    repeat earlier ones by more than the share `most_repeated` (both are ours): keywords alone are
    not a reply.

    A constraint has to be met by the text as it is written and as it looks: invisible characters
    and look-alike letters help no reply.

    The checks agree with IFEval's own code, with these exceptions.  Most are stricter: a keyword is
    a word or its inflection, not a part of another word; so is the end phrase; exactly one of the
    constrained answers; bullets and highlights as in Markdown; placeholders have a letter; sections
    have different numbers and a text; a title and a postscript have a word; two responses differ in
    words; a quotation is not closed before the end; JSON has no `NaN`, and its fence is closed.
    Languages are detected by py3langid, not by langdetect, in each long line, too; a text without
    letters is in no language, and one of a few words may be English.  Sentences are cut by a rule,
    not by a trained model.  Keywords are words, not patterns.  `around` is a relation too, and any
    sign may be a letter.
    """

    joining: Joining = Loose()
    reading: ReplyReading = AsWritten()
    least_words: int = 1
    most_repeated: float = 0.6

    def __post_init__(self) -> None:
        if not 0 <= self.most_repeated <= 1:
            raise UsageError(f"constraints.most_repeated is {self.most_repeated}; give a share")

    def score(self, rollout: Rollout) -> Verdict:
        try:
            demands = _demands(rollout.task.info)
        except ValueError as error:
            return Verdict.unjudged(f"task {rollout.task.id!r}: {error}"[:200])
        if not demands:
            return Verdict.unjudged(f"task {rollout.task.id!r} brings no info['constraints']")
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        said = words(text)
        share = repeated([word.casefold() for word in said], _TRIPLES)
        if len(said) < self.least_words or share > self.most_repeated:
            note = "too short" if len(said) < self.least_words else "repeats itself"
            return Verdict.failure(Reason.BAD_FORMAT, note=note)
        texts = self.reading(text)
        return self._joined(
            demands, [any(meets(demand, one) for one in texts) for demand in demands]
        )

    def _joined(self, demands: Sequence[Constraint], met: Sequence[bool]) -> Verdict:
        score = self.joining(met)
        reason = Reason.OK if all(met) else Reason.PARTIAL if score else Reason.WRONG
        parts: dict[str, float] = {}
        for demand, well in zip(demands, met, strict=True):
            parts[demand.name] = min(parts.get(demand.name, 1.0), float(well))
        return Verdict(reason=reason, score=score, correct=all(met), parts=parts)


def _demands(info: Any) -> list[Constraint]:
    if "constraints" in info:
        return [read(one["id"], one.get("kwargs") or {}) for one in info["constraints"]]
    names = info.get("instruction_id_list", ())
    given = info.get("kwargs") or [{}] * len(names)
    return [read(name, kwargs or {}) for name, kwargs in zip(names, given, strict=True)]
