"""What a run's parts can't do is said when it begins, and what they never did when it has ended."""

from dataclasses import dataclass

import pytest
from small import FirstDigit, followed, small

import whet
from whet.cli.main import main
from whet.evaluation.measure import EvalConfig
from whet.policy.algorithms import load
from whet.protocols import Reward
from whet.rewards.dense.shepherd import Shepherd
from whet.rewards.verifiable.math import Math
from whet.rewards.verifiable.repetition_penalty import RepetitionPenalty
from whet.training.doctor import Doctor
from whet.training.doubts import doubts
from whet.training.idle_parts import idle_parts
from whet.training.run import PeriodicEval
from whet.types import Reason, Rollout, UsageError, Verdict

ONE = EvalConfig(problems=1, samples=1, k=(1,))


@dataclass(frozen=True)
class Graded(Reward):
    """Half marks for everything, and no word on what is correct."""

    score_of_all: float = 0.5

    def score(self, rollout: Rollout) -> Verdict:
        return Verdict(reason=Reason.PARTIAL, score=self.score_of_all)


def short(**changes):
    made = {"warmup": (), "steps": 5, "evaluation": ONE, "periodic": PeriodicEval(every=0)}
    return small(**made | changes)


def test_a_start_prints_each_doubt_once_and_the_doctor_what_never_acted(tmp_path, capsys):
    run = short(minibatches=1, reward=Graded())
    whet.train(run, tmp_path / "run")
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("Clipped has no effect: minibatches is 1") == 1
    assert said.count("note: the run has no periodic evaluation") == 1
    main(["doctor", str(tmp_path / "run")])
    said = capsys.readouterr().out
    assert said.count("well   rewards were equal in every group of all 5 steps") == 1


def test_the_doctor_reads_a_ledger_whose_run_cannot_be_loaded(tmp_path, capsys):
    whet.train(short(), tmp_path / "run")
    card = tmp_path / "run" / "run.json"
    card.write_text(card.read_text().replace("FirstDigit", "LostDigit"))
    capsys.readouterr()
    main(["doctor", str(tmp_path / "run")])
    said = capsys.readouterr().out
    assert said.count("well   the parts of the run are not examined: ") == 1
    assert "5 steps, finished" in said


def test_doubts_are_of_choices_parts_and_settings():
    run = short(minibatches=1, steps=2, periodic=PeriodicEval(every=3), evaluation=EvalConfig())
    for field in ("Clipped", "periodic.every", "evaluation is"):
        assert any(field in said for said in doubts(run))


@pytest.mark.parametrize("name", ["dpo", "kto", "disco", "nft", "rlep", "topr", "vapo", "raft"])
def test_graded_scores_without_correctness_are_refused_by_name(name, tmp_path):
    with pytest.raises(UsageError, match=r"reads which replies are correct.*0\.5 without") as told:
        whet.train(short(objective=load(name), reward=Graded(), steps=200), tmp_path / "run")
    assert "\n" not in str(told.value)
    assert not (tmp_path / "run").exists()


def test_a_step_stops_where_the_trial_could_not_tell(tmp_path):
    run = short(objective=load("rlep"), reward=Graded(), minibatches=2)
    with pytest.raises(UsageError, match=r"^Replay reads which replies are correct"):
        followed(run, tmp_path)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_scores_of_0_and_1_are_labels(score, tmp_path):
    run = short(objective=load("rlep"), reward=Graded(score), steps=1, minibatches=2)
    assert followed(run, tmp_path)


def test_algorithms_of_scores_take_graded_ones(tmp_path):
    run = short(reward=Graded(), steps=1, minibatches=2)
    assert followed(run, tmp_path)


@pytest.mark.parametrize(
    ("reward", "field"),
    [
        (Shepherd(inner=FirstDigit(), weight=float("nan")), "Shepherd.weight is nan"),
        (Math(limit_s=0.0), "Math.limit_s is 0.0"),
        (Math(limit_s=-1.0), "Math.limit_s is -1.0"),
        (Math(workers=0), "Math.workers is 0"),
        (RepetitionPenalty(most=float("nan")), "RepetitionPenalty.most is nan"),
    ],
)
def test_numbers_that_no_part_can_use_are_refused(reward, field, tmp_path):
    with pytest.raises(UsageError, match=field):
        whet.train(short(reward=reward), tmp_path / "run")


def ledger(**metrics):
    held = {name: {"value": value, "of": 8} for name, value in metrics.items()}
    return [{"kind": "step", "metrics": held}] * 5


def test_pairs_that_never_came_are_named():
    """Rewards vary, and every reply is wrong: a preference loss has no pair."""
    run = short(objective=load("dpo"), minibatches=2)
    wrong = ledger(varied=0.5, correct_varied=0.0)
    assert [said.partition(" ")[0] for said in idle_parts(wrong, run)] == ["PairwiseLoss"]
    assert idle_parts(ledger(varied=0.5, correct_varied=0.1), run) == []
    assert idle_parts(wrong, short(objective=load("kto"), minibatches=2)) == []


def test_an_evaluation_that_knows_little_says_why():
    row = {
        "known_greedy": {"value": 0.5, "of": 8},
        "missing_verifier_error": {"value": 0.25, "of": 16},
        "missing_score_only": {"value": 0.0, "of": 16},
    }
    said = [f.message for f in Doctor().examine([{"kind": "base", "metrics": row}])]
    assert any("greedy for 4 of 8" in x and "the reward failed on 4 of 16" in x for x in said)


def test_single_rollouts_and_batch_baselines_raise_no_alarm():
    """One rollout has no other to differ from; whitening compares groups with one another."""
    assert idle_parts(ledger(varied=0.0), None) == []
    apart = ledger(varied=0.0, reward_std_within=0.0)
    assert len(idle_parts(apart, short(objective=load("grpo"), minibatches=2))) == 1
    for name in ("reinforce_pp", "kto", "ppo"):
        assert idle_parts(apart, short(objective=load(name), minibatches=2)) == []


@pytest.mark.parametrize(("name", "count"), [("cispo", 0), ("gppo", 0), ("aspo", 1), ("gmpo", 1)])
def test_a_bound_that_leaves_the_gradient_is_not_called_idle(name, count):
    """`clipped` counts tokens without a gradient, which CISPO and GPPO never have."""
    run = short(objective=load(name), minibatches=2)
    said = idle_parts(ledger(varied=0.5, clipped=0.0), run)
    assert len(said) == count
    assert all("clipped no token" in text for text in said)


def test_a_penalty_may_teach_where_rewards_are_equal():
    rows = ledger(varied=0.0, taught=1.0, reward=0.5, admitted=1.0)
    [said] = [f.message for f in Doctor().examine(rows) if "rewards vary in only" in f.message]
    assert "of a penalty, or of an advantage" in said
