"""What every unsupervised, shaping or dense judge promises.  A new file is tried at once."""

import asyncio
import inspect
import pickle
from dataclasses import fields, replace
from importlib import import_module
from math import isfinite

import pytest
from recorded import recorded
from said import Marks, asked, together

from whet import rewards
from whet.data.procedural.chain import Chain
from whet.protocols import GroupReward, Reward
from whet.registry import names
from whet.rewards.dense import Surprises
from whet.rewards.judging import context_of, verdicts
from whet.rewards.verifiable.format import Format
from whet.types import Need, Task, UsageError

FAMILIES = ("unsupervised", "shaping", "dense")
NAMES = {n: at.module for n, at in names("reward").items() if at.family in FAMILIES}
TASK = Task(
    id="t",
    prompt="3+5*2-7=",
    answer="9",
    info={"verifier": "exact", "family": "chain", "boundaries": (1,)},
)


class Steps:
    """A step model that is sure of nothing."""

    def scores(self, rollouts):
        return [[0.5] * rollout.length for rollout in rollouts]

    def __eq__(self, other):
        return isinstance(other, Steps)

    def __hash__(self):
        return 0


def pose(rollout):
    """Every reply proposes itself."""
    return Task(id=rollout.reply, prompt=rollout.reply, answer="9", info=TASK.info)


NEEDED = {"family": Chain(), "turn": Format(), "poser": pose}  # what has no default


def given(kind, name):
    return Steps() if kind == "process_model" and name == "model" else Format()


def judge_of(name):
    kind = import_module(NAMES[name])
    offered = getattr(kind, name.title().replace("_", ""))
    needed = [
        p.name
        for p in inspect.signature(offered).parameters.values()
        if p.default is inspect.Parameter.empty
    ]
    return rewards.load(name, **{n: NEEDED.get(n) or given(name, n) for n in needed})


def rollout(reply, seed, task=TASK):
    n = len(reply)
    return recorded(
        task=task,
        seed=seed,
        turns=(str(task.prompt), reply),
        tokens=(0, *range(n)),
        chosen=(False, *(True,) * n),
        behaviour_logp=tuple(-0.1 - k % 3 for k in range(n)),
        entropy=tuple(0.2 + k % 2 for k in range(n)),
        self_certainty=tuple(0.3 + k % 5 for k in range(n)),
        char_ends=tuple(range(1, n + 1)),
    )


async def play(request):
    return together(
        rollout("8;16;9;#9" if p.seed % 2 else "#7", p.seed, request.task) for p in request.plays
    )


GROUP = together(
    rollout(reply, seed)
    for seed, reply in enumerate(["8;16;9;#9", "8;16;9;#9", "#7", "let me see <answer>9</answer>"])
)


@pytest.mark.parametrize("name", NAMES)
def test_every_rollout_gets_a_finite_verdict_in_order(name):
    found = asked(judge_of(name), GROUP, play)
    assert len(found) == len(GROUP)
    assert not any(v.fault for v in found), [v.note for v in found]
    assert all(isfinite(v.score) and all(map(isfinite, v.parts.values())) for v in found)
    for verdict, held in zip(found, GROUP, strict=True):
        assert len(verdict.credit) in (0, held.length)
        assert all(map(isfinite, verdict.credit))


@pytest.mark.parametrize("name", NAMES)
def test_correct_is_the_checkers_and_never_shaped(name):
    if name in ("next_token", "proposer"):  # one is a checker, the other has none
        return
    found = asked(judge_of(name), GROUP, play)
    assert [v.correct for v in found] == [True, True, False, False]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_group_earns_the_same(name):
    first, again = (
        [replace(v, cost_ms=0.0) for v in asked(judge_of(name), GROUP, play)] for _ in range(2)
    )
    assert first == again


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [0, 1])
def test_groups_of_nobody_and_of_one_are_judged(name, size):
    found = asked(judge_of(name), GROUP.rollouts[:size], play)
    assert len(found) == size and not any(v.fault for v in found)


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_of_the_inner_judge_is_never_a_zero(name):
    judge = judge_of(name)
    inner = {f.name for f in fields(judge)} & {"inner", "solver"}
    if not inner:  # who learns from a proxy scores whatever the checker says
        return
    broken = tuple(rollout(f"fault{seed}", seed) for seed in range(3))
    found = asked(replace(judge, **{inner.pop(): Marks()}), (GROUP[0], *broken), stuck)
    assert all(v.fault for v in found[1:])


@pytest.mark.parametrize("name", NAMES)
def test_who_needs_a_policy_says_so_and_the_others_play_nothing(name):
    judge = judge_of(name)
    if Need.POLICY in judge.needs:
        with pytest.raises(UsageError, match=type(judge).__name__):
            asyncio.run(verdicts(GROUP, judge, context_of()))
    else:
        found = asyncio.run(verdicts(GROUP, judge, context_of()))
        again = asked(judge, GROUP)  # where a play would be an error
        assert [v.score for v in found] == [v.score for v in again]


async def stuck(request):
    return together(rollout("fault", p.seed, request.task) for p in request.plays)


@pytest.mark.parametrize("name", NAMES)
def test_a_judge_is_a_value_and_says_what_it_rewards(name):
    judge = judge_of(name)
    assert isinstance(judge, Reward | GroupReward)
    copy = pickle.loads(pickle.dumps(judge))
    assert copy == judge and hash(copy) == hash(judge)
    assert (type(judge).__doc__ or "").strip()


def test_a_judge_that_needs_more_than_its_name_says_what():
    with pytest.raises(UsageError, match="reward 'additive' needs model; build it in a recipe"):
        rewards.find("additive")


def test_every_family_is_here():
    assert {at.split(".")[2] for at in NAMES.values()} == set(FAMILIES)
    assert Surprises(every=1)(GROUP[0])
