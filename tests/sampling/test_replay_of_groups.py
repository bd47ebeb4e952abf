"""Replay of groups: which rollouts of earlier steps are learned from again."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from recorded import recorded

from whet.policy.algorithms.critic_free.grpo import grpo
from whet.policy.inspection import warnings
from whet.protocols import Now, SamplingSetup
from whet.recipes.quickstart import quickstart
from whet.rollouts.buffer import Buffer
from whet.sampling.replay.prioritised_replay import PrioritisedReplay
from whet.sampling.replay.trajectory_replay import TrajectoryReplay
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.validation import run_spec
from whet.types import (
    Decoding,
    Group,
    IntegrityError,
    Reason,
    Request,
    Task,
    Ticket,
    UsageError,
    Verdict,
    Version,
)
from whet.types.plain_states import check_plain
from whet.types.saved_rollouts import group_as_plain, group_from_plain


def rollout(task, seed, verdict, *, step=0, entropy=0.5, hinted=False):
    return recorded(
        task=task,
        seed=seed,
        tokens=(1, 2, 3),
        chosen=(False, True, True),
        behaviour_logp=(-0.1, -0.2),
        entropy=(entropy, entropy),
        self_certainty=(1.0, 2.0),
        turns=("?", "reply"),
        forced=int(hinted),
        version=Version(step=step, digest="by hand"),
        verdict=verdict,
    )


def right_or_wrong(name, marks, *, step=0, ticket=0, **more):
    """A group by a word: r right, w wrong, f a fault, h right with a hint."""
    task = Task(id=name, prompt="?")
    verdicts = {"f": Verdict.unjudged("away")}
    rollouts = [
        rollout(
            task,
            i,
            verdicts.get(mark) or Verdict.binary(correct=mark in "rh"),
            step=step,
            hinted=mark == "h",
            entropy=more.get("entropy", [0.5] * len(marks))[i],
        )
        for i, mark in enumerate(marks)
    ]
    return Group.of(rollouts).numbered(ticket)


def now(step, steps=100):
    return Now(step=step, steps=steps, version=step, metrics={})


def opened(settings, seed=0):
    return settings.open(SamplingSetup(corpus=quickstart().corpus, seed=seed, steps=100))


def played(live, step, groups, ticket=0):
    """The groups that a step recalls, one ticket after the other."""
    found = []
    for number, group in enumerate(groups, ticket):
        request = Request.of(group.task, (0,), Decoding())
        live.visited(group.task, [group])
        found += live.recall(Ticket(number=number, request=request), [group], now(step))
    metrics = live.step_ended(now(step))
    return found, metrics


def learning(group):
    return [
        r.seed for r, flag in zip(group, group.learn or (True,) * len(group), strict=True) if flag
    ]


FRESH = right_or_wrong("fresh", "rwww", step=1, ticket=9)


def test_a_right_rollout_comes_again_with_its_whole_group_as_baseline():
    live = opened(TrajectoryReplay())
    old = right_or_wrong("old", "wrrw", ticket=3, entropy=[0.1, 0.9, 0.3, 0.1])
    assert played(live, 0, [old])[0] == []  # its own step does not see it
    (found,), metrics = played(live, 1, [FRESH])
    assert learning(found) == [2]  # right, with the lowest entropy
    assert (len(found), found.ticket) == (4, 3)
    assert [r.id for r in found] == [r.id for r in old]
    assert np.array_equal(found[2].behaviour_logp, old[2].behaviour_logp)
    assert found[2].self_certainty is None  # only its own step uses it
    assert metrics["recalled"].value == 1


def test_without_entropies_the_likeliest_right_rollout_is_the_surest():
    live = opened(TrajectoryReplay())
    first, second = right_or_wrong("old", "rr").rollouts
    wrong = right_or_wrong("old", "w")[0]
    rare = replace(first, entropy=None, behaviour_logp=np.array([-3, -3], np.float32))
    likely = replace(second, entropy=None)
    played(live, 0, [Group.of([rare, likely, replace(wrong, seed=2, id="w")])])
    assert learning(played(live, 1, [FRESH])[0][0]) == [1]


def test_recalled_rollouts_are_at_most_their_share():
    live = opened(TrajectoryReplay(share=0.25))
    played(live, 0, [right_or_wrong(f"t{i}", "rw", ticket=i) for i in range(20)])
    fresh = [right_or_wrong(f"f{i}", "rwwwr", step=1, ticket=30 + i) for i in range(4)]
    found, _ = played(live, 1, fresh)
    recalled = sum(len(learning(group)) for group in found)
    assert recalled == 6  # 6 of 26 rollouts; 7 of 27 would be more than a quarter
    ids = [r.id for group in found for r in group]
    assert len(set(ids)) == len(ids)  # no rollout twice in a step


def test_rollouts_that_only_count_in_a_baseline_are_neither_counted_nor_recalled():
    live = opened(TrajectoryReplay(share=0.5))
    old = replace(right_or_wrong("old", "rrw"), learn=(False, True, True))
    played(live, 0, [old])
    few = replace(FRESH, learn=(False,) * 4)
    assert played(live, 1, [few])[0] == []
    assert learning(played(live, 2, [FRESH])[0][0]) == [1]


def test_a_solved_task_leaves_and_a_failed_visit_keeps_the_old_success():
    live = opened(TrajectoryReplay(share=0.5))
    played(live, 0, [right_or_wrong("t", "rw")])
    _, metrics = played(live, 1, [right_or_wrong("t", "ww", step=1)])
    assert metrics["replay_held"].value == 1
    _, metrics = played(live, 2, [right_or_wrong("t", "f", step=2)])  # a fault says nothing
    assert metrics["replay_held"].value == 1
    _, metrics = played(live, 3, [right_or_wrong("t", "r" * 10 + "w", step=3)])  # 10 / 11 > 0.9
    assert metrics["replay_held"].value == 0
    _, metrics = played(live, 4, [right_or_wrong("t", "r" * 9 + "w", step=4)])
    assert metrics["replay_held"].value == 1


def test_old_groups_leave_and_a_new_visit_replaces_the_last_one():
    live = opened(TrajectoryReplay(most_age=3, share=0.5))
    played(live, 0, [right_or_wrong("t", "rw"), right_or_wrong("u", "rw")])
    played(live, 1, [right_or_wrong("u", "wwr", step=1)])
    failed = [right_or_wrong("x", "wwww", step=3)]
    assert {g.task.id for g in played(live, 3, failed)[0]} == {"t", "u"}
    (found,), _ = played(live, 4, failed)
    assert (found.task.id, len(found)) == ("u", 3)


def test_faults_and_hints_are_not_recalled():
    live = opened(TrajectoryReplay(share=0.5))
    played(live, 0, [right_or_wrong("hinted", "hhw"), right_or_wrong("t", "frw")])
    (found,), _ = played(live, 1, [FRESH])
    assert found.task.id == "t"
    assert [r.seed for r in found] == [1, 2]


def test_tasks_of_medium_difficulty_are_recalled_most():
    live = opened(TrajectoryReplay(sigma=0.2, share=0.01, most_age=1000))
    played(live, 0, [right_or_wrong("even", "rrww"), right_or_wrong("hard", "rwwwwwwwww")])
    drawn = Counter(played(live, 1, [], 0)[0])
    for step in range(1, 300):
        live.fresh = 99
        drawn.update(g.task.id for g in played(live, step, [replace(FRESH, rollouts=())], step)[0])
    expected = 1 / (1 + np.exp(-(0.4**2) / (2 * 0.2**2)))  # weights 1 and e^-2
    assert drawn["even"] / drawn.total() == pytest.approx(expected, abs=0.07)


def graded(name, scores, *, ticket=0, step=0):
    task = Task(id=name, prompt="?")
    verdicts = [Verdict(reason=Reason.PARTIAL, score=score) for score in scores]
    rollouts = [rollout(task, i, verdict, step=step) for i, verdict in enumerate(verdicts)]
    return Group.of(rollouts).numbered(ticket)


POOL = [
    graded("a", (0.0, 0.0), ticket=1),
    graded("b", (0.0, 0.4), ticket=2),
    graded("c", (0.0, 1.0), ticket=3),
    graded("d", (0.0, 2.0, 1.0), ticket=4),
]


def test_a_priority_is_the_mean_absolute_deviation_of_the_rewards():
    part = PrioritisedReplay(epsilon=0.1, alpha=0.5)
    found = [part.priority(group) ** 2 - 0.1 for group in POOL]
    assert found == pytest.approx([0.0, 0.2, 0.5, 2 / 3])


def test_beta_grows_to_1_by_the_last_step():
    part = PrioritisedReplay(beta=0.4)
    assert [part.beta_at(now(step, steps=11)) for step in (0, 5, 10)] == pytest.approx(
        [0.4, 0.7, 1]
    )


def draws(part, number):
    """(task, weight) of single draws from the pool, each in a step of its own."""
    live = opened(part)
    live.held = list(POOL)
    for i in range(number):
        live.landed, live.used, live.fresh = [], set(), 0
        ticket = Ticket(number=i, request=Request.of(FRESH.task, (0,), Decoding()))
        (found,) = live.recall(ticket, [FRESH], now(0))
        yield found.task.id, found.weight


def test_weighted_draws_have_the_plain_mean_at_beta_1():
    """Draws favour d over a; their weighted mean is that of all alike."""
    value = {"a": 8.0, "b": -2.0, "c": 1.0, "d": 1.0}
    found = list(draws(PrioritisedReplay(share=0.5, beta=1.0, epsilon=0.05), 3000))
    drawn = Counter(name for name, _ in found)
    assert drawn["d"] > 3 * drawn["a"]
    weights = np.array([weight for _, weight in found])
    values = np.array([value[name] for name, _ in found])
    assert (weights * values).sum() / weights.sum() == pytest.approx(2.0, abs=0.3)
    assert abs(values.mean() - 2.0) > 0.3  # without the weights
    assert weights.max() == 1.0


def test_probabilities_are_the_priorities():
    part = PrioritisedReplay(share=0.5, alpha=1.0, epsilon=0.1)
    drawn = Counter(name for name, _ in draws(part, 2000))
    spreads = {"a": 0.1, "b": 0.3, "c": 0.6, "d": 2 / 3 + 0.1}
    for name, spread in spreads.items():
        assert drawn[name] / 2000 == pytest.approx(spread / sum(spreads.values()), abs=0.03)


def test_groups_come_once_a_step_within_their_share_and_age():
    live = opened(PrioritisedReplay(share=0.5, most_age=2))
    assert played(live, 0, POOL)[0] == []
    found, _ = played(live, 1, [replace(FRESH, ticket=20 + i) for i in range(6)], 20)
    assert sorted(group.task.id for group in found) == ["a", "b", "c", "d"]
    found, metrics = played(live, 3, [right_or_wrong("x", "rw", step=3)])
    assert {group.task.id for group in found} <= {"fresh"}
    assert metrics["replay_held"].value == 7
    few, _ = played(opened(PrioritisedReplay(share=0.25)), 1, POOL[:2])
    assert few == []


def test_a_weight_multiplies_the_one_that_a_group_has():
    live = opened(PrioritisedReplay(share=0.5, beta=1.0))
    live.held = [replace(POOL[2], weight=0.5)]
    (found,), _ = played(live, 1, [FRESH])
    assert found.weight == 0.5


@pytest.mark.parametrize("settings", [TrajectoryReplay(), PrioritisedReplay()], ids=repr)
def test_a_resumed_buffer_recalls_what_the_first_one_does(settings, tmp_path):
    def step(live, number):
        marks = ["".join(Random(f"{number}{i}").choices("rwf", k=6)) for i in range(4)]
        groups = [
            right_or_wrong(f"t{Random(f'{number}.{i}').randrange(9)}-{i}", m, step=number, ticket=i)
            for i, m in enumerate(marks)
        ]
        found, metrics = played(live, number, groups)
        return [(g.task.id, g.ticket, g.learn, g.weight, g.rollouts) for g in found], metrics

    first, second = opened(settings), opened(settings)
    for number in range(4):
        step(first, number)
    check_plain(first.state_dict(), "state")
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    later = [step(first, number) for number in range(4, 8)]
    assert later == [step(second, number) for number in range(4, 8)]
    assert any(found for found, _ in later)


def test_a_group_is_the_same_after_a_file(tmp_path):
    group = replace(right_or_wrong("t", "rwh", ticket=4), learn=(True, False, True), weight=0.3)
    torch.save(group_as_plain(group), tmp_path / "group.pt")
    assert group_from_plain(torch.load(tmp_path / "group.pt", weights_only=True)) == group


def test_a_buffer_saves_a_strategy_with_rollouts(tmp_path):
    sampling = Standard(
        prompts=Uniform(per_step=2), size=Fixed(rollouts=2), replay=PrioritisedReplay(share=0.5)
    )
    setup = SamplingSetup(corpus=quickstart().corpus, seed=0, steps=9)

    def buffer():
        return Buffer(sampling, sampling.open(setup))

    async def play(tickets):
        return [
            (t, (right_or_wrong(t.request.task.id, "rw", step=t.version, ticket=t.number),))
            for t in tickets
        ]

    async def step(held, number):
        taken = await held.take(now(number, 9), play)
        return [(g.task.id, g.ticket, g.weight) for g in taken.groups]

    async def whole():
        first, second = buffer(), buffer()
        alone = [await step(first, number) for number in range(2)]
        await first.save(tmp_path)
        await second.load(tmp_path)
        return (
            alone,
            [await step(first, n) for n in (2, 3)],
            [await step(second, n) for n in (2, 3)],
        )

    alone, first, second = asyncio.run(whole())
    assert first == second
    assert {ticket for _, ticket, _ in alone[1]} == {0, 1, 2, 3}  # guests keep their numbers
    assert {path.name for path in tmp_path.iterdir()} == {"sampling.pt"}


@pytest.mark.parametrize(
    ("state", "place"),
    [
        ({"a": [1, {"b": float("nan")}]}, "state.a.1.b"),
        ({"a": np.float64(1)}, "state.a"),
        ({"a": Path("x")}, "state.a"),
        ({(1, 2): Path("x")}, "key of state"),
        ({"a": torch.tensor([float("inf")])}, "state.a"),
        ([{1, 2}], "state.0"),
    ],
)
def test_a_state_that_could_not_be_read_again_is_refused_with_its_place(state, place):
    with pytest.raises(IntegrityError, match=place):
        check_plain(state, "state")
    check_plain({"a": [1, 2.5, None, True, ("x", torch.ones(2))], 3: {}}, "state")


def test_replay_keeps_a_clip_from_being_called_idle():
    run = replace(quickstart(), minibatches=1, objective=grpo())
    replayed = replace(run, sampling=replace(run.sampling, replay=TrajectoryReplay()))
    assert any("has no effect" in text for text in warnings(run, run_spec(run)))
    assert not any("has no effect" in text for text in warnings(replayed, run_spec(replayed)))


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        (TrajectoryReplay, {"share": 1.0}),
        (TrajectoryReplay, {"most_age": 0}),
        (TrajectoryReplay, {"retire": 0.0}),
        (TrajectoryReplay, {"sigma": 0.0}),
        (TrajectoryReplay, {"capacity": 0}),
        (PrioritisedReplay, {"share": 0.0}),
        (PrioritisedReplay, {"alpha": -1.0}),
        (PrioritisedReplay, {"beta": 1.5}),
        (PrioritisedReplay, {"epsilon": 0.0}),
        (PrioritisedReplay, {"most_age": 0}),
        (PrioritisedReplay, {"capacity": 0}),
    ],
)
def test_impossible_settings_are_refused_by_field(part, fields):
    with pytest.raises(UsageError, match=f"sampling.replay.{next(iter(fields))}"):
        part(**fields)


def test_states_are_values_of_their_own():
    """What a state holds does not change as the run goes on."""
    live = opened(TrajectoryReplay())
    played(live, 0, [right_or_wrong("t", "rw")])
    held = json.dumps([g["ticket"] for g in live.state_dict()["groups"]])
    state = live.state_dict()
    played(live, 1, [right_or_wrong("u", "rw", step=1, ticket=5)])
    assert json.dumps([g["ticket"] for g in state["groups"]]) == held
