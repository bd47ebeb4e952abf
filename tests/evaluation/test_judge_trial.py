"""The error rates of judges of which they are known."""

import asyncio
import re

import pytest
from advisers import Scripted
from chain_votes import code_of, quiet, verdict
from problem_records import R, W, problem

from whet.data import load
from whet.data.mistakes import labelled_chains
from whet.evaluation.chain_judge import ChainJudge
from whet.evaluation.judge_trial import corrected, judge_trial
from whet.evaluation.metrics.judge_calibration import rogan_gladen
from whet.types import UsageError

FAMILY = load("chain")
CHAINS = labelled_chains(FAMILY, 50)
BY_PROMPT = {chain.task.prompt: chain for chain in CHAINS}


def knowing(says):
    """A judge that knows the truth, and says what it makes of it."""

    def say(reading):
        return verdict(reading.user, says(BY_PROMPT[reading.texts["task"]]))

    return ChainJudge(chat_model=Scripted(say))


def truth(chain):
    return "right" if chain.right else f"wrong at step {chain.bad_step}"


def tried(judge, chains=CHAINS):
    return asyncio.run(judge_trial(judge, chains, quiet(), concurrency=3))


def test_a_perfect_judge():
    found = tried(knowing(truth))
    for rates in found.rates.values():
        assert (rates.tpr.value, rates.fpr.value) == (1.0, 0.0)
        assert (rates.right, rates.wrong) == (50, 50)
        assert rates.tpr.low > 0.9 and rates.fpr.high < 0.1
    assert found.located.value == 1.0
    assert (found.chains, found.missing) == (100, 0)
    assert (found.prompt_tokens, found.reply_tokens) == (3000, 600)


def test_a_judge_that_looks_at_the_answer_alone_accepts_what_stands_alone():
    """A right answer hides a wrong line: FPR is 1 of these chains, and a half of all."""

    def says(chain):
        answered = chain.chain.rpartition("#")[2] == chain.task.answer
        return "right" if answered else f"wrong at step {chain.bad_step}"

    found = tried(knowing(says))
    assert found.rates["majority"].tpr.value == 1.0
    assert found.rates["majority"].fpr.value >= 0.5
    kinds = found.false_accepts["majority"]
    assert kinds["alone"].value == 1.0 and kinds["propagated"].value < 0.1


def test_missing_votes_are_counted_and_are_no_votes_against():
    """Every second question fails: the majority is of the others, and `all` holds none."""
    count = iter(range(10**6))

    def say(reading):
        if next(count) % 2:
            raise RuntimeError("away")
        return verdict(reading.user, truth(BY_PROMPT[reading.texts["task"]]))

    found = tried(ChainJudge(chat_model=Scripted(say), votes=2))
    assert found.missing == 100 and "away" in found.why
    assert found.rates["all"].tpr.value == 0.0
    assert found.rates["majority"].tpr.value == 1.0 and found.rates["any"].fpr.value == 0.0


def test_a_judge_without_verdicts_is_refused_and_one_that_is_stopped_has_no_rates():
    def away(reading):
        raise RuntimeError("away")

    with pytest.raises(UsageError, match="verdicts on 0 right chains"):
        tried(ChainJudge(chat_model=Scripted(away)), CHAINS[:4])
    with pytest.raises(KeyboardInterrupt):
        stopped = quiet(stopped=lambda: True)
        asyncio.run(judge_trial(knowing(truth), CHAINS[:4], stopped))


def test_the_prevalence_behind_what_a_judge_says():
    """It accepts each fifth wrong chain; of right answers it accepts 3 of 4."""
    wrong = [chain.task.prompt for chain in CHAINS if not chain.right]

    def says(chain):
        lenient = chain.task.prompt in wrong[::5]
        return "right" if chain.right or lenient else f"wrong at step {chain.bad_step}"

    found = tried(knowing(says))
    held = [problem([R] * 4, f"p{n}", votes=[(R,) * 3] * 3 + [(W,) * 3]) for n in range(20)]
    estimates = corrected(held, found)
    assert set(estimates) == {"all", "majority", "any"}
    for estimate in estimates.values():
        assert estimate.value == pytest.approx(rogan_gladen(0.75, 1.0, 0.2))
        assert estimate.value == pytest.approx(0.6875)  # (0.75 − 0.2) / 0.8
        assert estimate.low < 0.6875 < estimate.high


def test_a_judge_without_information_corrects_nothing():
    found = tried(knowing(lambda chain: "right"))
    held = [problem([R] * 2, votes=[(R,) * 3] * 2)]
    assert corrected(held, found) == {"all": None, "majority": None, "any": None}


def test_the_code_is_asked_for_in_every_question():
    judge = knowing(truth)
    tried(judge, CHAINS[:2])
    codes = [code_of(reading.user) for reading in judge.chat_model.heard]
    assert len(set(codes)) == 2 and all(re.fullmatch("[0-9a-f]{16}", code) for code in codes)
