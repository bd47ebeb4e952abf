"""Extensions in the loop: each does its work, and is after a kill what it was before."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from small import Digits, followed, small, steps_of

from whet.data.pool import Pool
from whet.policy import algorithms
from whet.policy.extensions.answer_hints import AnswerHints
from whet.policy.extensions.branches import Branches
from whet.policy.extensions.critic import Critic, OwnHead
from whet.policy.extensions.demonstration_fallback import DemonstrationFallback
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.extensions.distinct import Distinct
from whet.policy.extensions.extra_round import ExtraRound
from whet.policy.extensions.greedy import Greedy
from whet.policy.extensions.hints import Hints
from whet.policy.extensions.monte_carlo_values import MonteCarloValues
from whet.policy.extensions.moving_mean import MovingMean
from whet.policy.extensions.past_batches import PastBatches
from whet.policy.extensions.reference_reset import ReferenceReset
from whet.policy.extensions.rehearsal import Rehearsal
from whet.policy.extensions.replay import Replay
from whet.policy.extensions.role_baseline import RoleBaseline
from whet.policy.extensions.sft_buffer import SFTBuffer
from whet.policy.extensions.tracker import Tracker
from whet.training.glossary import metric
from whet.training.ledger import Ledger
from whet.training.trainer import RunEnded
from whet.types import Task, UsageError


@dataclass(frozen=True)
class Knows:
    """The answer itself, three times."""

    def demonstrate(self, task: Task) -> str:
        return task.answer * 3


def accompanied(name: str, **changes: Any) -> Any:
    pool = Pool(corpus=Digits(), tasks=5)
    objective = algorithms.load(name)
    run = small(objective=objective, corpus=pool, demonstrator=Knows(), steps=5)
    return replace(run, **changes)


def accompanied_by(companion: Any, **changes: Any) -> Any:
    objective = replace(algorithms.load("dapo"), companions=(companion,))
    return accompanied("dapo", objective=objective, **changes)


HEAVY = ["grpo", "luffy", "rlep", "spo_single", "relift", "skywork_or1", "red"]


@pytest.mark.parametrize(
    "name",
    ["ppo", "dpo", *(pytest.param(name, marks=pytest.mark.full) for name in ("prime", *HEAVY))],
)
def test_killed_and_resumed_it_ends_with_the_same_weights(name, tmp_path):
    run = accompanied(name)
    whole = followed(run, tmp_path / "whole")[-1]
    followed(run, tmp_path / "cut", stop_after=3)
    resumed = followed(run, tmp_path / "cut")[-1]
    assert isinstance(whole, RunEnded) and whole.complete
    assert resumed == whole
    rows = list(Ledger(tmp_path / "whole").rows())
    assert all(metric(row["kind"], name) for row in rows for name in row["metrics"])


@pytest.mark.full
@pytest.mark.parametrize(
    "companion",
    [
        Critic(),
        Critic(pretrain_steps=2),
        Critic(model=OwnHead()),
        Greedy(),
        Tracker(),
        MonteCarloValues(interval=1, count=2),
        Demonstrations(count=2),
        DemonstrationFallback(solved=4),
        SFTBuffer(size=2),
        Hints(steps=3),
        Hints(parts=0, rollouts=2),
        Branches(tries=2),
        Replay(least=1),
        ExtraRound(samples=2),
        PastBatches(),
        AnswerHints(hint="{answer}"),
        Distinct(),
        MovingMean(),
        RoleBaseline(),
        Rehearsal(tried=2, least=1, ahead=2),
    ],
    ids=repr,
)
def test_every_companion_lives_through_a_run(companion, tmp_path):
    events = followed(accompanied_by(companion), tmp_path / "run")
    assert isinstance(events[-1], RunEnded) and events[-1].complete
    assert len(steps_of(events)) == 5


def test_demonstrations_join_every_group(tmp_path):
    events = followed(accompanied_by(Demonstrations(count=2)), tmp_path / "run")
    for step in steps_of(events):
        for group in step.taken.played:
            assert [r.external.all() for r in group] == [False] * 4 + [True] * 2
            assert group[-1].reply == group[0].task.answer * 3


def test_memories_join_when_their_task_comes_again(tmp_path):
    events = followed(accompanied_by(Replay(count=1, least=1)), tmp_path / "run")
    first = steps_of(events)[0]
    assert all(len(group) == 4 for group in first.taken.played)
    later = [group for step in steps_of(events)[1:] for group in step.taken.played]
    joined = [group for group in later if len(group) == 5]
    assert joined
    for group in joined:
        assert group[-1].verdict.correct and group[-1].version != group[0].version


def test_a_hint_begins_every_reply_of_its_group(tmp_path):
    events = followed(accompanied_by(Hints(low=0.9, high=0.9, steps=9)), tmp_path / "run")
    for step in steps_of(events):
        for group in step.taken.played:
            assert len({r.forced_len for r in group}) == 1
            begun = group[0].task.answer * group[0].forced_len
            assert all(r.reply.startswith(begun) for r in group)
    assert any(g[0].forced_len for step in steps_of(events) for g in step.taken.played)


def test_while_the_critic_learns_alone_the_policy_rests(tmp_path):
    run = accompanied_by(Critic(pretrain_steps=2))
    events = steps_of(followed(run, tmp_path / "run"))
    digests = [step.taken.played[0][0].version.digest for step in events]
    assert digests[0] == digests[1] == digests[2] != digests[3]


@pytest.mark.full
def test_a_reference_that_is_reset_is_there_after_a_kill(tmp_path):
    objective = replace(algorithms.load("grpo"), companions=(ReferenceReset(patience=1),))
    run = accompanied("grpo", objective=objective, seed=1)
    whole = followed(run, tmp_path / "whole")[-1]
    followed(run, tmp_path / "cut", stop_after=4)
    assert list((tmp_path / "cut" / "checkpoints").glob("reference-*"))
    assert followed(run, tmp_path / "cut")[-1] == whole


def test_what_nobody_gives_is_refused():
    with pytest.raises(UsageError, match="objective needs a value of every token's state"):
        accompanied("ppo", objective=replace(algorithms.load("ppo"), companions=()))
    with pytest.raises(UsageError, match="objective needs a demonstrator .* give demonstrator"):
        accompanied("luffy", demonstrator=None)
