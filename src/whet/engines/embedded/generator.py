"""The embedded generator: one continuous decoding batch serves all sessions."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from whet.engines.delivery import deliver, deliver_part
from whet.engines.digest import LeafCache
from whet.engines.embedded.adapters import adapters
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.cache import KVCache
from whet.engines.embedded.prompts import Prompts
from whet.engines.embedded.publication import delivered, whole_digest
from whet.engines.embedded.scheduler import Scheduler
from whet.engines.embedded.sessions import SequenceState
from whet.engines.room import check_fit
from whet.protocols import Generator
from whet.types import Decoding, IntegrityError, UsageError
from whet.types.completions import Completion
from whet.types.kept import KEPT, kept_column
from whet.types.weights import Continue, Drain, Flight, Leaf, Version, Weights

_PATIENCE = 4  # turns of the event loop for a caller to ask again after a reply


@dataclass(slots=True)
class EmbeddedGenerator(Generator):
    """A generator for any number of sessions; a session's keys stay cached until it ends.

    `slots`, `budget` and `parked` do not change any token. Log-probs may differ in their last bits,
    because the other sequences of a batch change rounding.
    """

    backbone: Backbone
    decode: Callable[[Sequence[int]], str]  # the tokenizer's decode, used for stop strings
    ends: frozenset[int]  # end-token ids
    slots: int = 256  # most sequences that are decoded at once
    budget: int = 16384  # most new prompt tokens in one forward pass
    parked: int = 1024  # most idle sessions that keep their cached keys
    scheduler: Scheduler = field(init=False)
    _held: Version = field(init=False)
    _unsound: str = ""
    _leaves: LeafCache = field(default_factory=LeafCache)
    _pump: asyncio.Task[None] | None = None
    _replies: dict[SequenceState, asyncio.Future[Completion]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The cache starts empty; the loaded weights are version 0."""
        shape = self.backbone.cache_shape
        prompts = Prompts(self.backbone, KVCache(shape), self.budget)
        self.scheduler = Scheduler(
            self.backbone, self.decode, self.slots, prompts, KVCache(shape), self.parked
        )
        self._held = Version(0, whole_digest(self.backbone.model))

    @property
    def positions(self) -> int:
        """Most tokens of a sequence, its reply included."""
        return self.backbone.positions

    @property
    def shortened(self) -> str:
        """Why the model declares more positions."""
        return self.backbone.shortened

    def held(self) -> Version:
        """Version of the loaded weights, hashed when they arrived."""
        return self._held

    def rehash(self) -> Version:
        """Hash the loaded weights again."""
        self._held = replace(self._held, digest=whole_digest(self.backbone.model))
        return self._held

    def manifest(self) -> Mapping[str, Leaf]:
        """What is loaded, by tensor; only tensors that were written to are hashed again."""
        return self._leaves.manifest(delivered(self.backbone.model))

    async def generate(  # noqa: PLR0913  (the signature is the protocol's)
        self,
        prompt: Sequence[int],
        how: Decoding,
        *,
        seed: int,
        offset: int = 0,
        session: str,
        fork_of: str = "",
        said: int = 0,
    ) -> Completion:
        """Continue a session's tokens, which are `prompt`, by one reply.

        The n-th token depends on the tokens before it, on `how`, and on the random number (seed,
        offset + n). Only tokens without cached keys are computed. `fork_of` names another session;
        a new session reads the common prefix from its cache. A cancelled call keeps the tokens that
        the session has so far.

        A stop string may start within the last `said` tokens of the prompt, but not end there.

        Raises `UsageError` for an empty prompt, `ContextFull` for more tokens than the model has
        positions, and `IntegrityError` if the session already has a reply in progress.
        """
        self._check(prompt, how)
        sequence = SequenceState(tuple(map(int, prompt)), how, seed, offset, self.ends)
        sequence.begins(said)
        if self._pump is not None and self._pump.done():
            self._stopped(self._pump)  # fails its pending replies before a new one is added
        self.scheduler.ask(sequence, session, fork_of)
        future = self._replies[sequence] = asyncio.get_running_loop().create_future()
        if self._pump is None:
            self._pump = asyncio.create_task(self._run())
            self._pump.add_done_callback(self._stopped)
        try:
            return await future
        finally:
            if self._replies.pop(sequence, None) is not None:
                self.scheduler.drop(sequence)

    async def update(self, weights: Weights, flight: Flight) -> Version:
        """Load new weights and drop all cached keys.

        `Continue` interrupts live sequences. Their completions have finish None and the tokens
        decoded so far; a caller continues with prompt + tokens, offset + n and said + n.

        Raises `IntegrityError` for `Drain` while sequences are live, and if the weights do not
        arrive as they were sent; the generator then refuses to generate until other weights arrive.
        Raises `UsageError` for Continue(reread=False).
        """
        if isinstance(flight, Drain) and not self.scheduler.idle:
            raise IntegrityError(
                f"weights {weights.version.step} arrived while sequences were live"
            )
        if isinstance(flight, Continue) and not flight.reread:
            raise UsageError(
                "flight.reread is False, but the embedded engine does not reuse old keys "
                "under new weights; give True"
            )
        for sequence in self.scheduler.interrupt():
            self._resolve(sequence)
        self._unsound = f"weights {weights.version.step} did not arrive"
        try:
            self._held = self._deliver(weights)
        except IntegrityError:
            self.rehash()
            raise
        self._unsound = ""
        return self._held

    def _deliver(self, weights: Weights) -> Version:
        model = self.backbone.model
        if own := adapters(model):
            return deliver_part(own, weights, self._leaves)
        return deliver(model, weights, self._leaves)

    def end(self, session: str) -> None:
        """Free the memory of a session, and cancel its pending reply."""
        sequence = self.scheduler.end(session)
        if sequence is not None and (future := self._replies.pop(sequence, None)) is not None:
            future.cancel()

    def token_counts(self) -> Mapping[str, int]:
        """Numbers of prompt and reply tokens since the start.

        The prompt tokens are prefilled + reread + shared: computed for the first time, recomputed
        after their keys were dropped, and read from the cache. decoded is the number of sampled
        tokens.
        """
        s = self.scheduler
        again = s.reread + s.prompts.reread
        return {
            "prefilled": s.prompts.prefilled + s.extended - again,
            "shared": s.shared,
            "decoded": s.decoded,
            "reread": again,
        }

    async def close(self) -> None:
        """Cancel pending replies and free the memory."""
        pump = self._pump
        if pump is not None and not pump.done():
            pump.cancel()
            await asyncio.wait([pump])
            self._stopped(pump)
        self.scheduler.reset()

    def _check(self, prompt: Sequence[int], how: Decoding) -> None:
        if self._unsound:
            raise IntegrityError(f"{self._unsound}: the generator needs other weights first")
        check_fit(len(prompt), how.max_new_tokens, self.positions)

    async def _run(self) -> None:
        await asyncio.sleep(0)  # let every caller submit its prompt before the first step
        while not self.scheduler.idle:
            ended = self.scheduler.step()
            for sequence in ended:
                self._resolve(sequence)
            for _ in range(_PATIENCE if ended else 1):
                await asyncio.sleep(0)

    def _resolve(self, sequence: SequenceState) -> None:
        """Return the completion, with the version of the weights at its end."""
        future = self._replies.pop(sequence, None)
        if future is not None and not future.done():
            future.set_result(completion(sequence, self._held))

    def _stopped(self, pump: asyncio.Task[None]) -> None:
        """Pass the decoding loop's error on to all pending replies."""
        if pump is not self._pump:
            return
        self._pump = None
        error = None if pump.cancelled() else pump.exception()
        waiters, self._replies = self._replies, {}
        for future in waiters.values():
            if error is not None and not future.done():
                future.set_exception(error)
            else:
                future.cancel()
        if error is not None or pump.cancelled():
            self.scheduler.reset()


def completion(sequence: SequenceState, version: Version) -> Completion:
    """The tokens of a turn so far, as sampled by one version of the weights."""
    count = len(sequence.tokens)
    columns = {"self_certainty": np.array(sequence.certainty, np.float32)}
    if sequence.decoding.truncates:
        columns[KEPT] = kept_column(sequence.kept)
    return Completion(
        token_ids=np.array(sequence.tokens, np.int32),
        logp=np.array(sequence.logp, np.float32),
        entropy=np.array(sequence.entropy, np.float32),
        spans=((count, version),) if count else (),
        columns=columns,
        finish=sequence.finish,
    )
