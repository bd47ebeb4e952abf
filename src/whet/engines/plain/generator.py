"""The plain generator: one sequence at a time, a full forward per token, no KV cache."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from transformers import PreTrainedModel

from whet.engines.delivery import deliver
from whet.engines.digest import LeafCache, digest
from whet.engines.embedded.decoding import SamplingTensors, draw
from whet.engines.embedded.generator import completion
from whet.engines.embedded.randomness import uniforms
from whet.engines.embedded.sessions import SampledToken, SequenceState, sampled
from whet.engines.plain.forward import logits_of, positions_of
from whet.engines.room import check_fit
from whet.protocols import Generator
from whet.types import Decoding
from whet.types.completions import Completion
from whet.types.weights import Flight, Leaf, Version, Weights


@dataclass(slots=True)
class PlainGenerator(Generator):
    """The original model, with the embedded engine's random numbers and decoding.

    A reply is computed without yielding, so no sequence is live when weights arrive.
    """

    model: PreTrainedModel
    decode: Callable[[Sequence[int]], str]  # the tokenizer's decode, used for stop strings
    ends: frozenset[int]  # end-token ids
    _held: Version = field(init=False)
    _leaves: LeafCache = field(default_factory=LeafCache)
    _prefilled: int = 0
    _decoded: int = 0

    def __post_init__(self) -> None:
        """Dropout is off; the loaded weights are version 0."""
        self.model.eval()
        self._held = Version(0, digest(self.model.state_dict()))

    @property
    def positions(self) -> int:
        """Most tokens of a sequence, its reply included; 0: there is no limit."""
        return positions_of(self.model.config)

    def held(self) -> Version:
        """Version of the loaded weights, hashed when they arrived."""
        return self._held

    def manifest(self) -> Mapping[str, Leaf]:
        """What is loaded, by tensor; only tensors that were written to are hashed again."""
        return self._leaves.manifest(self.model.state_dict())

    def rehash(self) -> Version:
        """Hash the loaded weights again."""
        self._held = replace(self._held, digest=digest(self.model.state_dict()))
        return self._held

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
        """One reply to `prompt`; sessions have no effect.

        Raises `UsageError` for an empty prompt, `ContextFull` for more tokens than the model has
        positions.
        """
        del session, fork_of
        check_fit(len(prompt), how.max_new_tokens, self.positions)
        sequence = SequenceState(tuple(map(int, prompt)), how, seed, offset, self.ends)
        sequence.begins(said)
        while sequence.finish is None:
            sequence.take(self._drawn(sequence), self.decode)
        return completion(sequence, self._held)

    async def update(self, weights: Weights, flight: Flight) -> Version:
        """Load new weights. Raises `IntegrityError` if they did not arrive as they were sent."""
        del flight
        self._held = deliver(self.model, weights, self._leaves)
        return self._held

    def end(self, session: str) -> None:
        """Does nothing: sessions hold no memory here."""

    def token_counts(self) -> Mapping[str, int]:
        """Token counts since the start; every forward pass counts all its tokens as prefilled."""
        return {"prefilled": self._prefilled, "shared": 0, "decoded": self._decoded, "reread": 0}

    async def close(self) -> None:
        """Does nothing: there is no cache to free."""

    @torch.inference_mode()
    def _drawn(self, sequence: SequenceState) -> SampledToken:
        """The next token of softmax(z / T), with z from a forward pass over all tokens."""
        ids = torch.tensor([*sequence.prompt, *sequence.tokens])
        logits = logits_of(self.model, ids)[-1:]
        how, device = sequence.decoding, logits.device
        sampling = (float(how.temperature), float(how.top_p), how.top_k, float(how.min_p))
        place = torch.tensor([sequence.offset + len(sequence.tokens)], device=device)
        uniform = uniforms(torch.tensor([sequence.seed], device=device), place)
        drawn = draw(
            logits, SamplingTensors(*(torch.tensor([x], device=device) for x in sampling)), uniform
        )
        self._prefilled += len(ids)
        self._decoded += 1
        return next(sampled(drawn))
