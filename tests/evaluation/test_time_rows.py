"""Strategies in the record of an evaluation: their rows, where they go on, and their names."""

import asyncio
from dataclasses import dataclass, replace

import pytest
from sampling.shaped import END, TOKENIZER, Hashed

from whet.evaluation.config import EvalConfig
from whet.evaluation.measure import measure
from whet.evaluation.recording import SampleRecorder
from whet.evaluation.sample_file import SampleFile, read_samples
from whet.evaluation.samples import plain
from whet.evaluation.test_time.attempt import AttemptContext
from whet.evaluation.test_time.beam import Beam
from whet.evaluation.test_time.best_of_n import BestOfN
from whet.evaluation.test_time.budget_forcing import BudgetForcingAttempt
from whet.evaluation.test_time.curve import points
from whet.evaluation.test_time.early_stop import EarlyStop
from whet.evaluation.test_time.majority import MajorityChoice
from whet.evaluation.test_time.measure import measure_attempts
from whet.evaluation.test_time.once import Once
from whet.evaluation.test_time.parsing import strategies_of
from whet.evaluation.test_time.revision import Revision
from whet.evaluation.test_time.strategy import TestTime
from whet.front.comparing import compared
from whet.protocols import Reward
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.rollouts.runner import RolloutRunner
from whet.types import Decoding, Task, UsageError, Verdict

TASKS = [Task(id=str(i), prompt=f"{i}+4=", answer="7") for i in range(3)]
CONFIG = EvalConfig(problems=3, samples=4, k=(1,))
HOW = Decoding(max_new_tokens=20)
REVISED, FORCED = Revision(ask="?"), BudgetForcingAttempt(waits=1, wait="W", close="p")

ALL = (Once(), REVISED, FORCED)


@dataclass(frozen=True)
class Even(Reward):
    """Right if the reply has an even number of characters; the judge is away for one task."""

    away: str = ""

    def score(self, rollout):
        if rollout.task.id == self.away:
            raise OSError("away")
        return Verdict.binary(correct=len(rollout.reply) % 2 == 0, answer=rollout.reply[:1])


class Lengths:
    """A scorer that likes long replies."""

    async def scores(self, rollouts):
        return [float(rollout.length) for rollout in rollouts]


def evaluated(path=None, attempts=ALL, away=""):
    """The rows of plain samples and of the attempts, and the generator."""
    generator = Hashed(0.15)
    player = RolloutPlayer(generator, TextRenderer(TOKENIZER, frozenset({END})))
    recorder = SampleRecorder(policy="w", setting="s", scorer=Lengths())
    if path is not None:
        recorder = replace(recorder, journal=SampleFile(path))
    context = AttemptContext(runner=RolloutRunner(player, Even(away), 0), decoding=HOW)

    async def both():
        card = await measure(player, Even(away), TASKS, CONFIG, HOW, recorder)
        rows = await measure_attempts(attempts, TASKS, CONFIG, context, recorder)
        return [*card.rows, *rows]

    return asyncio.run(both()), generator


def test_an_attempt_has_a_row_for_each_sample():
    rows, generator = evaluated()
    by_strategy = {}
    for row in rows:
        by_strategy.setdefault((row.strategy, row.greedy), []).append(row)
    assert {key: len(held) for key, held in by_strategy.items()} == {
        ("", True): 3,
        ("", False): 12,
        (REVISED.label, False): 12,
        (FORCED.label, False): 12,
    }
    forced = sum(row.text.count("W") for row in by_strategy[FORCED.label, False])
    assert sum(row.tokens for row in rows) == generator.decoded + forced
    seeds = [[row.seed for row in held] for (_, greedy), held in by_strategy.items() if not greedy]
    assert seeds[0] == seeds[1] == seeds[2]
    lengths = [row for row in rows if not row.strategy]
    assert all(row.selection == row.tokens for row in lengths)


def told(rows):
    """The rows in some order, without measured times."""
    return sorted(repr(replace(row, judge_milliseconds=0.0)) for row in rows)


def test_a_file_with_strategies_goes_on_and_is_compared_by_plain_samples(tmp_path):
    path = tmp_path / "s.jsonl"
    rows, first = evaluated(path)
    assert told(read_samples(path)) == told(rows)
    kept = path.read_text().splitlines(keepends=True)
    path.write_text("".join(kept[:-5]) + kept[-5][:40])  # killed within a row
    again, more = evaluated(path)
    assert told(again) == told(rows)
    assert 0 < more.decoded < first.decoded / 2
    bare = tmp_path / "bare.jsonl"
    evaluated(bare, attempts=())
    assert told(plain(read_samples(path))) == told(read_samples(bare))
    assert compared(path, bare).tokens[0] == compared(path, bare).tokens[1]


def test_a_judge_that_is_away_widens_and_is_counted():
    strategies = [TestTime(attempt=REVISED), TestTime(choice=MajorityChoice())]
    sound = points(evaluated()[0], strategies)
    broken = points(evaluated(away="1")[0], strategies)
    for one, other in zip(sound, broken, strict=True):
        assert (one.faults, other.faults) == (0, 4)
        assert other.tokens == one.tokens
        assert other.accuracy.least <= one.accuracy.value <= other.accuracy.most
        assert other.accuracy.high - other.accuracy.low > one.accuracy.high - one.accuracy.low


class Model:
    """A step model that is never asked."""

    def scores(self, rollouts):
        raise AssertionError("it was asked")


def test_strategies_by_name():
    said = (
        "majority, best_of_n,early_stop(confidence=0.9), budget_forcing(waits=4, wait='Hmm'), "
        "revision+majority, beam(width=2)"
    )
    model = Model()
    assert strategies_of(said, model, ";") == (
        TestTime(choice=MajorityChoice()),
        TestTime(choice=BestOfN()),
        TestTime(choice=EarlyStop(confidence=0.9)),
        TestTime(attempt=BudgetForcingAttempt(waits=4, wait="Hmm")),
        TestTime(attempt=Revision(), choice=MajorityChoice()),
        TestTime(attempt=Beam(model=model, width=2, mark=";")),
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "majority"),
        ("maj", "majority"),
        ("majority(", "majority"),
        ("majority)+(", "test_time"),
        ("majority+revision", "revision\\+majority"),
        ("revision*majority", "revision\\+majority"),
        ("majority, majority", "twice"),
        ("budget_forcing(2)", "by name"),
        ("budget_forcing(m=2)", "waits"),
        ("budget_forcing(waits='2')", "whole number"),
        ("budget_forcing(waits=True)", "whole number"),
        ("budget_forcing(waits=open)", "whole number"),
        ("budget_forcing(waits={[]: 1})", "whole number"),
        ("budget_forcing(waits=2, waits=3)", "waits twice"),
        (f"budget_forcing(waits=0x{'f' * 6000})", "waits has more than"),
        (f"early_stop(confidence=0x{'f' * 6000})", "confidence has more than"),
        (f"majority(0x{'f' * 6000})", "by name"),
        (f"budget_forcing(waits={'-' * 3000}1)", "test_time is"),
        ("revision" + "+majority" * 3000, "test_time is"),
        ("x" * 10000, "test_time is"),
        ("budget_forcing(waits=0)", "budget_forcing.waits"),
        ("early_stop(same=1)", "confidence"),
        ("best_of_n", "step-model"),
        ("revision+weighted_vote", "step-model"),
        ("beam", "step-model"),
        ("beam(model='x')", "width"),
    ],
)
def test_a_text_that_names_no_strategy_is_refused(said, told):
    with pytest.raises(UsageError, match=told) as error:
        strategies_of(said)
    assert len(str(error.value)) < 400
    assert "\n" not in str(error.value)
