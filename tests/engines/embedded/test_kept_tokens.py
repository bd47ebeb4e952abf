"""Truncated sampling: the kept tokens are recorded, and the learner's distribution is over them."""

import asyncio
import io
import tracemalloc
from dataclasses import dataclass, replace
from functools import partial
from math import log
from typing import ClassVar

import numpy as np
import pytest
import torch
from echoing import NEW, TASK, TOKENIZER
from small import small
from test_decoding import P, sampling
from tiny import embedded, plain, tiny
from torch.testing import assert_close

from whet.engines.embedded import backbone as backbone_module
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.decoding import SamplingTensors, draw
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.embedded.packing import pack
from whet.engines.plain.learner import PlainLearner
from whet.rollouts.row import Row
from whet.training.doubts import doubts
from whet.types import Decoding, Task
from whet.types.kept import KEPT, WHOLE, as_sets, kept_column, kept_ids
from whet.types.saved_rollouts import as_plain, from_plain

HALF = torch.tensor([0.5], dtype=torch.float64)
OPENING = [5, 6, 7, 8]


def kept(*numbers):
    return np.array(numbers, np.int32).tobytes()


@pytest.mark.parametrize(
    ("knob", "left"),
    [
        ({"top_k": 2}, [0.625, 0.375]),
        ({"top_p": 0.79}, [0.625, 0.375]),
        ({"min_p": 0.2}, [0.5263, 0.3158, 0.1579]),
        ({"top_k": 1}, [1.0]),
    ],
)
def test_log_prob_and_entropy_are_of_the_tokens_that_are_left(knob, left):
    """P = [0.5, 0.3, 0.15, 0.05], so the likeliest tokens are the first ones."""
    for token in range(len(left)):
        uniform = torch.tensor([sum(left[:token]) + left[token] / 2], dtype=torch.float64)
        drawn = draw(P.log(), sampling(**knob), uniform)
        assert drawn.token.item() == token
        assert drawn.logp.item() == pytest.approx(log(left[token]), abs=1e-3)
        assert drawn.entropy.item() == pytest.approx(-sum(p * log(p) for p in left), abs=1e-3)
        assert drawn.kept_sets() == [kept(*range(len(left)))]


def test_the_temperature_comes_before_the_truncation():
    """Logits [1, 0] at T = 2 are [0.622, 0.378]: top_p = 0.63 keeps both, and 0.62 one."""
    logits = torch.tensor([[1.0, 0.0]])
    drawn = draw(logits, sampling(temperature=2.0), HALF)
    assert drawn.logp.exp().item() == pytest.approx(0.622, abs=1e-3)
    for top_p, count in ((0.63, 2), (0.62, 1)):
        [found] = draw(logits, sampling(temperature=2.0, top_p=top_p), HALF).kept_sets()
        assert len(found) == 4 * count


def test_a_neighbour_that_is_truncated_changes_no_bit():
    logits = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
    uniform = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)
    alone = draw(logits, sampling(3), uniform)
    assert alone.kept is None and alone.kept_sets() == [WHOLE] * 3
    settings = sampling(3)
    beside = SamplingTensors(
        temperature=torch.tensor([1.0, 1.0, 0.0]),
        top_p=settings.top_p,
        top_k=torch.tensor([0, 7, 7]),
        min_p=settings.min_p,
    )
    drawn = draw(logits, beside, uniform)
    first, second, third = drawn.kept_sets()
    assert torch.equal(drawn.logp[0], alone.logp[0])
    assert torch.equal(drawn.entropy[0], alone.entropy[0])
    assert (first, len(second), third) == (WHOLE, 4 * 7, WHOLE)  # the argmax is not truncated
    assert torch.equal(drawn.logp[2], logits[2].log_softmax(-1).max())


def test_a_column_is_its_sets():
    sets = [kept(3, 1, 2), WHOLE, kept(70000)]
    column = kept_column(sets)
    found = kept_ids(column)
    assert found.sizes.tolist() == [3, 0, 1] and found.ids.tolist() == [3, 1, 2, 70000]
    assert as_sets(found) == sets
    assert as_sets(kept_ids(kept_column([]))) == []


def generated(generator, **how):
    """A rollout of one reply, recorded as by a player."""
    settings = Decoding(max_new_tokens=12, **how)
    said = asyncio.run(generator.generate(OPENING, settings, seed=3, session="a"))
    row = Row()
    row.hear(OPENING, ())
    columns = {"logp": said.logp, "entropy": said.entropy, **said.columns}
    row.choose(said.token_ids.tolist(), NEW, columns)
    row.reply(len(said.token_ids), "", None, "")
    return row.recorded(task=Task(id="t", prompt="t"), seed=3, decoding=settings).sealed()


def forwarded(model, rollout):
    """Log-probs and entropies over the kept ids from full forwards, one token at a time."""
    row, start = rollout.token_ids.tolist(), len(OPENING)
    logits = model(torch.tensor([row])).logits[0] / rollout.decoding.logp_temperature
    found = []
    for n, held in enumerate(rollout.columns[KEPT]):
        left = np.frombuffer(held, np.int32).tolist() or list(range(logits.shape[1]))
        p = torch.distributions.Categorical(logits=logits[start + n - 1, left])
        found.append((p.log_prob(torch.tensor(left.index(row[start + n]))), p.entropy()))
    logp, entropy = zip(*found, strict=True)
    return torch.stack(logp), torch.stack(entropy)


def nucleus(logits, mass):
    """The smallest set of likeliest ids with at least this mass, by adding one after another."""
    p, left, total = logits.softmax(-1).tolist(), [], 0.0
    for token in sorted(range(len(p)), key=lambda v: -p[v]):
        if total >= mass:
            break
        left.append(token)
        total += p[token]
    return sorted(left)


CUTS = [{"top_p": 0.7, "temperature": 1.3}, {"top_k": 4}, {"min_p": 0.2}]


@pytest.fixture
def truncated():
    """Rollouts of a model whose sampling was truncated in three ways, and one that was not."""
    generator = embedded(tiny("llama"))
    generator.ends = frozenset()
    return [generated(generator, **cut) for cut in [*CUTS, {}]]


@pytest.fixture
def learner():
    return EmbeddedLearner(Backbone(tiny("llama")), TOKENIZER, 10**6)


@pytest.mark.parametrize("made", [embedded, plain])
def test_generators_record_what_they_kept(made):
    model = tiny("llama")
    generator = made(model)
    generator.ends = frozenset()
    rollout = generated(generator, **CUTS[0])
    wanted, entropy = forwarded(model, rollout)
    assert_close(torch.tensor(rollout.behaviour_logp), wanted.detach(), atol=1e-5, rtol=0)
    assert_close(torch.tensor(rollout.entropy), entropy.detach(), atol=1e-4, rtol=0)
    logits = model(torch.tensor([rollout.token_ids.tolist()])).logits[0] / 1.3
    for n, held in enumerate(rollout.columns[KEPT]):
        want = nucleus(logits[len(OPENING) + n - 1], 0.7)
        assert sorted(np.frombuffer(held, np.int32).tolist()) == want
    assert KEPT not in generated(generator).columns
    assert KEPT not in generated(generator, temperature=0.0, top_k=3).columns


@pytest.mark.parametrize("chunk", [None, 40 * 5])
def test_the_learner_has_the_log_probs_and_the_gradient_over_the_kept(
    truncated, learner, chunk, monkeypatch
):
    if chunk:
        monkeypatch.setattr(backbone_module, "_CHUNK", chunk)  # five tokens at a time
    model = tiny("llama")
    *cut, whole = truncated
    assert KEPT not in whole.columns
    marked = replace(whole, columns={KEPT: kept_column([WHOLE] * whole.length)})
    found = [forwarded(model, r) for r in [*cut, marked]]
    logp, entropy = (torch.cat([pair[k] for pair in found]) for k in (0, 1))
    call, body = pack(truncated), learner.backbone
    hidden = body.hidden(call.tokens, call.positions, call.forest)
    ours, spread = body.weighed(hidden[call.source], call.choice, call.temperature, call.kept)
    assert_close(ours, logp, atol=1e-5, rtol=0)
    assert_close(spread, entropy, atol=1e-4, rtol=0)
    assert_close(asyncio.run(learner.entropy(truncated)), spread.detach())
    weights = torch.randn(len(logp), generator=torch.Generator().manual_seed(0))
    (logp * weights + entropy).sum().backward()
    (ours * weights + spread).sum().backward()
    mine = dict(learner.backbone.model.named_parameters())
    for name, parameter in model.named_parameters():
        gap = (mine[name].grad - parameter.grad).norm()
        assert gap <= 2e-5 * parameter.grad.norm(), f"{name}: {gap}"


def test_the_learners_have_the_squared_probabilities_over_the_kept(truncated, learner):
    """Σ_v p² of full forwards, renormalised over the kept ids; none of no rollout."""
    model = tiny("llama")
    wanted = []
    for rollout in truncated:
        logits = model(torch.tensor([rollout.token_ids.tolist()])).logits[0].detach()
        sets = rollout.columns.get(KEPT, [WHOLE] * rollout.length)
        for n, held in enumerate(sets, start=len(OPENING) - 1):
            left = np.frombuffer(held, np.int32).tolist() or list(range(logits.shape[1]))
            p = (logits[n, left] / rollout.decoding.logp_temperature).softmax(-1)
            wanted.append((p**2).sum())
    for its in (learner, PlainLearner(model, TOKENIZER)):
        found = asyncio.run(its.collision(truncated))
        assert_close(found, torch.stack(wanted), atol=1e-5, rtol=0)
        assert asyncio.run(its.collision([])).tolist() == []


def test_a_reference_is_renormalised_over_the_same_tokens(truncated, learner):
    other = tiny("llama", seed=5)
    learner.reference = partial(learner._scored, Backbone(tiny("llama", seed=5)))
    cut = truncated[:3]
    found = asyncio.run(learner.logp(cut, "reference"))
    wanted = torch.cat([forwarded(other, r)[0] for r in cut])
    assert_close(found, wanted.detach(), atol=1e-5, rtol=0)


def test_rollouts_without_the_record_keep_the_whole_distribution(truncated, learner):
    older = replace(truncated[0], columns={})
    found = asyncio.run(learner.logp([older]))
    logits = tiny("llama")(torch.tensor([older.token_ids.tolist()])).logits[0, 3:-1] / 1.3
    wanted = logits.log_softmax(-1).gather(1, torch.tensor(older.chosen_ids)[:, None].long())
    assert_close(found, wanted[:, 0].detach(), atol=1e-5, rtol=0)


def test_the_record_is_saved_sealed_and_small(truncated):
    rollout = truncated[1]
    file = io.BytesIO()
    torch.save(as_plain(rollout), file)
    file.seek(0)
    again = from_plain(torch.load(file, weights_only=True))
    assert again == rollout and again.seal == again.imprint()
    assert sum(map(len, rollout.columns[KEPT])) == 4 * 4 * rollout.length  # top_k is 4
    other = kept_column([kept(0)] * rollout.length)
    assert replace(rollout, columns={**rollout.columns, KEPT: other}).imprint() != rollout.seal


def test_forced_words_and_untruncated_tokens_have_the_whole_distribution():
    def choose(row, numbers, **columns):
        row.choose(numbers, None, {"logp": np.zeros(len(numbers), np.float32), **columns})

    row = Row()
    for numbers, sets in ([1, 2], None), ([3], [kept(3, 4)]), ([5, 6], None), ([7], [kept(7)]):
        choose(row, numbers, **({KEPT: kept_column(sets)} if sets else {}))
    column = row.recorded(task=TASK, seed=0).columns[KEPT]
    assert column.tolist() == [WHOLE, WHOLE, kept(3, 4), WHOLE, WHOLE, kept(7)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetful(Embedded):
    """An engine that does not tell what it kept."""

    replays_truncation: ClassVar[bool] = False


@pytest.mark.parametrize(("engine", "said"), [(Embedded, False), (Forgetful, True)])
def test_only_an_engine_without_the_record_is_doubted(engine, said):
    run = small(warmup=(), engine=engine(device="cpu"))
    how = replace(run.decoding, top_p=0.9)
    cut = replace(run, sampling=replace(run.sampling, decoding=how))
    assert any("off-policy" in doubt and "top_p" in doubt for doubt in doubts(cut)) is said
    greedy = replace(how, temperature=0.0, top_k=3)
    assert not greedy.truncates and how.truncates


def with_sets(*sets):
    """A sealed rollout of two sampled tokens with these kept sets."""
    row = Row()
    row.hear(OPENING, ())
    row.choose([1, 2], NEW, {"logp": np.zeros(2, np.float32), KEPT: kept_column(sets)})
    return row.recorded(task=TASK, seed=1, id="r", verdict=None).sealed()


def test_the_seal_tells_which_token_kept_what():
    found = [
        with_sets(kept(1, 2), kept(3)),
        with_sets(kept(1), kept(2, 3)),
        with_sets(kept(1, 2, 3), WHOLE),
        with_sets(WHOLE, kept(1, 2, 3)),
        with_sets(kept(2, 1), kept(3)),
        with_sets(WHOLE, WHOLE),
    ]
    assert len({rollout.seal for rollout in found}) == len(found)


def test_the_seal_of_large_sets_takes_little_more_memory_than_they():
    sets = [np.arange(50_000, dtype=np.int32).tobytes()] * 2
    rollout = with_sets(*sets)
    tracemalloc.start()
    try:
        rollout.imprint()
        assert tracemalloc.get_traced_memory()[1] < 1.5 * sum(map(len, sets))
    finally:
        tracemalloc.stop()
