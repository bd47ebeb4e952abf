"""`whet verify REWARD --labelled FILE`: evaluate a reward on labelled replies."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from math import isnan
from typing import Any

from whet import rewards
from whet.cli.arguments import VerifyOptions
from whet.cli.options import parse
from whet.cli.progress import ProgressBar
from whet.cli.verifier_law import AXES, axis, labelled_verifiers, law_table, meanings
from whet.data.cases import Case, cases
from whet.evaluation.agreement import Confusion
from whet.evaluation.verifier_pass import ACCEPTED, run_verifier
from whet.evaluation.verifiers import (
    CheckResult,
    Comparison,
    Example,
    VerifierChecks,
    VerifierReport,
    check_verifier,
    compare,
)
from whet.invoked import program
from whet.types import UsageError

STOPPED = 130
_SHOWN = 100  # characters of a reply


def main(words: Sequence[str]) -> int:
    """Print a table, or one JSON document."""
    asked = parse(VerifyOptions, words, "verify")
    if asked.examples < 0:
        raise UsageError(f"examples is {asked.examples}; give 0 or more")
    given = {"REWARD": asked.reward or asked.law, "--labelled": asked.labelled}
    if missing := [name for name, what in given.items() if not what]:
        raise UsageError(f"missing {', '.join(missing)} ({program()} verify --help)")
    return _law(asked) if asked.law else _one(asked)


def _law(asked: VerifyOptions) -> int:
    """Print a line for each verifier that the folder has replies for."""
    for name in ("reward", "against"):
        if given := getattr(asked, name):
            raise UsageError(
                f"{name} is {given!r} with --law, which takes all of a folder; omit it"
            )
    trial, reports = VerifierChecks(concurrency=asked.concurrency), {}
    with ProgressBar() as bar:
        for name, (judge, rows) in labelled_verifiers(asked.labelled).items():
            reports[name] = check_verifier(judge, rows, trial, bar)
            if bar.stopped():
                break
    if asked.json:
        document = {name: _document(found, asked.examples) for name, found in reports.items()}
        print(json.dumps(_finite(document), indent=1, ensure_ascii=True))
    else:
        print("\n".join(law_table(reports)))
    return STOPPED if bar.stopped() else 0


def _one(asked: VerifyOptions) -> int:
    """Print what was found of one reward, beside another one where asked for."""
    rows = cases(asked.labelled, count=asked.rows)
    judge = rewards.find(asked.reward)
    other = rewards.find(asked.against) if asked.against else None
    trial = VerifierChecks(concurrency=asked.concurrency)
    comparison = None
    with ProgressBar() as bar:
        found = check_verifier(judge, rows, trial, bar)
        if other is not None:
            heard = run_verifier(other, rows, asked.concurrency, f"asking {asked.against}", bar)
            comparison = compare(found.first_pass, heard)
    if asked.json:
        document = _document(found, asked.examples) | {"reward": asked.reward}
        if comparison is not None:
            document["against"] = _compared(comparison, asked)
        print(json.dumps(_finite(document), indent=1, ensure_ascii=True))
    else:
        print("\n".join(_table(asked, found)))
        if comparison is not None:
            print("\n".join(_comparison(asked, comparison)))
    return STOPPED if bar.stopped() else 0


def _table(asked: VerifyOptions, found: VerifierReport) -> list[str]:
    seen, total = len(found.first_pass.judged), len(found.first_pass.cases)
    matrix, axes, latency = found.matrix, found.axes, found.latency_ms
    spent = ", ".join(f"{name} {ms:.1f}" for name, ms in latency.items())
    return [
        f"{asked.reward}: {seen} of {total} labelled replies"
        + ("" if seen == total else " (stopped early)"),
        *_rates(matrix),
        f"  abstentions {len(found.faults)} of {seen} (faults; they widen the intervals)",
        f"  not covered {len(found.not_applicable)} of {seen} (not applicable; in no other number)",
        *_scores_only(found),
        f"  latency     {f'{spent} ms' if spent else '–'}",
        _probe("steady", found.steady, "asked again"),
        _probe("symmetric", found.symmetric, "with answer and reply exchanged"),
        _probe("unfooled", found.attacked, "traps"),
        "",
        "Verifier's Law, five axes:",
        *(f"  {name:11} {axis(name, getattr(axes, name))}" for name in AXES),
        *(f"  {line}" for line in meanings()),
        *_examples(
            "false zeros: correct replies that were refused", found.false_zeros, asked.examples
        ),
        *_examples(
            "false ones: incorrect replies that were accepted", found.false_ones, asked.examples
        ),
        *_examples("abstentions", found.faults, asked.examples),
        *_examples("not applicable", found.not_applicable, asked.examples),
        *_examples("another verdict when asked again", found.steady.odd, asked.examples),
        *_examples("another verdict when exchanged", found.symmetric.odd, asked.examples),
        *_examples("rewarded traps", found.attacked.odd, asked.examples),
    ]


def _rates(matrix: Confusion) -> list[str]:
    return [
        f"  precision   {matrix.precision.said('replies')}   {matrix.wrong_accepted} false ones",
        f"  recall      {matrix.recall.said('replies')}   {matrix.right_refused} false zeros",
        f"  specificity {matrix.specificity.said('replies')}",
        f"  accuracy    {matrix.accuracy.said('replies')}",
    ]


def _scores_only(found: VerifierReport) -> list[str]:
    if not found.score_only:
        return []
    judged = len(found.first_pass.judged) - len(found.faults) - len(found.not_applicable)
    return [
        f"  scores only {found.score_only} of {judged} verdicts don't say what is correct: they "
        f"accept from a score of {ACCEPTED:g} on"
    ]


def _probe(name: str, probe: CheckResult, what: str) -> str:
    more = f", {probe.unjudged} without a verdict" if probe.unjudged else ""
    return f"  {name:11} {_form(probe.share, '.3f')} of {probe.tried} {what}{more}"


def _form(value: float, form: str) -> str:
    """A number in a format, or a dash for NaN, which stands for nothing measured."""
    return "–" if isnan(value) else format(value, form)


def _examples(title: str, held: Sequence[Example], most: int) -> list[str]:
    if not held:
        return []
    lines = ["", f"{title} ({len(held)}):"]
    for example in held[:most]:
        case = example.case
        lines.append(f"  {case.task.id}: {_short(case.task.answer)} ← {_short(case.reply)}")
        lines.append(f"      {example.note}")
    return lines


def _short(text: str) -> str:
    shown = repr(text)[1:-1].replace("\\\\", "\\")
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _comparison(asked: VerifyOptions, found: Comparison) -> list[str]:
    return [
        "",
        f"against {asked.against}, on {found.both} of {found.of} replies that both judge: "
        f"agreement {_form(found.agreement, '.3f')}, κ {_form(found.kappa, '.3f')}",
        *_rates(found.matrix),
        *_examples(
            f"{asked.reward} is right, {asked.against} not", found.first_right, asked.examples
        ),
        *_examples(
            f"{asked.against} is right, {asked.reward} not", found.other_right, asked.examples
        ),
    ]


def _document(found: VerifierReport, most: int) -> dict[str, Any]:
    return {
        "asked": len(found.first_pass.cases),
        "seen": len(found.first_pass.judged),
        **asdict(found.matrix),
        "latency_ms": found.latency_ms,
        "axes": asdict(found.axes),
        **{
            name: _probed(getattr(found, name), most)
            for name in ("steady", "symmetric", "attacked")
        },
        **{
            name: _listed(getattr(found, name), most)
            for name in ("faults", "not_applicable", "false_zeros", "false_ones")
        },
        "score_only": found.score_only,
    }


def _compared(found: Comparison, asked: VerifyOptions) -> dict[str, Any]:
    return {
        "reward": asked.against,
        "both": found.both,
        "of": found.of,
        "agreement": found.agreement,
        "kappa": found.kappa,
        **asdict(found.matrix),
        "first_right": _listed(found.first_right, asked.examples),
        "other_right": _listed(found.other_right, asked.examples),
    }


def _probed(probe: CheckResult, most: int) -> dict[str, Any]:
    return {
        "tried": probe.tried,
        "unjudged": probe.unjudged,
        "share": probe.share,
        "odd": _listed(probe.odd, most),
    }


def _listed(held: Sequence[Example], most: int) -> dict[str, Any]:
    return {"count": len(held), "examples": [_row(e.case) | {"note": e.note} for e in held[:most]]}


def _row(case: Case) -> dict[str, Any]:
    return {"task": case.task.id, "answer": case.task.answer, "reply": case.reply[:1000]}


def _finite(value: Any) -> Any:
    """The same value with null for NaN, which JSON lacks."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and isnan(value) else value
