"""Tokens of conversations with tools, forks and seats, and how often each one is computed."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from conversations import HOW, PLAIN, SEEDS, played, player_of, requests, talked

from whet.calls.shipped.calc import calc
from whet.calls.tools import schemas_of
from whet.protocols import Environment, Generator
from whet.rollouts.player import RolloutPlayer
from whet.types import Decoding, Request, Task, Verdict

FORMS = (PLAIN, "qwen3", pytest.param("llama3_2", marks=pytest.mark.full))
SHORT = Decoding(max_new_tokens=3)


@dataclass
class Witness(Generator):
    """Passes everything on, and writes down what was asked and what was said."""

    inner: Generator
    said: dict = field(default_factory=lambda: defaultdict(list))

    def held(self):
        return self.inner.held()

    async def generate(self, prompt, how, **asked):
        found = await self.inner.generate(prompt, how, **asked)
        self.said[asked["session"].partition(":")[0]].append((tuple(prompt), found))
        return found

    async def update(self, weights, flight):
        return await self.inner.update(weights, flight)

    def end(self, session):
        self.inner.end(session)

    def token_counts(self):
        return self.inner.token_counts()


@pytest.fixture(scope="module", params=FORMS)
def witnessed(request):
    """Rollouts, what their generator said in each conversation, and the renderer."""
    inner = player_of("qwen3", request.param)
    witness = Witness(inner.generator)
    player = RolloutPlayer(witness, inner.renderer, inner.environment)
    groups = played(player, requests(request.param))
    return [r for group in groups for r in group], witness.said, inner.renderer


def lines(rollout, said, known):
    """The record of a rollout's turns: those of its parents up to the fork, then its own."""
    turns = list(said[rollout.id])
    if rollout.parent:
        fork = np.flatnonzero(rollout.action_mask)[rollout.forked_at - 1] + 1
        above = lines(known[rollout.parent], said, known)
        turns = [turn for turn in above if len(turn[0]) < fork] + turns
    return turns


def test_chosen_tokens_are_the_generators_record(witnessed):
    rollouts, said, _ = witnessed
    known = {rollout.id: rollout for rollout in rollouts}
    for rollout in rollouts:
        turns = lines(rollout, said, known)
        assert len(turns) == len(rollout.acts) == 5
        own = ~rollout.external
        recorded = np.concatenate([found.token_ids for _, found in turns])
        assert rollout.chosen_ids[own].tolist() == recorded.tolist()
        logp = np.concatenate([found.logp for _, found in turns])
        assert np.array_equal(rollout.behaviour_logp[own], logp)


def test_no_token_changes_after_it_was_appended(witnessed):
    """What is asked at every turn is the beginning of the rollout, with all that was said."""
    rollouts, said, _ = witnessed
    known = {rollout.id: rollout for rollout in rollouts}
    for rollout in rollouts:
        whole, turns = tuple(rollout.token_ids.tolist()), lines(rollout, said, known)
        for (asked, found), (later, _) in pairwise(turns):
            assert later[: len(asked) + len(found.token_ids)] == (*asked, *found.token_ids)
        for (asked, found), act in zip(turns, rollout.acts, strict=True):
            assert whole[: act.stop] == (*asked, *found.token_ids)
        assert rollout.seal == rollout.imprint()


def test_tokens_of_the_world_are_those_of_its_messages_rendered_once(witnessed):
    rollouts, _, renderer = witnessed
    for rollout in rollouts:
        ids, before = rollout.token_ids.tolist(), None
        for act in rollout.acts:
            told = rollout.messages[before.message + 1 if before else 0 : act.message]
            heard = ids[before.stop if before else 0 : act.start]
            assert heard == [*wanted(renderer, rollout, told, before)]
            before = act


def wanted(renderer, rollout, told, before):
    """The ids of an observation, from its messages and the reply before it."""
    chat = not isinstance(rollout.task.prompt, str)
    words = tuple(told) if chat else "".join(message["content"] for message in told)
    if before is None:
        return renderer.opening(words, schemas_of((calc,)) if chat and not rollout.seat else ())
    return renderer.following(words or "", rollout.token_ids[before.start : before.stop].tolist())


def test_a_reply_is_the_decoding_of_its_tokens(witnessed):
    rollouts, _, renderer = witnessed
    for rollout in rollouts:
        for act in rollout.acts:
            ids = rollout.token_ids[act.start : act.stop].tolist()
            said = ids[:-1] if ids[-1] in renderer.ends else ids
            text = renderer.tokenizer.decode(said, skip_special_tokens=False)
            assert rollout.messages[act.message] == {"role": "assistant", "content": text}


@dataclass(frozen=True)
class Turns(Environment):
    """So many turns, of different lengths."""

    number: int

    async def play(self, task, policy):
        rng = Random(task.id)
        await policy(task.prompt)
        for turn in range(1, self.number):
            await policy("3+4="[: 1 + rng.randrange(4)] + str(turn))
        return Verdict.binary(correct=True)


def spent(player, asked):
    """The groups of some requests, and what they cost."""
    before = player.token_counts()
    groups = played(player, asked)
    return groups, {name: n - before[name] for name, n in player.token_counts().items()}


SIZES = [{"slots": 1}, {"slots": 3, "budget": 7}, {"slots": 64}]
LENGTHS = [
    pytest.param(number, sizes, marks=[] if number in (1, 3, 8) else pytest.mark.full)
    for number in range(1, 9)
    for sizes in SIZES
]


@pytest.mark.parametrize(("number", "sizes"), LENGTHS, ids=str)
def test_a_conversation_computes_every_token_once_and_one_more_a_turn(number, sizes):
    """Prefilled + decoded = distinct tokens + later turns: the last token said has no keys yet."""
    player = player_of("llama", PLAIN, Turns(number), **sizes)
    asked = requests(PLAIN, SHORT)
    groups, cost = spent(player, asked[::-1] if sizes == SIZES[1] else asked)
    rollouts = [rollout for group in groups for rollout in group]
    openings = {rollout.token_ids[: rollout.acts[0].start].tobytes() for rollout in rollouts}
    own = sum(len(rollout.token_ids) - rollout.acts[0].start for rollout in rollouts)
    distinct = sum(len(opening) // 4 for opening in openings) + own
    assert cost["prefilled"] + cost["decoded"] == distinct + len(rollouts) * (number - 1)
    assert cost["decoded"] == sum(rollout.length for rollout in rollouts)
    assert cost["reread"] == 0


@pytest.mark.parametrize(("form", "slots"), [(PLAIN, 2), ("qwen3", 64)])
def test_forks_and_seats_compute_every_token_once_and_one_more_a_turn(form, slots):
    groups, cost = spent(player_of("qwen3", form, slots=slots), requests(form))
    rollouts = [rollout for group in groups for rollout in group]
    tokens = {token for rollout in rollouts for token in places(rollout, by_id(rollouts))}
    asks = {(name, act) for r in rollouts for name, act in replies(r, by_id(rollouts))}
    first = {(rollout.id, 0) for rollout in rollouts if not rollout.parent}
    assert cost["prefilled"] + cost["decoded"] == len(tokens) + len(asks - first)
    assert cost["reread"] == 0


def by_id(rollouts):
    return {rollout.id: rollout for rollout in rollouts}


def fork_of(rollout):
    """The number of tokens that a rollout shares with its parent."""
    if not rollout.parent:
        return 0
    return int(np.flatnonzero(rollout.action_mask)[rollout.forked_at - 1]) + 1


def owner(rollout, place, known):
    """The rollout that a token at this place was first in."""
    while rollout.parent and place < fork_of(rollout):
        rollout = known[rollout.parent]
    return rollout.id


def places(rollout, known):
    """A name for each token: those of equal openings are the same."""
    opening = rollout.token_ids[: rollout.acts[0].start + rollout.forced_len].tobytes()
    for place in range(len(rollout.token_ids)):
        begins = place < len(opening) // 4
        yield opening if begins else owner(rollout, place, known), place


def replies(rollout, known):
    """A name for each reply."""
    for number, act in enumerate(rollout.acts):
        yield owner(rollout, act.stop - 1, known), number


@pytest.mark.full
def test_neither_neighbours_nor_slots_nor_order_change_a_token_at_any_turn():
    wanted = {r.id: r for group in talked("llama", PLAIN) for r in group}
    assert len({len(rollout.token_ids) for rollout in wanted.values()}) > 3
    crowd = [
        Request.of(Task(id=str(n), prompt=f"{n}*{n}="), (n,), Decoding(max_new_tokens=n))
        for n in (1, 3)
    ]
    alone = [Request.of(request.task, (SEEDS[0],), HOW) for request in requests(PLAIN)[:1]]
    tried = [
        ({"slots": 4, "budget": 5, "parked": 1}, [*crowd, *requests(PLAIN)[::-1]]),
        ({"slots": 1}, alone),
    ]
    for sizes, asked in tried:
        found = [r for group in played(player_of("llama", PLAIN, **sizes), asked) for r in group]
        known = [rollout for rollout in found if rollout.id in wanted]
        assert len(known) == (5 if asked is alone else len(wanted))
        for rollout in known:
            check_same(rollout, wanted[rollout.id])


def check_same(one, other):
    """The same tokens and replies; log-probs may differ in their last bits."""
    assert one.token_ids.tolist() == other.token_ids.tolist()
    assert (one.acts, one.messages, one.finish) == (other.acts, other.messages, other.finish)
    np.testing.assert_allclose(one.behaviour_logp, other.behaviour_logp, atol=1e-5, rtol=0)
