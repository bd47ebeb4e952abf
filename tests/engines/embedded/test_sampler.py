"""Continuous batching leaves no trace in what is said."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.types import Decoding, Finish, Refusal, Request, Task

TASKS = [Task(id=p, prompt=p) for p in ("3+4=", "a", "sort 5 3 9 1 7 7 2 0 8=", "c5d+5e|g4=")]
VARIED = Decoding(length=24, stop=("a", "b", "c", "d"))


class Question:
    """Asks once."""

    async def play(self, task, policy):
        await policy(task.prompt)


class Twice:
    """Asks, and asks again about the answer."""

    async def play(self, task, policy):
        first = await policy(task.prompt)
        await policy(f"{len(first)}|")


@dataclass
class Pausing:
    """Asks twice, and lets others run so many times in between."""

    pauses: int

    async def play(self, task, policy):
        first = await policy(task.prompt)
        for _ in range(self.pauses):
            await asyncio.sleep(0)
        await policy(f"{len(first)}|")


@dataclass
class Failing:
    """A world that breaks down."""

    async def play(self, task, policy):
        await policy(task.prompt)
        raise OSError("the world ended")


def open_sampler(folder, **sizes):
    return Embedded(device="cpu", **sizes).open(Folder(path=folder), seed=0)[0]


def play(sampler, tasks, seeds, decoding=VARIED, environment=None):
    async def all_of_them():
        requests = [Request(task=t, seeds=seeds, decoding=decoding) for t in tasks]
        world = environment or Question()
        return await asyncio.gather(*(sampler.play(world, r) for r in requests))

    return {r.task.id + str(r.seed): r for group in asyncio.run(all_of_them()) for r in group}


@pytest.mark.parametrize(
    ("sizes", "tasks", "seeds"),
    [
        ({"slots": 1}, TASKS, (1, 2, 3, 4, 5)),
        ({"slots": 3}, TASKS[::-1], (5, 4, 3, 2, 1)),
        ({"slots": 64, "budget": 1}, TASKS[1:2], (3,)),
        ({"slots": 7, "budget": 9}, TASKS[2:] + TASKS, (9, 8, 1, 2, 3, 4, 5)),
    ],
)
def test_a_rollout_depends_on_neither_neighbours_nor_slots_nor_order(folder, sizes, tasks, seeds):
    wanted = play(open_sampler(folder, slots=64), TASKS, (1, 2, 3, 4, 5))
    assert len({r.length for r in wanted.values()}) > 3
    for name, rollout in play(open_sampler(folder, **sizes), tasks, seeds).items():
        if name in wanted:
            assert rollout.tokens == wanted[name].tokens
            ours = torch.tensor(rollout.behaviour_logp)
            assert_close(ours, torch.tensor(wanted[name].behaviour_logp), atol=1e-5, rtol=0)


def test_other_seeds_say_other_things(folder):
    said = play(open_sampler(folder), TASKS, tuple(range(8)))
    assert len({r.tokens for r in said.values()}) > len(said) / 2


def test_greedy_is_what_transformers_generates(folder, plain):
    model, tokenizer = plain
    for rollout in play(open_sampler(folder), TASKS, (0,), Decoding(temperature=0)).values():
        ids = torch.tensor([tokenizer.encode(rollout.task.prompt)])
        (wanted,) = model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=256
        )
        assert list(rollout.tokens) == wanted.tolist()


def test_the_token_ledger_counts_work_done_and_work_saved(folder):
    sampler = open_sampler(folder)
    before = dict(sampler.spent())
    said = play(sampler, TASKS, (1, 2, 3))
    spent = {name: count - before[name] for name, count in sampler.spent().items()}
    prompts = sum(len(sampler.tokenizer.encode(str(t.prompt))) for t in TASKS)
    chosen = sum(r.length for r in said.values())
    assert spent == {"prefilled": prompts, "shared": 2 * prompts, "decoded": chosen}


def test_what_ends_a_reply(folder):
    sampler = open_sampler(folder)
    said = play(sampler, TASKS, tuple(range(6)))
    for rollout in said.values():
        stopped = any(end in rollout.reply for end in VARIED.stop)
        stopped |= rollout.tokens[-1] == sampler.tokenizer.eos_token_id
        assert stopped == (rollout.finish is Finish.STOP)
        assert stopped or rollout.length == VARIED.length
        assert not any(end in rollout.reply[:-1] for end in VARIED.stop)
    assert {r.finish for r in said.values()} == {Finish.STOP, Finish.LENGTH}


def test_the_end_token_ends_a_reply_and_is_not_said(folder):
    sampler = open_sampler(folder)
    head: Any = sampler.backbone.model.get_output_embeddings()
    with torch.no_grad():
        head.weight[sampler.tokenizer.eos_token_id] = head.weight.abs().max() * 3
        head.weight[sampler.tokenizer.eos_token_id] *= head.weight[5].sign()
    said = play(sampler, TASKS, tuple(range(20)), Decoding(length=30))
    ended = [r for r in said.values() if r.tokens[-1] == sampler.tokenizer.eos_token_id]
    assert ended
    for rollout in ended:
        assert rollout.finish is Finish.STOP
        assert rollout.tokens.count(sampler.tokenizer.eos_token_id) == 1
        assert "<" not in rollout.reply


def test_turns_are_one_row_of_ids(folder):
    sampler, learner = Embedded(device="cpu").open(Folder(path=folder), seed=0)
    said = list(play(sampler, TASKS, (1, 2), Decoding(length=5), Twice()).values())
    for rollout in said:
        heard = sampler.tokenizer.encode(rollout.task.prompt)
        again = sampler.tokenizer.encode(rollout.turns[2])
        mine = [t for t, c in zip(rollout.tokens, rollout.chosen, strict=True) if c]
        first = rollout.chosen[len(heard) :].index(False)
        assert list(rollout.tokens) == [*heard, *mine[:first], *again, *mine[first:]]
        assert len(rollout.turns) == 4
    behaviour = torch.tensor([x for r in said for x in r.behaviour_logp])
    assert_close(learner.logp(said), behaviour, atol=1e-5, rtol=0)


@pytest.mark.parametrize("pauses", range(6))
def test_a_world_may_pause_between_two_turns(folder, pauses):
    wanted = play(open_sampler(folder), TASKS[:2], (1,), environment=Twice())
    said = play(open_sampler(folder), TASKS[:2], (1,), environment=Pausing(pauses))
    alone = play(open_sampler(folder), TASKS[:1], (1,), environment=Pausing(pauses))
    for name, rollout in {**said, **alone}.items():
        assert rollout.tokens == wanted[name].tokens
        assert len(rollout.turns) == 4


def test_nothing_stays_in_memory(folder):
    sampler = open_sampler(folder, slots=5)
    play(sampler, TASKS, (1, 2, 3, 4))
    assert sampler.scheduler.idle
    assert not sampler.scheduler.prompts.held
    assert not sampler.scheduler.prompts.by_tokens


def test_a_world_that_fails_is_heard_of(folder):
    with pytest.raises(OSError, match="the world ended"):
        play(open_sampler(folder), TASKS, (1,), environment=Failing())


def test_more_tokens_than_positions_are_refused_by_name(folder):
    with pytest.raises(Refusal, match="decoding.length is 600 .* 512 positions"):
        play(open_sampler(folder), TASKS, (1,), Decoding(length=600))
