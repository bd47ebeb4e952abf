"""Judge the chains of thought of an evaluation, from Python and for `whet eval --judge`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from whet.data import corpus
from whet.data.mistakes import labelled_chains, rules_of
from whet.data.problems import Problems
from whet.evaluation.chain_judge import ChainJudge
from whet.evaluation.intervals import Estimate
from whet.evaluation.judge_trial import JudgeTrial, corrected, judge_trial
from whet.evaluation.judged_chains import JudgedChains, judged_chains
from whet.evaluation.metrics.chain_band import ChainBand, chain_band
from whet.evaluation.metrics.estimates import asked
from whet.evaluation.recording import named
from whet.evaluation.samples import problems_of
from whet.evaluation.verifier_pass import Observer
from whet.front.eventloop import finish
from whet.front.measuring import Measured, Subject
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What a judge makes of the chains of an evaluation."""

    judged: JudgedChains
    band: ChainBand
    trial: JudgeTrial | None  # None: the judge was not calibrated
    corrected: Mapping[str, Estimate | None]  # P(chain right | answer right) by rule; empty: none


def calibrated(judge: ChainJudge, family: str, observer: Observer, pairs: int = 100) -> JudgeTrial:
    """The error rates of a judge on `pairs` right and `pairs` wrong chains of a procedural family.

    The judge is told the rules of the family.  Raises `UsageError` for what is no such family, and
    for a judge without a verdict on the chains of a kind.
    """
    found = corpus(family)
    if not isinstance(found, Problems):
        raise UsageError(f"family {family!r} is no procedural family; give chain, stack or lists")
    source = found.family
    chains = labelled_chains(source, pairs)  # pyright: ignore[reportArgumentType]  (it checks)
    told = replace(judge, rules=rules_of(source))
    return finish(judge_trial(told, chains, observer))


def chains_judged(
    found: Measured,
    subject: Subject,
    judge: ChainJudge,
    observer: Observer,
    trial: JudgeTrial | None = None,
) -> ChainReport:
    """Have a judge vote on the chains of an evaluation, and keep the votes with the samples.

    They are kept where the observer stops the judge, too.  Raises `UsageError` for samples with the
    votes of another judge.
    """
    tasks = found.drawn.tasks
    by_name = dict(zip(named(tasks), tasks, strict=True))
    judged = finish(judged_chains(found.scores.rows, by_name, judge, observer))
    subject.journal.revise(judged.samples)
    problems = asked(problems_of(sample for sample in judged.samples if not sample.greedy))
    return ChainReport(
        judged=judged,
        band=chain_band(problems, list(found.scores.pass_at)),
        trial=trial,
        corrected={} if trial is None else corrected(problems, trial),
    )
