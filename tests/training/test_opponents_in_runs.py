"""Runs against models that are not trained: no rollout, no gradient, and the same after a kill."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
from pyarrow import parquet
from small import RUN, Digits, followed, small, steps_of, timeless

import whet
from whet.environments.against import Against
from whet.environments.opponents import Frozen, Past
from whet.evaluation.measure import EvalConfig
from whet.front.measuring import Subject
from whet.protocols import World
from whet.training import card
from whet.training.ledger import Ledger
from whet.training.resuming import check_inputs
from whet.training.run import CheckpointConfig, PeriodicEval
from whet.training.trainer import CHECKPOINTS
from whet.types import IntegrityError, Task, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel(World):
    """Each says a digit and hears the other's; white wants an equal one, black another."""

    levels: ClassVar[tuple[int, int]] = (1, 1)
    seats: ClassVar[tuple[str, ...]] = ("white", "black")
    bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def draw(self, rng, level):
        return Digits().task("train", rng.randrange(5))

    def canonical(self, task: Task):
        return task.id

    async def play(self, task, policy):
        white, black = policy.seat("white"), policy.seat("black")
        first = await white(task.prompt, max_new_tokens=2)
        answer = await black(f"{first}=", max_new_tokens=2)
        last = await white(f"{answer}=", max_new_tokens=2)
        won = last[:1] == answer[:1]
        white.end(Verdict.points(1 if won else -1, correct=won))
        black.end(Verdict.points(-1 if won else 1, correct=not won))


def against(opponent, **changes):
    """A run of four steps, with a checkpoint after each."""
    environment = (
        Duel() if opponent is None else Against(world=Duel(), opponent=opponent, seat="black")
    )
    own = {"environment": environment, "reward": None, "warmup": (), "steps": 4}
    return small(**(own | {"periodic": PeriodicEval(every=2, evaluation=ONCE)} | changes))


ONCE = EvalConfig(problems=3, samples=2, k=(1,))


@pytest.fixture
def folder(tmp_path):
    """The initial policy of the run, as a Hugging Face folder."""
    model, tokenizer = RUN.model.load("cpu", RUN.seed)
    model.save_pretrained(tmp_path / "frozen")
    tokenizer.save_pretrained(tmp_path / "frozen")
    return str(tmp_path / "frozen")


def rows_of(place: Path):
    files = sorted((place / "rollouts").glob("step-*.parquet"))
    return [row for file in files for row in parquet.read_table(file).to_pylist()]


def timed(rows):
    return [{k: v for k, v in row.items() if k != "cost_ms"} for row in rows]


def test_a_frozen_seat_has_neither_rollout_nor_gradient(folder, tmp_path):
    run = against(Frozen(folder=folder), steps=2)
    events = followed(run, tmp_path / "run")
    for step in steps_of(events):
        assert {group.seat for group in step.taken.played} == {"white"}
        batch = step.batch
        assert {rollout.seat for rollout in batch.rollouts} == {"white"}
        own = sum(act.stop - act.start for r in batch.rollouts for act in r.acts)
        assert len(batch.tokens.row) == own == sum(r.length for r in batch.rollouts)
        for rollout in batch.rollouts:  # what black said is heard: outside the action mask
            white, black, last = rollout.acts[0], rollout.turns[2], rollout.acts[1]
            assert not rollout.action_mask[white.stop : last.start].any()
            assert black.endswith("=") and last.start - white.stop >= len(black)
    assert {row["seat"] for row in rows_of(tmp_path / "run")} == {"white"}


def test_against_its_own_weights_the_first_step_is_that_of_self_play(folder, tmp_path):
    """Before the first update the frozen model is the policy, so white meets the same replies."""
    frozen = followed(against(Frozen(folder=folder), steps=1), tmp_path / "frozen-run")
    itself = followed(against(None, steps=1), tmp_path / "self-run")
    [one], [other] = steps_of(frozen), steps_of(itself)
    played = {g.seat: g for g in other.taken.played}
    assert played.keys() == {"white", "black"}
    known = {r.seed: r for g in other.taken.played if g.seat == "white" for r in g}
    for rollout in (r for g in one.taken.played for r in g):
        assert rollout.token_ids.tolist() == known[rollout.seed].token_ids.tolist()
        assert rollout.verdict.score == known[rollout.seed].verdict.score


@pytest.mark.full
@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_past_resumes_bit_equal_after_a_kill(stop_after, tmp_path):
    run = against(Past(every=1, last=2, share=0.5))
    events = followed(run, tmp_path / "whole")
    followed(run, tmp_path / "cut", stop_after=stop_after)
    assert followed(run, tmp_path / "cut")[-1] == events[-1]
    assert timeless(tmp_path / "cut") == timeless(tmp_path / "whole")
    assert timed(rows_of(tmp_path / "cut")) == timed(rows_of(tmp_path / "whole"))
    pools = [
        json.loads((tmp_path / name / CHECKPOINTS / "step-000004" / "opponents.json").read_text())
        for name in ("cut", "whole")
    ]
    assert pools[0] == pools[1] and pools[0].keys() == {"3", "4"}


def test_past_resumes_bit_equal_from_an_older_checkpoint(tmp_path):
    """No checkpoint is due after step 2, so what the pool got there is computed again."""
    rarely = CheckpointConfig(seconds=1e6, steps=2)
    run = against(Past(every=1, last=1, share=1.0), checkpoints=rarely)
    events = followed(run, tmp_path / "whole")
    followed(run, tmp_path / "cut", stop_after=3)
    assert not (tmp_path / "cut" / CHECKPOINTS / "step-000003").exists()
    assert (tmp_path / "cut" / CHECKPOINTS / "opponents" / "step-000003").exists()
    assert followed(run, tmp_path / "cut")[-1] == events[-1]
    assert timed(rows_of(tmp_path / "cut")) == timed(rows_of(tmp_path / "whole"))


def test_with_the_whole_share_later_steps_train_one_seat(tmp_path):
    followed(against(Past(every=2, last=1, share=1.0)), tmp_path / "run")
    seats = {}
    for row in rows_of(tmp_path / "run"):
        seats.setdefault(row["step"], set()).add(row["seat"])
    both = {"white", "black"}
    assert seats == {1: both, 2: both, 3: {"white"}, 4: {"white"}}


@pytest.mark.full
def test_the_weights_of_the_pool_are_the_published_ones(tmp_path):
    followed(against(Past(every=1, last=4)), tmp_path / "run")
    state = tmp_path / "run" / CHECKPOINTS / "step-000004" / "opponents.json"
    pool = json.loads(state.read_text())
    digests = {
        row["step"]: row["digest"]
        for row in Ledger(tmp_path / "run").rows()
        if row["kind"] in ("periodic", "final")
    }
    assert pool["2"] == digests[2] and pool["4"] == digests[4]
    assert len(set(pool.values())) == 4


def test_weights_that_were_changed_stop_the_run(tmp_path):
    run = against(Past(every=1, last=2))
    followed(run, tmp_path / "run", stop_after=2)
    kept = tmp_path / "run" / CHECKPOINTS / "opponents"
    one, other = (kept / f"step-{n:06}" / "model.safetensors" for n in (1, 2))
    one.write_bytes(other.read_bytes())
    with pytest.raises(IntegrityError, match=r"step-000001, weights of an opponent, has changed"):
        followed(run, tmp_path / "run")


def test_an_evaluation_of_the_run_has_its_pool(tmp_path):
    """The numbers of `whet eval` are those of the run's own last evaluation."""
    run = against(Past(every=2, last=1, share=1.0), evaluation=ONCE)
    followed(run, tmp_path / "run")
    card.write(tmp_path / "run", card.card(run))
    found = whet.evaluate(Subject.of_run(tmp_path / "run"), evaluation=ONCE)
    [final] = [row for row in Ledger(tmp_path / "run").rows() if row["kind"] == "final"]
    assert {group.seat for group in found.groups} == {"white"}
    assert found.reward.mean.value == final["metrics"]["reward"]["value"]


def test_the_digest_of_a_frozen_folder_is_on_the_card(folder):
    run = against(Frozen(folder=folder))
    held = card.card(run)
    assert held["opponents"] == {folder: Frozen(folder=folder).digest()}
    check_inputs(held, run)
    weights = Path(folder) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0\0")
    with pytest.raises(UsageError, match=r"opponent.folder .* has changed since the run began"):
        check_inputs(held, run)


def test_a_run_is_made_again_from_its_card(folder):
    for opponent in (Frozen(folder=folder), Past(every=3, last=2, share=0.25)):
        run = replace(against(opponent), corpus=RUN.corpus)
        assert card.run_of(card.card(run)).environment == run.environment
