"""Trees of a policy that is a hash: what a shape samples, and what every tree has to be."""

import asyncio
from dataclasses import dataclass, field

import numpy as np
from echoing import NEW

from whet.engines.tokenizers import CharacterTokenizer
from whet.environments.single_turn import SingleTurn
from whet.protocols import Environment, Generator
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer, end_token
from whet.types import Decoding, Finish, Play, Request, Task
from whet.types.completions import Completion

TOKENIZER = CharacterTokenizer(alphabet="0123456789abcdefghijklmnoptz+=?W\n").build()
ONCE = SingleTurn()
TASK = Task(id="t", prompt="3+4=", answer="7")
END = end_token(TOKENIZER)


def ids(text):
    return TOKENIZER.encode(text, add_special_tokens=False)


LETTERS = ids("abcdefghijklmnop\n")


def mixed(state, number):
    """A step of a hash of 64 bits."""
    state = (state ^ number) * 0x9E3779B97F4A7C15 % 2**64
    state = (state ^ state >> 29) * 0xBF58476D1CE4E5B9 % 2**64
    return state ^ state >> 32


@dataclass
class Hashed(Generator):
    """Every token is a hash of the tokens before it, of the seed and of its number.

    So a cut reply that goes on with its seed says what it would have said uncut.
    """

    ending: float = 0.0  # probability that a token ends the reply
    decoded: int = 0
    seen: list[tuple[int, ...]] = field(default_factory=list)  # prompts of all calls
    open: set[str] = field(default_factory=set)  # sessions that have not ended
    unknown: int = 0  # calls that fork a session that has ended

    def held(self):
        return NEW

    async def generate(  # noqa: PLR0913  (the signature is the protocol's)
        self, prompt, how, *, seed, offset=0, said=0, session, fork_of=""
    ):
        del said
        self.seen.append(tuple(prompt))
        self.open.add(session)
        self.unknown += bool(fork_of) and fork_of not in self.open
        await asyncio.sleep(0)
        new, logp, state = [], [], 0
        for token in prompt:
            state = mixed(state, token)
        while len(new) < how.max_new_tokens and new[-1:] != [END]:
            drawn = mixed(mixed(state, seed), offset + len(new)) >> 8
            ends = drawn % 1000 < 1000 * self.ending
            new.append(END if ends else LETTERS[drawn // 1000 % len(LETTERS)])
            state = mixed(state, new[-1])
            logp.append(-0.01 - drawn // 100_000 % 997 / 997)
        self.decoded += len(new)
        n = len(new)
        return Completion(
            token_ids=np.array(new, np.int32),
            logp=np.array(logp, np.float32),
            entropy=np.array([1 - x**2 for x in logp], np.float32),
            spans=((n, NEW),),
            columns={},
            finish=Finish.STOP if new[-1] == END else Finish.LENGTH,
        )

    async def update(self, weights, flight):
        return NEW

    def end(self, session):
        self.open.discard(session)

    def token_counts(self):
        return {"decoded": self.decoded}


@dataclass(frozen=True)
class Asking(Environment):
    """Asks `turns` times; every further question depends on the reply."""

    turns: int = 3

    async def play(self, task, policy):
        said = await policy(task.prompt)
        for turn in range(1, self.turns):
            said = await policy(f"{turn}{len(said)}?")


def request_of(shape, seeds=(1,), length=64, prefix=""):
    how = Decoding(max_new_tokens=length)
    plays = tuple(Play(seed=seed, decoding=how, prefix=tuple(ids(prefix))) for seed in seeds)
    return Request(task=TASK, plays=plays, shape=shape)


def sampled(shape, seeds=(1,), *, length=64, ending=0.0, world=ONCE, prefix=""):
    """The leaves of a request, and the generator that said them."""
    generator = Hashed(ending)
    return played(request_of(shape, seeds, length, prefix), generator, world), generator


def played(request, generator, world=ONCE):
    """The leaves of a request; no session is left, and none is forked behind its end."""
    player = RolloutPlayer(generator, TextRenderer(TOKENIZER, frozenset({END})), world)
    [group] = asyncio.run(player.play(request))
    assert not generator.open and not generator.unknown
    return list(group)


def check_tree(leaves):
    """Parents are leaves, and what is shared with a parent is the parent's."""
    known = {leaf.id: leaf for leaf in leaves}
    assert len(known) == len(leaves)
    for leaf in leaves:
        assert leaf.seal == leaf.imprint()
        if not leaf.parent:
            assert leaf.forked_at == 0
            continue
        parent, at = known[leaf.parent], leaf.forked_at
        assert at <= min(leaf.length, parent.length)
        columns = ("chosen_ids", "behaviour_logp", "entropy", "external") if at else ()
        for column in columns:
            one, other = getattr(leaf, column), getattr(parent, column)
            assert np.array_equal(one[:at], other[:at]), column
        lineage = [leaf.id]
        while above := known[lineage[-1]].parent:
            assert above not in lineage
            lineage.append(above)


def distinct(leaves):
    """Number of distinct sampled prefixes: by brute force, without parents.

    Log-probs tell tokens apart that are equal by chance.
    """
    rows = [list(zip(leaf.chosen_ids, leaf.behaviour_logp, strict=True)) for leaf in leaves]
    return len({tuple(row[: n + 1]) for row in rows for n in range(len(row))})


def told(leaves):
    return [(leaf.chosen_ids.tolist(), leaf.parent, leaf.forked_at, leaf.id) for leaf in leaves]
