"""Parts of the sharded engine in one process: dealing, digests, errors, wrong input."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.distributed.tensor import Shard, distribute_tensor  # noqa: TID251

from whet.engines.embedded.packing import slices
from whet.engines.fsdp import check
from whet.engines.fsdp.dealing import deal, shares
from whet.engines.fsdp.engine import FSDP
from whet.engines.fsdp.ranks import FirstError, agree_on, all_ranks, leave
from whet.engines.fsdp.rows import row_digest
from whet.engines.models import FromScratch
from whet.types import IntegrityError, Rollout, Task, UsageError


def rollout(opening, reply, seed=0):
    ids = np.array([*opening, *range(reply)], np.int32)
    return Rollout(
        task=Task(id=str(opening), prompt=""),
        seed=seed,
        token_ids=ids,
        action_mask=np.arange(len(ids)) >= len(opening),
        behaviour_logp=np.zeros(reply, np.float32),
    )


ROLLOUTS = [
    rollout((1, 2), 3),
    rollout((3,), 20),
    rollout((1, 2), 5, 1),
    rollout((4, 4, 4), 8),
    rollout((3,), 2, 1),
    rollout((5,), 9),
]


@pytest.fixture
def ranks(monkeypatch):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")  # a machine may not know its own name
    yield all_ranks("cpu")
    leave()


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_rollout_is_dealt_once_and_families_stay_together(count):
    dealt = shares(ROLLOUTS, count)
    assert len(dealt) == count
    assert sorted(place for own in dealt for place in own) == list(range(len(ROLLOUTS)))
    owner = {place: rank for rank, own in enumerate(dealt) for place in own}
    assert owner[0] == owner[2]
    assert owner[1] == owner[4]
    assert all(list(own) == sorted(own) for own in dealt)


def test_the_longest_family_is_dealt_first():
    """Prices are 21, 10, 9 and 8 computed tokens, of the families of places 1, 3, 5 and 0."""
    assert shares(ROLLOUTS, 2) == [(1, 4), (0, 2, 3, 5)]
    assert shares(ROLLOUTS, 3) == [(1, 4), (3,), (0, 2, 5)]


def test_one_rank_has_everything_in_the_micro_batches_of_the_embedded_engine():
    own = deal(ROLLOUTS, 20, 1, 0)
    assert own.mine == tuple(range(len(ROLLOUTS)))
    assert own.parts == tuple(slices(ROLLOUTS, 20))
    assert own.ghosts == 0


@pytest.mark.parametrize("budget", [1, 12, 1000])
def test_all_ranks_have_equally_many_passes(budget):
    dealt = [deal(ROLLOUTS, budget, 3, rank) for rank in range(3)]
    assert len({own.rounds for own in dealt}) == 1
    assert min(own.ghosts for own in dealt) == 0
    assert all(own.ghosts + len(own.parts) == own.rounds for own in dealt)


def test_a_digest_of_rows_is_of_every_bit_name_and_shape(ranks):
    base = torch.arange(12.0).view(4, 3)

    def digest(tensor, name="w"):
        return row_digest(ranks, {name: distribute_tensor(tensor, ranks.mesh, [Shard(0)])})

    moved = base.clone()
    moved[3, 2] = torch.nextafter(moved[3, 2], torch.tensor(torch.inf))
    others = (moved, base[[1, 0, 2, 3]], base.view(3, 4), base.double(), base[:3], base.flatten())
    found = [digest(base), digest(base, "v"), *map(digest, others)]
    assert len({*found}) == len(found)
    assert digest(base.clone()) == found[0]


def test_an_error_is_kept_until_all_can_raise_it():
    first = FirstError()
    with first:
        raise KeyError("one")
    with first:
        raise ValueError("two")
    assert isinstance(first.error, KeyError)
    with pytest.raises(IntegrityError, match="rank 1: KeyError"):
        agree_on([None, first.told, None])
    with first, pytest.raises(UsageError, match="give 2"):
        agree_on([(True, "field is 1; give 2")])


def test_an_interruption_is_not_kept():
    with pytest.raises(KeyboardInterrupt), FirstError():
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["no/where"], "no/where"),
        (["llama-tiny", "--laws", "a_run_repeat"], "a_run_repeats"),
        (["llama-tiny", "--device", "tpu"], "tpu"),
        (["llama-tiny", "--seconds", "0"], "--seconds"),
        (["llama-tiny", "--budget", "0"], "--budget"),
        (["llama-tiny", "--budget", "many"], "--budget"),
        ([], "MODEL"),
    ],
)
def test_wrong_input_is_one_line(capsys, ranks, given, named):
    assert check.main(given) == 2
    told = capsys.readouterr().err
    assert named in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("given", [{"budget": 0}, {"slots": 0}, {"device": "tpu"}, {"threads": -1}])
def test_settings_are_checked(given):
    with pytest.raises(UsageError, match=f"engine.{next(iter(given))}"):
        FSDP(**given)


def test_weights_of_float16_are_refused(ranks):
    class Half(FromScratch):
        def load(self, device, seed=0):
            model, tokenizer = super().load(device, seed)
            return model.half(), tokenizer

    with pytest.raises(UsageError, match="model.dtype"):
        asyncio.run(FSDP().learner(Half(shape="llama-tiny"), 0))


def test_the_engine_is_a_value():
    assert replace(FSDP(budget=3), budget=16384) == FSDP()
    assert FSDP().narrow().budget == 1


def test_the_rows_of_a_teacher_are_cut(ranks, tmp_path):
    model, tokenizer = FromScratch(shape="llama-tiny").load("cpu")
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    whole = asyncio.run(FSDP().load_learner(tmp_path)).reach
    teacher = asyncio.run(FSDP().load_teacher(tmp_path, whole.rows - 3))
    assert teacher.reach == (whole.rows - 3, whole.positions)
    assert asyncio.run(FSDP().load_teacher(tmp_path, 0)).reach == whole
