"""A player whose generator says what can be foreseen."""

import asyncio
from dataclasses import dataclass, field

import numpy as np

from whet.engines.tokenizers import CharacterTokenizer
from whet.protocols import Environment, Generator
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer, end_token
from whet.types import Decoding, Finish, Request, Task, Version
from whet.types.completions import Completion

TOKENIZER = CharacterTokenizer().build()
END = end_token(TOKENIZER)
OLD, NEW = Version(step=1, digest="old"), Version(step=2, digest="new")
TASK = Task(id="t", prompt="3+4=", answer="7")


def ids(text):
    return TOKENIZER.encode(text, add_special_tokens=False)


@dataclass
class Echoing(Generator):
    """Says its seed's last digit and how many tokens it has chosen; remembers what it was asked."""

    interrupted: int = 0  # so many first calls of a session end before they are done
    calls: list[dict] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def held(self):
        return NEW

    async def generate(self, prompt, how, *, seed, offset=0, session, fork_of="", said=0):  # noqa: PLR0913
        asked = {"prompt": list(prompt), "how": how, "seed": seed, "offset": offset}
        self.calls.append(asked | {"session": session, "fork_of": fork_of, "said": said})
        await asyncio.sleep(0)
        stopped = sum(call["session"] == session for call in self.calls) <= self.interrupted
        words = ids(f"{seed % 10}{offset % 10}") + ([] if stopped else [END])
        words = words[: how.max_new_tokens]
        n = len(words)
        return Completion(
            token_ids=np.array(words, np.int32),
            logp=np.full(n, -0.5, np.float32),
            entropy=np.full(n, 0.25, np.float32),
            spans=((n, OLD if stopped else NEW),),
            columns={"self_certainty": np.full(n, 2.0, np.float32)},
            finish=None if stopped else Finish.STOP if words[-1] == END else Finish.LENGTH,
        )

    async def update(self, weights, flight):
        return NEW

    def end(self, session):
        self.ended.append(session)

    def token_counts(self):
        return {}


@dataclass(frozen=True)
class World(Environment):
    """Runs a function."""

    run: object

    async def play(self, task, policy):
        return await self.run(task, policy)


def played(run, generator=None, seeds=(3, 4), prefix=(), length=9):
    generator = generator or Echoing()
    player = RolloutPlayer(generator, TextRenderer(TOKENIZER, frozenset({END})), World(run))
    request = Request.of(TASK, seeds, Decoding(max_new_tokens=length), prefix=prefix)
    return asyncio.run(player.play(request)), generator
