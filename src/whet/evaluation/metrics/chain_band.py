"""CoT-pass@k by every rule that makes one verdict of a judge's votes: a band."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.chain_pass_at_k import mean_chain_given_answer, mean_chain_pass_at_k
from whet.evaluation.metrics.judge_votes import RULES, Rule, ruled
from whet.evaluation.samples import Problem

NAMED_RULES: Mapping[str, Rule] = dict(zip(("all", "majority", "any"), RULES, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainBand:
    """What a judge makes of the chains, by rule: all votes, their majority, any vote."""

    pass_at: Mapping[str, Mapping[int, Estimate]]  # CoT-pass@k by rule and k
    given_answer: Mapping[str, Estimate]  # P(chain right | answer right) by rule
    chains: int  # with a right answer and votes
    unjudged: int  # with a right answer and no vote that is known
    missing: int  # votes that are None, of the chains with votes


def chain_band(problems: Sequence[Problem], ks: Sequence[int]) -> ChainBand:
    """The metrics of chains under each of `RULES`, from strict to lenient.

    A right answer without votes is a missing verdict, and widens the intervals.  Where all votes
    are known, the rules are in order: all ≤ majority ≤ any.
    """
    by_rule = {name: [_ruled(one, rule) for one in problems] for name, rule in NAMED_RULES.items()}
    right = [s for problem in problems for s in problem.samples if s.correct is True]
    return ChainBand(
        pass_at={
            name: {k: mean_chain_pass_at_k(held, k) for k in ks} for name, held in by_rule.items()
        },
        given_answer={name: mean_chain_given_answer(held) for name, held in by_rule.items()},
        chains=sum(bool(sample.votes) for sample in right),
        unjudged=sum(all(vote is None for vote in sample.votes) for sample in right),
        missing=sum(sample.votes.count(None) for sample in right),
    )


def _ruled(problem: Problem, rule: Rule) -> Problem:
    return ruled(problem, [sample.votes for sample in problem.samples], rule)
