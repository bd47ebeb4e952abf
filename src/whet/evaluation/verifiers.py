"""Checks of a judge: accuracy, speed, consistency, symmetry, and resistance to attacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from whet.data.cases import Case
from whet.evaluation.agreement import Confusion, confusion, kappa
from whet.evaluation.attacks import attack_replies
from whet.evaluation.axes import Axes, axes_of
from whet.evaluation.swaps import swapped
from whet.evaluation.verifier_pass import Observer, TimedVerdict, VerifierPass, run_verifier
from whet.protocols import Judge
from whet.types import UsageError, text_of
from whet.types.messages import messages_of

_WARM = 20  # replies
_REWARDED = 0.05  # a higher score for an attack counts as rewarded


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierChecks:
    """The sizes of the checks of a judge."""

    concurrency: int = 2  # concurrent calls
    swaps: int = 400  # replies that exchange their answer with the task
    attacked_tasks: int = 2  # tasks on which every attack is tried

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise UsageError(f"concurrency is {self.concurrency}; give 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A case for the report, with a note on its verdict."""

    case: Case
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of a check: the trials with a verdict, and the cases that failed."""

    tried: int
    odd: tuple[Example, ...]
    unjudged: int = 0  # trials without a verdict: they are no success and no failure

    @property
    def share(self) -> float:
        """The share of trials without failure; NaN without trials."""
        return 1 - len(self.odd) / self.tried if self.tried else nan


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierReport:
    """The results of all checks.

    Faults are abstentions: they widen the intervals of the matrix.  Replies that the judge does not
    cover are in no number but their own.
    """

    first_pass: VerifierPass
    matrix: Confusion
    faults: tuple[Example, ...]
    not_applicable: tuple[Example, ...]
    score_only: int  # verdicts without `correct`: they accept from a score of ½ on
    false_zeros: tuple[Example, ...]
    false_ones: tuple[Example, ...]
    latency_ms: dict[str, float]
    steady: CheckResult  # the same verdict in the second pass
    symmetric: CheckResult  # the same verdict with answer and reply exchanged
    attacked: CheckResult  # no reward for an attack
    axes: Axes


def check_verifier(
    judge: Judge, cases: Sequence[Case], trial: VerifierChecks, observer: Observer
) -> VerifierReport:
    """Judge twice, judge with exchanged answers, and attack.  Skipped cases are not counted.

    The first replies are judged once before the timing, for some judges need to warm up.
    """
    run_verifier(judge, cases[:_WARM], trial.concurrency, "warming up", observer)
    first = run_verifier(judge, cases, trial.concurrency, "judging", observer)
    again = run_verifier(judge, cases, trial.concurrency, "judging again", observer)
    judged = [(c, o, a) for c, o in first.judged if (a := o.accepted) is not None]
    covered = [(c, o) for c, o in first.judged if o.covered]
    matrix = confusion([o.accepted for _, o in covered], [c.correct for c, _ in covered])
    return VerifierReport(
        first_pass=first,
        matrix=matrix,
        faults=tuple(_example(c, o) for c, o in first.judged if o.verdict.fault),
        not_applicable=tuple(_example(c, o) for c, o in first.judged if not o.covered),
        score_only=sum(o.verdict.correct is None for _, o, _ in judged),
        false_zeros=tuple(_example(c, o) for c, o, a in judged if c.correct and not a),
        false_ones=tuple(_example(c, o) for c, o, a in judged if a and not c.correct),
        latency_ms=_latency(first),
        steady=_same(cases, first, again),
        symmetric=_symmetry(judge, first, trial, observer),
        attacked=_attack(judge, cases, trial, observer),
        axes=axes_of(first, again, matrix),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two judges on the same replies; only replies with a verdict from both count."""

    both: int
    of: int  # replies that either was asked about
    agreement: float
    kappa: float
    matrix: Confusion  # of the other judge
    first_right: tuple[Example, ...]  # the judges disagree, and the first one agrees with the label
    other_right: tuple[Example, ...]


def compare(first: VerifierPass, other: VerifierPass) -> Comparison:
    """The agreement of two passes; the note of an example is the verdict of the other judge."""
    rows = [
        (case, a, b, theirs)
        for case, ours, theirs in zip(first.cases, first.verdicts, other.verdicts, strict=True)
        if ours is not None and theirs is not None
        if (a := ours.accepted) is not None and (b := theirs.accepted) is not None
    ]
    split = [(case, a, _example(case, theirs)) for case, a, b, theirs in rows if a != b]
    mine, others = [a for _, a, _, _ in rows], [b for _, _, b, _ in rows]
    return Comparison(
        both=len(rows),
        of=len(first.cases),
        agreement=1 - len(split) / len(rows) if rows else nan,
        kappa=kappa(mine, others),
        matrix=confusion(others, [case.correct for case, *_ in rows]),
        first_right=tuple(example for case, a, example in split if a == case.correct),
        other_right=tuple(example for case, a, example in split if a != case.correct),
    )


def _same(cases: Sequence[Case], one: VerifierPass, other: VerifierPass) -> CheckResult:
    """The check that every verdict is the same in both passes; a fault in one of them is not."""
    pairs = zip(cases, one.verdicts, other.verdicts, strict=True)
    both = [(case, a, b) for case, a, b in pairs if a is not None and b is not None]
    heard = [(c, a, b) for c, a, b in both if a.verdict.judged or b.verdict.judged]
    odd = [_example(case, b) for case, a, b in heard if a.stance != b.stance]
    return CheckResult(tried=len(heard), odd=tuple(odd), unjudged=len(both) - len(heard))


def _symmetry(
    judge: Judge, first: VerifierPass, trial: VerifierChecks, observer: Observer
) -> CheckResult:
    turned = [(e, o) for c, o in first.judged if (e := swapped(c)) is not None]
    turned = turned[: trial.swaps]
    other = run_verifier(
        judge, [case for case, _ in turned], trial.concurrency, "exchanging", observer
    )
    asked = [
        (case, before.accepted, after)
        for (case, before), after in zip(turned, other.verdicts, strict=True)
        if after is not None
    ]
    rows = [row for row in asked if row[1] is not None and row[2].accepted is not None]
    odd = [_example(case, after) for case, before, after in rows if before != after.accepted]
    return CheckResult(tried=len(rows), odd=tuple(odd), unjudged=len(asked) - len(rows))


def _attack(
    judge: Judge, cases: Sequence[Case], trial: VerifierChecks, observer: Observer
) -> CheckResult:
    tasks = {(text_of(messages_of(c.task.prompt)), c.task.answer): c.task for c in reversed(cases)}
    chosen = list(reversed(tasks.items()))[: trial.attacked_tasks]
    tricks: list[Case] = []
    names: list[str] = []
    for (question, answer), task in chosen:
        made = attack_replies(question, answer)
        names += made
        tricks += [Case(task=task, reply=reply, correct=False) for reply in made.values()]
    tried = run_verifier(judge, tricks, trial.concurrency, "attacking", observer)
    rows = [(n, c, o) for n, c, o in zip(names, tricks, tried.verdicts, strict=True) if o]
    odd = [
        Example(case=case, note=name)
        for name, case, o in rows
        if o.verdict.judged and (o.accepted or o.verdict.score > _REWARDED)
    ]
    heard = sum(o.verdict.judged for _, _, o in rows)
    return CheckResult(tried=heard, odd=tuple(odd), unjudged=len(rows) - heard)


def _latency(first: VerifierPass) -> dict[str, float]:
    """Quantiles of the durations of the calls, in milliseconds."""
    spent = [1000 * opinion.seconds for _, opinion in first.judged]
    if not spent:
        return {}
    at = {"p50": 50, "p95": 95, "p99": 99, "max": 100}
    return {name: float(np.percentile(spent, place)) for name, place in at.items()}


def _example(case: Case, opinion: TimedVerdict) -> Example:
    verdict = opinion.verdict
    told = f"{verdict.reason}: {verdict.note}" if verdict.note else str(verdict.reason)
    return Example(case=case, note=told)
