"""A Hugging Face causal language model, split into its body and its output head.

The body takes all tokens; the head computes logits of sampled tokens only.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from whet.engines.candidates import logp_among
from whet.engines.embedded import forest
from whet.engines.embedded.cache import CacheShape
from whet.engines.embedded.forest import Forest
from whet.engines.embedded.kept_tokens import KeptTokens
from whet.engines.embedded.probe import compare, plain_logits
from whet.engines.key_shapes import key_shape
from whet.engines.positions import positions_of
from whet.types import ContextFull, UsageError

_CHUNK = 1 << 22  # logits in memory at once: tokens × vocabulary
_CHUNKS = {"cpu": 1, "cuda": 16}  # of these at once: a GPU needs larger products


@dataclass(frozen=True, slots=True)
class Backbone:
    """The body and the head of a model. Dropout is off, so that learner and generator agree."""

    model: PreTrainedModel

    def __post_init__(self) -> None:
        """Install the engine's attention; compare logits on a probe with the original model's."""
        self.model.eval()
        plain = plain_logits(self.model)
        if not plain.isfinite().all():
            name = self.model.name_or_path or self.model.config.model_type
            raise UsageError(f"model {name!r} gives logits that are not finite{self._spoiled()}")
        self.model.set_attn_implementation(forest.NAME)
        compare(self.model, plain, lambda *call: self.logits(self.hidden(*call)))

    def _spoiled(self) -> str:
        """The first weight that is not finite, and what to do."""
        odd = [n for n, w in self.model.named_parameters() if not w.isfinite().all()]
        if odd:
            return f": its weights hold NaN or infinity, first in {odd[0]}; give other weights"
        return f" in {self.model.dtype}; choose another model.dtype"

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.model.device

    @property
    def positions(self) -> int:
        """The number of positions that can be used."""
        return positions_of(self.model.config).usable

    @property
    def shortened(self) -> str:
        """Why fewer positions can be used than the model declares; empty if all can."""
        return positions_of(self.model.config).why

    @property
    def cache_shape(self) -> CacheShape:
        """Shape of the keys and values of one token in all layers."""
        config: Any = self.model.config.get_text_config()
        heads, width = key_shape(config)
        layers = config.num_hidden_layers
        return CacheShape(layers, heads, width, self.model.dtype, self.device)

    def check_room(self, longest: int) -> None:
        """Raise `ContextFull` for a text that is longer than the positions that can be used."""
        room = positions_of(self.model.config)
        if longest > room.usable:
            why = f" ({room.why})" if room.why else ""
            raise ContextFull(
                f"a text of {longest} tokens is longer than the {room.usable} positions of "
                f"the model that can be used{why}; shorten it"
            )

    def hidden(
        self, tokens: Int[Tensor, " n"], positions: Int[Tensor, " n"], over: Forest
    ) -> Float[Tensor, "n d"]:
        """Hidden states [n, d] before the head, of tokens that are laid end to end.

        Raises `ContextFull` for a text that is longer than the positions that can be used.
        """
        self.check_room(over.longest)
        body: Any = self.model.base_model
        out = body(
            input_ids=tokens[None],
            position_ids=positions[None],
            use_cache=False,
            forest=over,
        )
        return out.last_hidden_state[0]

    def logits(self, hidden: Float[Tensor, "n d"]) -> Float[Tensor, "n V"]:
        """Apply the output head."""
        head: Any = self.model.get_output_embeddings()
        return head(hidden)

    def choices(
        self,
        hidden: Float[Tensor, "n d"],
        token: Int[Tensor, " n"],
        temperature: Float[Tensor, " n"],
        kept: KeptTokens | None = None,
    ) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """Log π(token) and the entropy of π = softmax(z / T), both [n], in float32.

        With `kept`, π is renormalised over the tokens that it names.

        Logits are computed in chunks, discarded, and recomputed for the gradient, so that memory
        does not grow with tokens × vocabulary. The entropy has no gradient.
        """
        return self._chunked(self._choices, (hidden, token, temperature), kept)

    def weighed(
        self,
        hidden: Float[Tensor, "n d"],
        token: Int[Tensor, " n"],
        temperature: Float[Tensor, " n"],
        kept: KeptTokens | None = None,
    ) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """Like `choices`, but the entropy has a gradient."""
        return self._chunked(self._weighed, (hidden, token, temperature), kept)

    def squared(
        self,
        hidden: Float[Tensor, "n d"],
        token: Int[Tensor, " n"],
        temperature: Float[Tensor, " n"],
        kept: KeptTokens | None = None,
    ) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """Like `choices`, but Σ_v π(v)² in place of the entropy."""
        return self._chunked(self._squared, (hidden, token, temperature), kept)

    def _chunked(
        self,
        made: Callable[..., tuple[Tensor, Tensor]],
        given: tuple[Tensor, Tensor, Tensor],
        kept: KeptTokens | None,
    ) -> tuple[Tensor, Tensor]:
        size = self._rows
        chunks = zip(*(x.split(size) for x in given), strict=True)
        sets = repeat(None) if kept is None else kept.split(size)
        parts = [(*chunk, some) for chunk, some in zip(chunks, sets, strict=False)]
        if len(parts) == 1:
            return made(*parts[0])
        once = partial(checkpoint, made, use_reentrant=False, preserve_rng_state=False)
        found = [once(*part) for part in parts]
        logp, entropy = zip(*found, strict=True)
        return torch.cat(logp), torch.cat(entropy)

    @property
    def _rows(self) -> int:
        """Number of tokens with logits in memory at once."""
        logits = _CHUNK * _CHUNKS[self.device.type]
        return max(1, logits // self.model.config.get_text_config().vocab_size)

    def scores(
        self, hidden: Float[Tensor, "n d"], temperature: Float[Tensor, " n"]
    ) -> Iterator[Float[Tensor, "m V"]]:
        """The logits z / T of all tokens, in float32, in chunks."""
        size = self._rows
        for chunk, warmth in zip(hidden.split(size), temperature.split(size), strict=True):
            yield self.logits(chunk).float() / warmth[:, None]

    def among(
        self,
        hidden: Float[Tensor, "n d"],
        ids: Int[Tensor, "n K"],
        temperature: Float[Tensor, " n"],
    ) -> Float[Tensor, "n K1"]:
        """Log π of the tokens `ids` and of all others together, π = softmax(z / T), with gradient.

        Logits are discarded and recomputed as by `choices`.
        """
        size = self._rows
        chunks = [x.split(size) for x in (hidden, ids, temperature)]
        once = partial(checkpoint, self._among, use_reentrant=False, preserve_rng_state=False)
        return torch.cat([once(*chunk) for chunk in zip(*chunks, strict=True)])

    def _among(self, hidden: Tensor, ids: Tensor, temperature: Tensor) -> Tensor:
        return logp_among(self.logits(hidden).float() / temperature[:, None], ids)

    def _logp(self, hidden: Tensor, temperature: Tensor, kept: KeptTokens | None) -> Tensor:
        """Log π of every token of the vocabulary, [n, V]."""
        scores = self.logits(hidden).float() / temperature[:, None]
        return torch.log_softmax(scores if kept is None else kept.within(scores), dim=-1)

    def _choices(
        self, hidden: Tensor, token: Tensor, temperature: Tensor, kept: KeptTokens | None
    ) -> tuple[Tensor, Tensor]:
        logp = self._logp(hidden, temperature, kept)
        entropy = torch.special.entr(logp.detach().exp()).sum(-1)
        return logp.gather(1, token[:, None])[:, 0], entropy

    def _squared(
        self, hidden: Tensor, token: Tensor, temperature: Tensor, kept: KeptTokens | None
    ) -> tuple[Tensor, Tensor]:
        logp = self._logp(hidden, temperature, kept)
        return logp.gather(1, token[:, None])[:, 0], logp.detach().exp().square().sum(-1)

    def _weighed(
        self, hidden: Tensor, token: Tensor, temperature: Tensor, kept: KeptTokens | None
    ) -> tuple[Tensor, Tensor]:
        logp = self._logp(hidden, temperature, kept)
        entropy = -(logp.exp() * logp.clamp(min=-1e4)).sum(-1)
        return logp.gather(1, token[:, None])[:, 0], entropy
