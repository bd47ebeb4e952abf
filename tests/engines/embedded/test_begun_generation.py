"""Plays that go on from recorded ones, sampled by real models: the same tokens, computed once."""

import asyncio
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import pytest
import torch
from echoing import TOKENIZER
from fakes import fake
from reciting import Scripted
from tiny import ARCHITECTURES, END, decode, embedded, plain, tiny
from torch.testing import assert_close

from whet.engines.digest import sealed
from whet.engines.embedded import scheduler as scheduling
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.embedded.packing import pack
from whet.engines.embedded.sessions import SampledToken, SequenceState
from whet.policy import algorithms
from whet.protocols import Environment, Renderer
from whet.rollouts.batching import build_batch
from whet.rollouts.player import RolloutPlayer
from whet.sampling.structured.budget_forcing import BudgetForcing
from whet.types import Decoding, Finish, Group, Play, Request, Task, UsageError, Verdict
from whet.types.kept import KEPT
from whet.types.optimizers import AdamW
from whet.types.weights import Continue

TASK = Task(id="t", prompt="fghij")
PROMPT = 5  # tokens
FREE = Decoding(max_new_tokens=8)
WORDS = (7, 9)


def opening(prompt, tools=()):
    """Token ids of a text: a letter a token."""
    return tuple(ord(letter) - 97 for letter in prompt)


LETTERS = fake(
    Renderer,
    text=lambda ids: decode(i for i in ids if i != END),
    opening=opening,
    following=opening,
    reply_ids=opening,
    heard=lambda prompt, ids: ({"role": "user", "content": prompt},),
    char_ends=lambda ids, text: np.minimum(np.arange(1, len(ids) + 1), len(text)).astype(np.int32),
)


class Twice(Environment):
    """Asks, and asks again about the length of the answer."""

    async def play(self, task, policy):
        first = await policy(task.prompt)
        await policy("bcd"[: 1 + len(first) % 3])
        return Verdict.binary(correct=True)


def rolled(generator, script, environment=None):
    player = RolloutPlayer(generator, LETTERS, environment or Twice())
    request = Request(task=TASK, plays=(), shape=Scripted(script))
    return [r for group in asyncio.run(player.play(request)) for r in group]


async def one(plays, **given):
    [[rollout]] = await plays.play([Play(**{"decoding": FREE} | given)])
    return rollout


def endless(generator):
    generator.ends = frozenset()
    return generator


HOWS = [FREE, Decoding(max_new_tokens=8, temperature=1.4), Decoding(max_new_tokens=8, top_k=5)]


@pytest.mark.parametrize("made", [embedded, plain])
@pytest.mark.parametrize("how", HOWS)
def test_a_reply_that_was_paused_is_the_uninterrupted_one(made, how):
    """Paused after every third token, which falls within and between replies."""
    generator = made(tiny("llama"))

    async def script(plays):
        whole = [await one(plays, seed=seed, decoding=how) for seed in (1, 2)]
        found = []
        for rollout in whole:
            begun = None
            for at in range(3, rollout.length, 3):
                last = await one(plays, seed=rollout.seed, decoding=how, begun=begun, pause_at=at)
                begun = last, last.length
            found.append(await one(plays, seed=rollout.seed, decoding=how, begun=begun))
        return [*whole, *found]

    rollouts = rolled(generator, script)
    for whole, again in zip(rollouts[:2], rollouts[2:], strict=True):
        assert again.token_ids.tolist() == whole.token_ids.tolist()
        assert again.acts == whole.acts and again.messages == whole.messages
        assert again.spans == whole.spans and again.columns.keys() == whole.columns.keys()
        np.testing.assert_allclose(again.behaviour_logp, whole.behaviour_logp, atol=1e-5, rtol=0)
        np.testing.assert_allclose(again.entropy, whole.entropy, atol=1e-4, rtol=0)
        if KEPT in whole.columns:
            assert again.columns[KEPT].tolist() == whole.columns[KEPT].tolist()
    assert len({r.length for r in rollouts[:2]}) > 1


def grown(generator, how=FREE):
    """A tree of forks within the first reply, two levels deep: two branches, three leaves each.

    The second branch begins with forced words; the leaves of it fork right behind them.
    """
    places = count(100)

    async def script(plays):
        root = await one(plays, seed=1, decoding=how, pause_at=3)
        near = await one(plays, seed=2, decoding=how, begun=(root, 2), pause_at=5)
        far = await one(plays, seed=3, decoding=how, begun=(root, 3), prefix=WORDS)
        leaves = [await one(plays, seed=1, decoding=how, begun=(root, 3)), far]
        leaves += [
            await one(plays, seed=next(places), decoding=how, begun=(near, cut))
            for cut in (4, 5, 5)
        ]
        leaves += [
            await one(plays, seed=next(places), decoding=how, begun=(far, cut)) for cut in (5, 6)
        ]
        return leaves

    return rolled(generator, script, Once())


class Once(Environment):
    """Asks once."""

    async def play(self, task, policy):
        await policy(task.prompt)


def forwarded(model, rollout):
    """Log-probs of the sampled tokens from one full forward of transformers, [N]."""
    row = torch.tensor([rollout.token_ids.tolist()])
    logits = model(row).logits[0, :-1] / rollout.decoding.logp_temperature
    logp = logits.log_softmax(-1).gather(1, row[0, 1:, None])[:, 0]
    return logp[torch.tensor(rollout.action_mask.tolist())[1:]]


def prefixes(rollouts, shortest, most=0):
    """The distinct prefixes of rows that are longer than `shortest`: one per node of a trie."""
    rows = [r.token_ids.tolist() for r in rollouts]
    return {tuple(row[:n]) for row in rows for n in range(shortest + 1, len(row) + 1 - most)}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_tree_has_the_log_probs_and_the_gradient_of_its_leaves_alone(architecture):
    model = tiny(architecture)
    generator = endless(embedded(model))
    leaves = grown(generator)
    assert sum(r.external.any() for r in leaves) == 3
    assert len({tuple(r.token_ids.tolist()) for r in leaves}) == len(leaves)

    found = [forwarded(model, r) for r in leaves]
    for leaf, wanted in zip(leaves, found, strict=True):
        own = torch.tensor(~leaf.external)
        assert_close(torch.tensor(leaf.behaviour_logp)[own], wanted[own], atol=1e-5, rtol=0)
        assert not leaf.behaviour_logp[leaf.external].any()

    weights = torch.randn(sum(map(len, found)), generator=torch.Generator().manual_seed(0))
    (torch.cat(found) * weights).sum().backward()
    learner = learner_of(architecture)
    call = pack(leaves)
    # the opening's tokens, then one per node but the last of each leaf, which predict nothing
    inputs = {row for leaf in leaves for row in prefixes([leaf], PROMPT, 1)}
    assert len(call.tokens) == PROMPT + len(inputs)
    hidden = learner.backbone.hidden(call.tokens, call.positions, call.forest)[call.source]
    logp, _ = learner.backbone.choices(hidden, call.choice, call.temperature, call.kept)
    assert_close(logp.detach(), torch.cat(found).detach(), atol=1e-5, rtol=0)
    (logp * weights).sum().backward()
    ours = dict(learner.backbone.model.named_parameters())
    for name, parameter in model.named_parameters():
        gap = (ours[name].grad - parameter.grad).norm()
        assert gap <= 1e-5 * parameter.grad.norm(), f"{name}: {gap}"

    # sampled tokens: 3 of the root, 3 + 3 of the branches, 5 + 4 + 3 + 3 + 3 + 2 of the leaves
    counts = generator.token_counts()
    assert counts["decoded"] == 29
    # the prompt once, forced words, and the token before the cut once per play that goes on
    assert counts["prefilled"] == PROMPT + len(WORDS) + 8
    asked = [5, 7, 10, 8, 9, 10, 10, 10, 11]  # tokens before what each play sampled
    assert counts["shared"] == sum(asked) - counts["prefilled"] and counts["reread"] == 0
    assert not generator.scheduler.sessions and not generator.scheduler.memory.resting


def judged(rollouts):
    """A group with right and wrong members by turns."""
    verdicts = [Verdict.binary(correct=k % 2 == 0) for k in range(len(rollouts))]
    members = [replace(r, verdict=v) for r, v in zip(rollouts, verdicts, strict=True)]
    return Group.of(members)


def learner_of(architecture, budget=10**6):
    learner = EmbeddedLearner(Backbone(tiny(architecture)), TOKENIZER, budget)
    learner.reset_optimizer(AdamW())
    return learner


def built(learner, rollouts, name="dapo"):
    objective = algorithms.load(name)
    return objective, asyncio.run(build_batch([judged(rollouts)], objective, learner))[0]


def test_a_step_reports_the_distinct_tokens_of_a_tree():
    leaves = grown(endless(embedded(tiny("llama"))))
    learner = learner_of("llama")
    objective, batch = built(learner, leaves)
    update = asyncio.run(learner.step(objective, batch, 0.0))
    inputs = {row for leaf in leaves for row in prefixes([leaf], PROMPT, 1)}
    assert update.metrics["computed"].total == PROMPT + len(inputs)
    weight = batch.tokens.tree_weight
    assert weight is not None
    assert weight.sum().item() == pytest.approx(29 + len(WORDS))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_logits_of_a_fork_are_those_of_a_prefill(architecture, monkeypatch):
    seen = []

    def watched(logits, *rest):
        seen.append(logits[0].clone())
        return draw(logits, *rest)

    draw = scheduling.draw
    monkeypatch.setattr(scheduling, "draw", watched)
    generator = endless(embedded(tiny(architecture)))

    async def play():
        asked = {"seed": 1, "how": FREE}
        whole = await generator.generate([5, 6, 7], session="a", **asked)
        row = [5, 6, 7, *whole.token_ids.tolist()]
        for cut in (4, 7, 10):
            name = f"fork at {cut}"
            await generator.generate(row[:cut], session=name, fork_of="a", **asked)
            forked = seen[-FREE.max_new_tokens]
            await generator.generate(row[:cut], session=f"{name}, alone", **asked)
            assert_close(forked, seen[-FREE.max_new_tokens], atol=1e-5, rtol=0)

    asyncio.run(play())


@pytest.mark.parametrize(
    ("temperature", "cut"),
    [(0.6, {}), (1.4, {}), (1.4, {"top_p": 0.8}), (0.6, {"top_k": 6}), (1.4, {"min_p": 0.1})],
)
def test_the_ratio_is_1_on_policy_at_every_temperature_and_truncation(temperature, cut):
    how = Decoding(max_new_tokens=8, temperature=temperature, **cut)
    leaves = grown(endless(embedded(tiny("qwen3"))), how)
    learner = learner_of("qwen3")
    logp = asyncio.run(learner.logp(leaves)).split([r.length for r in leaves])
    entropy = asyncio.run(learner.entropy(leaves)).split([r.length for r in leaves])
    for leaf, ours, spread in zip(leaves, logp, entropy, strict=True):
        own = torch.tensor(~leaf.external)
        ratio = (ours - torch.tensor(leaf.behaviour_logp))[own].exp()
        assert_close(ratio, torch.ones_like(ratio), atol=1e-5, rtol=0)
        assert leaf.entropy is not None
        assert_close(spread[own], torch.tensor(leaf.entropy)[own], atol=1e-5, rtol=0)
        assert (KEPT in leaf.columns) == bool(cut)
    if cut:
        plain_ones = [replace(r, columns={}) for r in leaves]
        apart = asyncio.run(learner.logp(plain_ones)) - asyncio.run(learner.logp(leaves))
        assert apart.min() < -0.01  # without the record the ratio would not be 1


@pytest.mark.parametrize("how", HOWS[::2])
def test_new_weights_interrupt_a_play_that_goes_on(how):
    """Weights of other names and the same numbers arrive while a begun reply is sampled."""
    generator = endless(embedded(tiny("llama")))
    same = [sealed(step, tiny("llama").state_dict()) for step in (1, 2)]

    async def script(plays):
        whole = await one(plays, seed=1, decoding=how)
        paused = await one(plays, seed=1, decoding=how, pause_at=3)
        going = asyncio.ensure_future(one(plays, seed=1, decoding=how, begun=(paused, 3)))
        for weights in same:
            for _ in range(3):
                await asyncio.sleep(0)
            await generator.update(weights, Continue())
        return [whole, await going]

    whole, again = rolled(generator, script, Once())
    assert again.token_ids.tolist() == whole.token_ids.tolist()
    np.testing.assert_allclose(again.behaviour_logp, whole.behaviour_logp, atol=1e-5, rtol=0)
    steps = [span.version.step for span in again.spans if span.version]
    assert steps == sorted(steps) and steps[0] == 0 and len(set(steps)) > 1
    assert again.spans[0].tokens >= 3 and sum(s.tokens for s in again.spans) == again.length
    kinds = {name: x.tolist() for name, x in whole.columns.items() if x.dtype == object}
    assert kinds == {name: x.tolist() for name, x in again.columns.items() if x.dtype == object}


@dataclass
class Ending(Environment):
    """Ends the second play in its own way, after the first reply."""

    how: str
    plays: int = 0

    async def play(self, task, policy):
        self.plays += 1
        await policy(task.prompt)
        if self.plays > 1 and self.how == "bug":
            raise KeyError("a bug")
        if self.plays > 1 and self.how == "cancelled":
            await asyncio.sleep(60)


@pytest.mark.parametrize("end", ["bug", "cancelled", "broken generator"])
def test_no_session_is_left_however_a_tree_ends(end, monkeypatch):
    generator = endless(embedded(tiny("llama")))

    async def script(plays):
        root = await one(plays, seed=1, pause_at=3)
        assert len(generator.scheduler.sessions) == 1
        if end == "broken generator":
            monkeypatch.setattr(scheduling, "draw", None)
        branches = [Play(seed=s, decoding=FREE, begun=(root, 2)) for s in (2, 3, 4)]
        going = asyncio.ensure_future(plays.play(branches))
        if end == "cancelled":
            for _ in range(60):
                await asyncio.sleep(0)
            going.cancel()
        return await going

    wanted = {"bug": UsageError, "cancelled": asyncio.CancelledError, "broken generator": TypeError}
    with pytest.raises(wanted[end]):
        rolled(generator, script, Ending(end))
    scheduler = generator.scheduler
    assert not (scheduler.sessions or scheduler.live or scheduler.waiting or generator._replies)
    assert not (scheduler.memory.resting or scheduler.prompts.held)


def bytewise(ids):
    """A byte a token; what is no character yet shows as U+FFFD."""
    return bytes(ids).decode(errors="replace")


@pytest.mark.parametrize(("stop", "end"), [("é😀", 7), ("😀", 7), ("b", 8)])
@pytest.mark.parametrize("cut", range(7))
def test_a_stop_string_is_found_wherever_its_characters_are_cut(stop, end, cut):
    said = "aé😀bc".encode()  # 1 + 2 + 4 + 1 + 1 bytes
    how = Decoding(max_new_tokens=20, stop=(stop,))
    sequence = SequenceState((1, 2, *said[:cut]), how, 0, 0, frozenset())
    sequence.begins(cut)
    for token in said[cut:]:
        if sequence.finish is None:
            sequence.take(SampledToken(token, -1.0, 1.0, 0.0), bytewise)
    assert sequence.finish is Finish.STOP
    assert cut + len(sequence.tokens) == end


def test_a_stop_string_that_ends_at_the_cut_is_not_found_again():
    sequence = SequenceState((1, *b"ab"), Decoding(stop=("b",)), 0, 0, frozenset())
    sequence.begins(2)
    sequence.take(SampledToken(ord("c"), -1.0, 1.0, 0.0), bytewise)
    assert sequence.finish is None


@pytest.mark.parametrize("waits", [0, 2])
@pytest.mark.parametrize("thinking", [3, 5, 7, 14])
def test_forced_words_count_for_the_limit_of_a_reply(thinking, waits):
    """The ending "klm" and one token of an answer need 4 of 8 tokens, so 4 are left to think."""
    shape = BudgetForcing(waits=waits, wait="no", thinking=thinking, close="kl", final="m")
    player = RolloutPlayer(endless(embedded(tiny("llama"))), LETTERS, Once())
    request = replace(Request.of(TASK, (1, 2), FREE), shape=shape)
    [group] = asyncio.run(player.play(request))
    for rollout in group:
        assert rollout.length == FREE.max_new_tokens
        cut = min(thinking, 4)
        said = rollout.chosen_ids.tolist()
        assert said[cut : cut + 3] == list(opening("klm"))
        assert rollout.external[cut : cut + 3].all()


def test_a_thought_is_not_cut_off_where_its_ending_does_not_fit():
    shape = BudgetForcing(waits=0, thinking=3, close="klmnopqrst", final="")
    player = RolloutPlayer(endless(embedded(tiny("llama"))), LETTERS, Once())
    request = replace(Request.of(TASK, (1,), FREE), shape=shape)
    [[rollout]] = asyncio.run(player.play(request))
    assert rollout.length == FREE.max_new_tokens and not rollout.external.any()
