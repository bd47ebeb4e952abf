"""Hand counts of metrics under other settings, and rows that stay valid where little is known."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from test_every_metric import wrong
from witnessed import ENGINE, LORA, SAMPLING, TICKETS, Mixed, objective_of, witnessed

from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.truncation import MaskTruncated
from whet.protocols import Reward
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.training.ledger import Ledger
from whet.types import IntegrityError, Rollout, Verdict

COSTS = ("computed", "tokens_", "seconds_", "_per_second")


@pytest.mark.parametrize("name", ["grpo", "luffy"])
@pytest.mark.parametrize(
    "engine",
    [{"slots": 1, "budget": 1}, {"slots": 2, "budget": 4096}, {"lora": LORA}],
    ids=["one by one", "all at once", "lora"],
)
def test_an_engine_changes_no_definition(name, engine, tmp_path):
    assert not wrong(witnessed(objective_of(name), tmp_path, ENGINE | engine))


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("name", ["dapo", "t_ppo"])
def test_any_number_of_minibatches(name, count, tmp_path):
    assert not wrong(witnessed(objective_of(name), tmp_path, minibatches=count))


def test_slots_and_budget_change_no_metric_but_costs(tmp_path):
    rows = []
    for number, sizes in enumerate([{"slots": 1, "budget": 1}, {"slots": 64, "budget": 4096}]):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = witnessed(objective_of("grpo"), folder, ENGINE | sizes, minibatches=1)
        rows.append(made.rows[0]["metrics"])
    one, other = ({k: v for k, v in row.items() if not _cost(k)} for row in rows)
    assert one.keys() == other.keys()
    for name, told in one.items():
        assert told == pytest.approx(other[name], rel=1e-4, abs=1e-6), name


def _cost(name: str) -> bool:
    return name.startswith(COSTS) or name.endswith(COSTS)


def test_demonstrations_are_no_training_accuracy(tmp_path):
    """The same policy, reward and seeds: the row is the same with two demonstrations a group."""
    found = []
    for companions in ((), (Demonstrations(count=2),)):
        folder = tmp_path / str(len(companions))
        folder.mkdir()
        objective = replace(objective_of("dapo"), companions=companions)
        found.append(witnessed(objective, folder, steps=1).rows[0]["metrics"])
    for name in ("reward", "reward_std", "correct", "length", "truncated", "faults", "varied"):
        assert found[0][name] == found[1][name], name
    assert found[1]["taught"]["of"] > found[0]["taught"]["of"]


def test_a_gate_is_counted(tmp_path):
    sampling = replace(SAMPLING, gate=NonZeroSpread(max_rounds=3, oversample=2.0))
    made = witnessed(objective_of("dapo"), tmp_path, reward=Rare(), sampling=sampling)
    told = made.rows[0]["metrics"]
    rewards = [{r.score for r in group} for group in made.steps[0].sampled]
    varied = sum(len(scores) > 1 for scores in rewards)
    launched = len(rewards)
    assert launched > TICKETS
    assert told["admitted"] == {"value": varied / launched, "of": launched}
    assert told["missing"]["value"] == max(0, TICKETS - varied)
    assert told["dropped"]["value"] == max(0, varied - TICKETS)
    assert told["varied"] == told["admitted"]


@dataclass(frozen=True)
class Rare(Reward):
    """Right where the reply begins with a seven."""

    def score(self, rollout: Rollout) -> Verdict:
        return Verdict.binary(correct=rollout.reply[:1] == "7")


@dataclass(frozen=True)
class Always(Reward):
    """One verdict for all."""

    verdict: Verdict

    def score(self, rollout: Rollout) -> Verdict:
        return self.verdict


STRANGE = [
    Verdict.binary(correct=True),
    Verdict.unjudged("away"),
    Verdict.not_applicable("of another kind"),
    replace(Verdict.binary(correct=True), correct=None),
]


@pytest.mark.parametrize("verdict", STRANGE, ids=lambda v: f"{v.reason} {v.correct}")
@pytest.mark.parametrize("name", ["grpo", "ppo", "dpo"])
def test_a_mean_over_nothing_is_null_of_0(name, verdict, tmp_path):
    """Without a score, or without spread: no NaN, and no null of something."""
    objective = objective_of(name)
    try:
        made = witnessed(objective, tmp_path, reward=Always(verdict))
    except IntegrityError as error:  # nothing to learn from is said, too
        assert "nothing to learn" in str(error)
        return
    for line in (tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line, parse_constant=_refused)
        for metric, told in row["metrics"].items():
            assert (told["value"] is None) == (told["of"] == 0), metric
    share = made.rows[0]["metrics"]["not_applicable"]
    assert share["value"] == float(verdict.reason == "not_applicable")


def _refused(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


def test_what_leaves_the_loss_is_in_no_denominator(tmp_path):
    """Truncated rollouts: `taught` has the others' tokens alone, as have loss and price."""
    plain = objective_of("grpo")
    masked = replace(plain, advantage=MaskTruncated(inner=plain.advantage))
    made = witnessed(masked, tmp_path, minibatches=1)
    assert not wrong(made)
    batch = made.steps[0].batch
    assert all(r.finish == "stop" for r in batch.rollouts)
    finished = [
        r for g in made.steps[0].sampled for r in g if r.finish == "stop" and r.score is not None
    ]
    assert len(batch.rollouts) == len(finished) > 0
    assert batch.tokens.totals.rollouts == len(finished)
    assert batch.tokens.totals.tokens == sum(r.length for r in finished)


def test_the_reward_is_that_of_the_extension_and_of_all_rollouts(tmp_path):
    """PROF drops rollouts from its groups; their rewards and lengths still count."""
    made = witnessed(objective_of("prof"), tmp_path)
    learned = {r.id for g in made.steps[0].taken.groups for r in g}
    sampled = [r for g in made.steps[0].sampled for r in g]
    assert any(r.id not in learned for r in sampled)
    scores = [s for r in sampled if (s := Mixed().score(r).score) == s]
    told = made.rows[0]["metrics"]["reward"]
    assert told["of"] == len(scores)
    assert told["value"] == pytest.approx(sum(scores) / len(scores))


def test_a_ledger_refuses_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        Ledger(tmp_path).write("step", (0, 1), {}, {"fact": float("nan")})
