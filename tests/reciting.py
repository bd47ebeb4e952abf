"""A generator whose n-th token is counted from seed and place alone, and ways to play with it."""

import asyncio
from dataclasses import dataclass, field

import numpy as np
from echoing import END, NEW, OLD, TASK, TOKENIZER, World, ids

from whet.protocols import Generator
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.types import Decoding, Finish, Request, Version
from whet.types.completions import Completion

EVERY = 5  # a token whose place is 4, 9, 14, … ends its reply


def token(seed, place):
    """The token that a conversation with this seed samples at this place."""
    return END if place % EVERY == EVERY - 1 else ids(str((seed + place) % 10))[0]


@dataclass
class Reciting(Generator):
    """Says digits that count up; log-prob, entropy and two columns tell the place of a token."""

    version: Version = OLD
    interrupt: set[int] = field(default_factory=set)  # places before which new weights arrive
    calls: list[dict] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def held(self):
        return self.version

    async def generate(self, prompt, how, *, seed, offset=0, session, fork_of="", said=0):  # noqa: PLR0913
        self.calls.append({"session": session, "fork_of": fork_of, "offset": offset, "said": said})
        await asyncio.sleep(0)
        version, words, finish = self.version, [], None
        begun = prompt[len(prompt) - said :]
        while finish is None:
            place = offset + len(words)
            if words and place in self.interrupt:
                self.interrupt.discard(place)
                self.version = NEW
                break
            words.append(token(seed, place))
            text = str(TOKENIZER.decode([*begun, *words]))
            if words[-1] == END or any(stop in text for stop in how.stop):
                finish = Finish.STOP
            elif len(words) == how.max_new_tokens:
                finish = Finish.LENGTH
        places = np.arange(offset, offset + len(words), dtype=np.float32)
        return Completion(
            token_ids=np.array(words, np.int32),
            logp=-places - 1,
            entropy=places / 10,
            spans=((len(words), version),),
            columns={"self_certainty": 2 * places, "place": np.stack([places, places + 1], 1)},
            finish=finish,
        )

    async def update(self, weights, flight):
        return self.version

    def end(self, session):
        self.ended.append(session)

    def token_counts(self):
        return {}


@dataclass(frozen=True)
class Scripted:
    """A shape that is a coroutine of the open plays."""

    run: object
    resumes: bool = True

    async def roll(self, request, plays):
        return await self.run(plays)


def rolled(script, world, generator=None, task=TASK):
    """What a script returns, with the generator that was played with."""
    generator = generator or Reciting()
    player = RolloutPlayer(generator, TextRenderer(TOKENIZER, frozenset({END})), World(world))
    request = Request(task=task, plays=(), shape=Scripted(script))
    groups = asyncio.run(player.play(request))
    return [rollout for group in groups for rollout in group], generator


def how(length=9, **more):
    return Decoding(max_new_tokens=length, **more)
