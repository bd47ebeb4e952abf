"""The embedded sampler: environments ask, one decoding batch answers them all."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor
from transformers import PreTrainedTokenizerBase

from whet.engines.digest import digest
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.cache import Slab
from whet.engines.embedded.prompts import Prompts
from whet.engines.embedded.scheduler import Scheduler, Turn
from whet.engines.text import decode, encode, end_tokens, said
from whet.protocols import Environment
from whet.types import Broken, Finish, Group, Prompt, Refusal, Request, Rollout


@dataclass(slots=True)
class EmbeddedSampler:
    """Plays any number of rollouts at once; whoever waits for a reply is in the batch."""

    backbone: Backbone
    tokenizer: PreTrainedTokenizerBase
    slots: int  # most rollouts under way; no result depends on it
    budget: int  # most prompt tokens computed at once; nor on this
    scheduler: Scheduler = field(init=False)
    _digest: str = ""
    _pump: asyncio.Task[None] | None = None
    _replies: dict[Turn, asyncio.Future[Turn]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing is in memory yet."""
        shape = self.backbone.cache_shape
        prompts = Prompts(self.backbone, Slab(shape), self.budget)
        self.scheduler = Scheduler(
            self.backbone,
            lambda ids: decode(self.tokenizer, ids),
            self.slots,
            prompts,
            Slab(shape),
        )

    async def play(self, environment: Environment, request: Request) -> Group:
        """Play a request once per seed, together with every other request of the moment."""
        self._digest = self._digest or self.digest()
        plays = (self._play(environment, request, seed) for seed in request.seeds)
        return tuple(await asyncio.gather(*plays))

    async def _play(self, environment: Environment, request: Request, seed: int) -> Rollout:
        voice = Voice(self, request, seed)
        verdict = await environment.play(request.task, voice)
        return Rollout(
            task=request.task,
            seed=seed,
            turns=tuple(voice.turns),
            tokens=tuple(voice.tokens),
            chosen=tuple(voice.chosen),
            behaviour_logp=tuple(voice.logp),
            entropy=tuple(voice.entropy),
            certainty=tuple(voice.certainty),
            said=tuple(voice.said),
            given=len(request.prefix) if voice.turns else 0,
            temperature=request.decoding.temperature or 1.0,
            finish=voice.finish,
            policy_digest=self._digest,
            verdict=verdict,
        ).sealed()

    async def reply(self, turn: Turn) -> Turn:
        """The same turn, once it has ended."""
        most = self.backbone.positions
        if len(turn.prompt) + turn.decoding.length > most:
            raise Refusal(
                f"decoding.length is {turn.decoding.length} after a prompt of {len(turn.prompt)} "
                f"tokens, but the model has {most} positions; shorten one of them"
            )
        if self._pump is not None and self._pump.done():
            self._stopped(self._pump)  # its waiters are served before a new one is added
        future = asyncio.get_running_loop().create_future()
        self._replies[turn] = future
        self.scheduler.waiting.append(turn)
        if self._pump is None:
            self._pump = asyncio.create_task(self._run())
            self._pump.add_done_callback(self._stopped)
        return await future

    async def _run(self) -> None:
        await asyncio.sleep(0)  # let everyone ask before the first step
        while not self.scheduler.idle:
            for turn in self.scheduler.step():
                future = self._replies.pop(turn)
                if not future.done():
                    future.set_result(turn)
            await asyncio.sleep(0)  # who got a reply may ask again

    def _stopped(self, pump: asyncio.Task[None]) -> None:
        """Whoever still waits when the pump stops learns why; an older pump has no waiters."""
        if pump is not self._pump:
            return
        self._pump = None
        error = None if pump.cancelled() else pump.exception()
        for future in self._replies.values():
            if error is not None and not future.done():
                future.set_exception(error)
            else:
                future.cancel()
        self._replies.clear()

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Copy them in; rollouts from now on carry the digest of what arrived."""
        if not self.scheduler.idle:
            raise Broken("weights arrived while rollouts were under way")
        self.backbone.model.load_state_dict(dict(weights))
        self._digest = ""

    def digest(self) -> str:
        """Computed afresh from the weights that are here."""
        return digest(self.backbone.model.state_dict())

    def spent(self) -> Mapping[str, int]:
        """Tokens computed for prompts, read from memory instead, and decoded, since the start."""
        return {
            "prefilled": self.scheduler.prompts.prefilled,
            "shared": self.scheduler.shared,
            "decoded": self.scheduler.decoded,
        }


@dataclass(slots=True)
class Voice:
    """One rollout's policy: remembers tokens, who chose them, and how likely they were."""

    sampler: EmbeddedSampler
    request: Request
    seed: int
    turns: list[str] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    chosen: list[bool] = field(default_factory=list)
    logp: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    certainty: list[float] = field(default_factory=list)
    said: list[int] = field(default_factory=list)
    finish: Finish = Finish.STOP

    async def __call__(self, observation: Prompt) -> str:
        """Append the observation's ids, then the reply's; nothing is ever tokenised twice."""
        tokenizer = self.sampler.tokenizer
        heard = encode(tokenizer, observation)
        self.tokens.extend(heard)
        self.chosen.extend([False] * len(heard))
        begun = () if self.turns else self.request.prefix
        self._choose(begun, *([0.0] * len(begun) for _ in range(3)))
        length = max(1, self.request.decoding.length - len(begun))
        turn = await self.sampler.reply(
            Turn(
                prompt=tuple(self.tokens),
                decoding=replace(self.request.decoding, length=length),
                seed=self.seed,
                offset=len(self.logp),
                ends=end_tokens(tokenizer, self.sampler.backbone.model),
            )
        )
        reply = decode(tokenizer, (*begun, *turn.tokens))
        self._choose(turn.tokens, turn.logp, turn.entropy, turn.certainty)
        self._say((*begun, *turn.tokens), reply)
        self.turns.extend((_spoken(observation), reply))
        self.finish = turn.finish or Finish.LENGTH
        return reply

    def _say(self, ids: Sequence[int], reply: str) -> None:
        """Where each token ends; where one turn can't tell, the rollout can't."""
        known = len(self.said) == len(self.logp) - len(ids)
        ends = said(self.sampler.tokenizer, ids, reply) if known else ()
        self.said = [*self.said, *ends] if ends else []

    def _choose(
        self,
        tokens: Sequence[int],
        logp: Sequence[float],
        entropy: Sequence[float],
        certainty: Sequence[float],
    ) -> None:
        """What others began counts as chosen too: with probability 1, and no doubt."""
        self.tokens.extend(tokens)
        self.chosen.extend([True] * len(tokens))
        self.logp.extend(logp)
        self.entropy.extend(entropy)
        self.certainty.extend(certainty)


def _spoken(observation: Prompt) -> str:
    if isinstance(observation, str):
        return observation
    return "\n".join(f"{message['role']}: {message['content']}" for message in observation)
