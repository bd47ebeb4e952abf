"""Continuous batching leaves no trace in what is said."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from opened import behaviour_logp, logp, opened
from torch.testing import assert_close

from whet.protocols import Environment
from whet.types import Decoding, Finish, Request, Task, UsageError

TASKS = [Task(id=p, prompt=p) for p in ("3+4=", "a", "sort 5 3 9 1 7 7 2 0 8=", "c5d+5e|g4=")]
VARIED = Decoding(max_new_tokens=24, stop=("a", "b", "c", "d"))


class Question(Environment):
    """Asks once."""

    async def play(self, task, policy):
        await policy(task.prompt)


class Twice(Environment):
    """Asks, and asks again about the answer."""

    async def play(self, task, policy):
        first = await policy(task.prompt)
        await policy(f"{len(first)}|")


@dataclass
class Pausing(Environment):
    """Asks twice, and lets others run so many times in between."""

    pauses: int

    async def play(self, task, policy):
        first = await policy(task.prompt)
        for _ in range(self.pauses):
            await asyncio.sleep(0)
        await policy(f"{len(first)}|")


@dataclass
class Failing(Environment):
    """A world that breaks down."""

    async def play(self, task, policy):
        await policy(task.prompt)
        raise OSError("the world ended")


def open_player(folder, **sizes):
    return opened(folder, **sizes)[0]


def play(player, tasks, seeds, decoding=VARIED, environment=None):
    async def all_of_them():
        requests = [Request.of(t, seeds, decoding) for t in tasks]
        world = player.within(environment or Question())
        return await asyncio.gather(*map(world.play, requests))

    played = asyncio.run(all_of_them())
    return {r.task.id + str(r.seed): r for groups in played for group in groups for r in group}


@pytest.mark.parametrize(
    ("sizes", "tasks", "seeds"),
    [
        pytest.param({"slots": 1}, TASKS, (1, 2, 3, 4, 5), marks=pytest.mark.full),
        pytest.param({"slots": 3}, TASKS[::-1], (5, 4, 3, 2, 1), marks=pytest.mark.full),
        ({"slots": 64, "budget": 1}, TASKS[1:2], (3,)),
        ({"slots": 7, "budget": 9}, TASKS[2:] + TASKS, (9, 8, 1, 2, 3, 4, 5)),
    ],
)
def test_a_rollout_depends_on_neither_neighbours_nor_slots_nor_order(folder, sizes, tasks, seeds):
    wanted = play(open_player(folder, slots=64), TASKS, (1, 2, 3, 4, 5))
    assert len({r.length for r in wanted.values()}) > 3
    for name, rollout in play(open_player(folder, **sizes), tasks, seeds).items():
        if name in wanted:
            assert rollout.token_ids.tolist() == wanted[name].token_ids.tolist()
            ours = torch.tensor(rollout.behaviour_logp)
            assert_close(ours, torch.tensor(wanted[name].behaviour_logp), atol=1e-5, rtol=0)


def test_other_seeds_say_other_things(folder):
    said = play(open_player(folder), TASKS, tuple(range(8)))
    assert len({tuple(r.token_ids.tolist()) for r in said.values()}) > len(said) / 2


def test_greedy_is_what_transformers_generates(folder, plain):
    model, tokenizer = plain
    for rollout in play(open_player(folder), TASKS, (0,), Decoding(temperature=0)).values():
        ids = torch.tensor([tokenizer.encode(rollout.task.prompt)])
        (wanted,) = model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=256
        )
        assert rollout.token_ids.tolist() == wanted.tolist()


def test_the_token_ledger_counts_work_done_and_work_saved(folder):
    player = open_player(folder)
    before = dict(player.token_counts())
    said = play(player, TASKS, (1, 2, 3))
    spent = {name: count - before[name] for name, count in player.token_counts().items()}
    prompts = sum(len(player.renderer.tokenizer.encode(str(t.prompt))) for t in TASKS)
    chosen = sum(r.length for r in said.values())
    wanted = {"prefilled": prompts, "shared": 2 * prompts, "decoded": chosen, "reread": 0}
    assert spent == wanted


def test_what_ends_a_reply(folder):
    player = open_player(folder)
    said = play(player, TASKS, tuple(range(6)))
    for rollout in said.values():
        stopped = any(end in rollout.reply for end in VARIED.stop)
        stopped |= rollout.token_ids[-1] == player.renderer.tokenizer.eos_token_id
        assert stopped == (rollout.finish is Finish.STOP)
        assert stopped or rollout.length == VARIED.max_new_tokens
        before = player.renderer.text(rollout.chosen_ids.tolist()[:-1])
        assert not any(end in before for end in VARIED.stop)  # "<pad>" has letters, too
    assert {r.finish for r in said.values()} == {Finish.STOP, Finish.LENGTH}


def test_the_end_token_ends_a_reply_and_is_not_said(folder):
    player = open_player(folder)
    head: Any = player.generator.backbone.model.get_output_embeddings()
    with torch.no_grad():
        head.weight[player.renderer.tokenizer.eos_token_id] = head.weight.abs().max() * 3
        head.weight[player.renderer.tokenizer.eos_token_id] *= head.weight[5].sign()
    said = play(player, TASKS, tuple(range(20)), Decoding(max_new_tokens=30))
    ended = [r for r in said.values() if r.token_ids[-1] == player.renderer.tokenizer.eos_token_id]
    assert ended
    for rollout in ended:
        assert rollout.finish is Finish.STOP
        assert rollout.token_ids.tolist().count(player.renderer.tokenizer.eos_token_id) == 1
        assert player.renderer.tokenizer.eos_token not in rollout.reply


def test_turns_are_one_row_of_ids(folder):
    player, learner = opened(folder)
    said = list(play(player, TASKS, (1, 2), Decoding(max_new_tokens=5), Twice()).values())
    for rollout in said:
        heard = player.renderer.tokenizer.encode(rollout.task.prompt)
        again = player.renderer.tokenizer.encode(rollout.turns[2])
        mine = rollout.chosen_ids.tolist()
        first = rollout.action_mask.tolist()[len(heard) :].index(False)
        assert rollout.token_ids.tolist() == [*heard, *mine[:first], *again, *mine[first:]]
        assert len(rollout.turns) == 4
    assert_close(logp(learner, said), behaviour_logp(said), atol=1e-5, rtol=0)


@pytest.mark.full
@pytest.mark.parametrize("pauses", range(6))
def test_a_world_may_pause_between_two_turns(folder, pauses):
    wanted = play(open_player(folder), TASKS[:2], (1,), environment=Twice())
    said = play(open_player(folder), TASKS[:2], (1,), environment=Pausing(pauses))
    alone = play(open_player(folder), TASKS[:1], (1,), environment=Pausing(pauses))
    for name, rollout in {**said, **alone}.items():
        assert rollout.token_ids.tolist() == wanted[name].token_ids.tolist()
        assert len(rollout.turns) == 4


def test_nothing_stays_in_memory(folder):
    player = open_player(folder, slots=5)
    play(player, TASKS, (1, 2, 3, 4))
    scheduler = player.generator.scheduler
    assert scheduler.idle
    assert not scheduler.prompts.held
    assert not scheduler.prompts.by_tokens


def test_a_world_whose_infrastructure_fails_is_a_fault_and_is_heard_of(folder):
    rollouts = play(open_player(folder), TASKS, (1,), environment=Failing())
    verdicts = [rollout.verdict for rollout in rollouts.values()]
    assert len(verdicts) == len(TASKS)
    assert all(verdict.fault and "the world ended" in verdict.note for verdict in verdicts)


def test_more_tokens_than_positions_are_refused_by_name(folder):
    with pytest.raises(UsageError, match="decoding.max_new_tokens is 600, .* 512 positions"):
        play(open_player(folder), TASKS, (1,), Decoding(max_new_tokens=600))
