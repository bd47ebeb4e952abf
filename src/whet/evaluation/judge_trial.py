"""The error rates of a judge of chains, on chains with one wrong step and on right ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whet.data.mistakes import Mistake, TrialChain
from whet.evaluation.chain_judge import ChainJudge, ChainVerdict
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.chain_band import NAMED_RULES
from whet.evaluation.metrics.judge_calibration import (
    JudgeRates,
    judge_rates,
    mean_corrected_chains,
    rate,
)
from whet.evaluation.metrics.judge_votes import ruled
from whet.evaluation.samples import Problem
from whet.evaluation.verifier_pass import Observer
from whet.rewards.generative.consultations import gathered


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeTrial:
    """What a judge made of chains that are known to be right or wrong."""

    rates: Mapping[str, JudgeRates]  # TPR and FPR, by rule of the votes
    false_accepts: Mapping[str, Mapping[str, Estimate]]  # FPR by rule and kind of mistake
    located: Estimate  # the share of votes against a wrong chain that name its wrong step
    chains: int
    missing: int  # votes that are None
    prompt_tokens: int
    reply_tokens: int
    why: str  # the first missing vote is missing


async def judge_trial(
    judge: ChainJudge,
    chains: Sequence[TrialChain],
    observer: Observer,
    concurrency: int = 16,
) -> JudgeTrial:
    """Have every chain judged, and count the errors by each rule of the votes.

    A chain is the unit of the intervals.  A missing vote counts in `all` as one against, and in
    the other rules not at all.  Raises `KeyboardInterrupt` where the observer stops it, for rates
    of a part of the chains would be of another mixture, and `UsageError` for a judge without any
    verdict on the chains of a kind.
    """
    observer.begin("calibrating the judge", len(chains))
    found: dict[int, ChainVerdict] = {}
    left = iter(range(len(chains)))

    async def go_on() -> None:
        for place in left:
            if observer.stopped():
                return
            found[place] = await judge.judge(chains[place].task, chains[place].chain)
            observer.tick(1)

    await gathered(go_on() for _ in range(concurrency))
    if len(found) < len(chains):
        raise KeyboardInterrupt
    return _trial(chains, [found[place] for place in range(len(chains))])


def corrected(problems: Sequence[Problem], trial: JudgeTrial) -> Mapping[str, Estimate | None]:
    """P(chain right | answer right) by rule, corrected for the judge's errors (Rogan-Gladen).

    None by a rule under which the judge accepts wrong chains as often as right ones.
    """
    found: dict[str, Estimate | None] = {}
    for name, rule in NAMED_RULES.items():
        rates = trial.rates[name]
        informed = rates.right_accepted * rates.wrong > rates.wrong_accepted * rates.right
        held = [ruled(one, [s.votes for s in one.samples], rule) for one in problems]
        found[name] = mean_corrected_chains(held, rates) if informed else None
    return found


def _trial(chains: Sequence[TrialChain], verdicts: Sequence[ChainVerdict]) -> JudgeTrial:
    right = [chain.right for chain in chains]
    by_rule = {n: [rule(one.oks) for one in verdicts] for n, rule in NAMED_RULES.items()}
    pairs = list(zip(chains, verdicts, strict=True))
    missing = [vote for verdict in verdicts for vote in verdict.votes if vote.ok is None]
    named = [
        vote.bad_step == chain.bad_step
        for chain, verdict in pairs
        if not chain.right
        for vote in verdict.votes
        if vote.ok is False
    ]
    return JudgeTrial(
        rates={name: judge_rates(accepted, right) for name, accepted in by_rule.items()},
        false_accepts={
            name: {
                str(kind): rate([a for a, c in zip(said, chains, strict=True) if c.mistake is kind])
                for kind in (Mistake.ALONE, Mistake.PROPAGATED)
            }
            for name, said in by_rule.items()
        },
        located=rate(named),
        chains=len(chains),
        missing=len(missing),
        prompt_tokens=sum(verdict.prompt_tokens for verdict in verdicts),
        reply_tokens=sum(verdict.reply_tokens for verdict in verdicts),
        why=missing[0].why if missing else "",
    )
