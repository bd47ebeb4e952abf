"""What a judge makes of chains of thought, as lines of text and as a JSON document."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from whet.evaluation.intervals import Estimate
from whet.evaluation.judge_trial import JudgeTrial
from whet.evaluation.judged_chains import JudgedChains
from whet.evaluation.metrics.chain_band import ChainBand

_GIVEN = "right | answer"
_WIDTH = 26  # of a column


def chain_lines(
    judged: JudgedChains,
    band: ChainBand,
    trial: JudgeTrial | None,
    corrected: Mapping[str, Estimate | None],
) -> Iterator[str]:
    """A table with a column for each rule of the votes, then the calibration of the judge."""
    rules = list(band.given_answer)
    yield f"  judge {judged.judge}: {_votes(judged, band)}"
    yield from _row("", {rule: f"{rule} votes" for rule in rules})
    for k in next(iter(band.pass_at.values()), {}):
        yield from _row(f"CoT-pass@{k}", {rule: str(band.pass_at[rule][k]) for rule in rules})
    yield from _row(_GIVEN, {rule: str(band.given_answer[rule]) for rule in rules})
    if trial is not None:
        yield from _trial(trial, corrected)


def chain_document(
    judged: JudgedChains,
    band: ChainBand,
    trial: JudgeTrial | None,
    corrected: Mapping[str, Estimate | None],
) -> dict[str, Any]:
    """The same as JSON; null for what is not known."""
    return {
        "judge": judged.judge,
        "pass_at": {
            rule: {str(k): _known(one) for k, one in by_k.items()}
            for rule, by_k in band.pass_at.items()
        },
        "given_answer": {rule: _known(one) for rule, one in band.given_answer.items()},
        "chains": band.chains,
        "unjudged": band.unjudged,
        "missing_votes": band.missing,
        "asked": judged.asked,
        "stopped": judged.stopped,
        "tokens": {"prompt": judged.prompt_tokens, "reply": judged.reply_tokens},
        "calibration": None if trial is None else _calibration(trial, corrected),
    }


def _votes(judged: JudgedChains, band: ChainBand) -> str:
    tokens = judged.prompt_tokens + judged.reply_tokens
    said = f"votes on {band.chains} chains with a right answer, {tokens:,} tokens"
    if band.missing:
        said += f"; {band.missing} votes are missing, {band.unjudged} chains have none"
    if judged.why:
        said += f" (the first: {' '.join(judged.why.split()):.120})"
    return said + ("; stopped before the others" if judged.stopped else "")


def _trial(trial: JudgeTrial, corrected: Mapping[str, Estimate | None]) -> Iterator[str]:
    rules = list(trial.rates)
    yield f"  calibrated on {trial.chains} chains; {trial.missing} votes are missing"
    yield from _row("TPR", {rule: trial.rates[rule].tpr.said("chains") for rule in rules})
    yield from _row("FPR", {rule: trial.rates[rule].fpr.said("chains") for rule in rules})
    for kind in next(iter(trial.false_accepts.values()), {}):
        cells = {rule: trial.false_accepts[rule][kind].said("chains") for rule in rules}
        yield from _row(f"  {kind}", cells)
    yield from _row(
        f"{_GIVEN}, corr.",
        {
            rule: "no information" if found is None else str(found)
            for rule, found in corrected.items()
        },
    )
    yield f"  votes against a wrong chain that name its wrong step: {trial.located.said('votes')}"


def _calibration(trial: JudgeTrial, corrected: Mapping[str, Estimate | None]) -> dict[str, Any]:
    return {
        "chains": trial.chains,
        "missing_votes": trial.missing,
        "tpr": {rule: _known(rates.tpr) for rule, rates in trial.rates.items()},
        "fpr": {rule: _known(rates.fpr) for rule, rates in trial.rates.items()},
        "fpr_by_mistake": {
            rule: {kind: _known(one) for kind, one in kinds.items()}
            for rule, kinds in trial.false_accepts.items()
        },
        "located": _known(trial.located),
        "corrected": {
            rule: None if found is None else _known(found) for rule, found in corrected.items()
        },
        "tokens": {"prompt": trial.prompt_tokens, "reply": trial.reply_tokens},
    }


def _row(name: str, cells: Mapping[str, str]) -> Iterator[str]:
    if cells:
        yield f"  {name:22}{''.join(f'{text:{_WIDTH}}' for text in cells.values())}".rstrip()


def _known(estimate: Estimate) -> dict[str, float | None]:
    return {n: value if isfinite(value) else None for n, value in asdict(estimate).items()}
