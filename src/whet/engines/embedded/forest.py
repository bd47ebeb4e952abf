"""Attention over a forest of shared prefixes, for every architecture.

All tokens of a call are laid end to end in one row, [1, n]. A *segment* is a run of tokens that
follows another segment: a rollout follows its prompt, and the rollouts of a group follow the same
one. Each token is computed once and without padding in the model's linear layers; only attention
relates tokens.

The function is registered with `transformers.AttentionInterface`, which passes keyword arguments of
the forward call on. A caller passes `forest=…`, an object with `attend`, instead of a mask.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import Module
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import embedding, scaled_dot_product_attention
from transformers import AttentionInterface

from whet.types import UsageError

NAME = "whet_forest"
_KERNELS = (SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH)  # on a GPU: those that take a mask


@runtime_checkable
class Forest(Protocol):
    """Which tokens attend to which in one forward pass."""

    @property
    def longest(self) -> int:
        """Number of positions on the longest path."""
        ...

    def attend(
        self,
        layer: int,
        query: Float[Tensor, "1 H n D"],
        key: Float[Tensor, "1 K n D"],
        value: Float[Tensor, "1 K n D"],
        scale: float,
    ) -> Float[Tensor, "1 n H D"]:
        """softmax(scale · q kᵀ) v over each token's own path."""
        ...


def forest_attention(  # noqa: PLR0913  (the signature is the interface's)
    module: Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    forest: Forest,
    scaling: float,
    sliding_window: int | None = None,
    **extra: Any,
) -> tuple[Tensor, None]:
    """The attention function that every layer of the model calls.

    Raises `UsageError` for what it does not compute: caps on scores, sinks, and sliding windows
    shorter than the sequence.
    """
    del attention_mask
    window = sliding_window or forest.longest
    odd = [
        (extra.get("softcap"), "caps its scores"),
        (extra.get("s_aux") is not None, "has attention sinks"),
        (window < forest.longest, f"has a window of {window} over {forest.longest} tokens"),
    ]
    if found := [what for there, what in odd if there]:
        raise UsageError(
            f"{type(module).__name__} {' and '.join(found)}, and the engine has causal attention "
            "only"
        )
    layer: Any = module.layer_idx
    return forest.attend(layer, query, key, value, scaling), None


AttentionInterface.register(NAME, forest_attention)


class Segment(NamedTuple):
    """Tokens start … start + length − 1 of a call, which follow the segments of `path`."""

    start: int
    length: int
    path: tuple[int, ...] = ()  # indices of its ancestors, the root first


class Bucket(NamedTuple):
    """S segments of similar size, padded to L queries and K keys."""

    queries: Int[Tensor, "S L"]  # token indices; 0 for padding
    keys: Int[Tensor, "S K"]
    mask: Bool[Tensor, "S 1 L K"]


@dataclass(frozen=True, slots=True)
class Packed:
    """A forest with all its tokens in this call, as for learning and for prompts."""

    buckets: tuple[Bucket, ...]
    order: Int[Tensor, " n"]  # position of each token in the flattened buckets
    longest: int

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Attend bucket by bucket; each path is gathered once per segment, not per token."""
        del layer
        width = query.shape[-1]
        query, key, value = (x[0].transpose(0, 1).flatten(1) for x in (query, key, value))
        outs = [_attended(b, (query, key, value), width, scale) for b in self.buckets]
        return embedding(self.order, torch.cat(outs)).unflatten(-1, (-1, width))[None]


def _attended(
    bucket: Bucket, rows: tuple[Tensor, Tensor, Tensor], width: int, scale: float
) -> Float[Tensor, "SL HD"]:
    """Attention outputs of a bucket's tokens.

    `embedding` gathers rows, and scatters them in the backward pass, faster than indexing.
    """
    places = (bucket.queries, bucket.keys, bucket.keys)
    q, k, v = (
        embedding(place, x).unflatten(-1, (-1, width)).transpose(1, 2)
        for place, x in zip(places, rows, strict=True)
    )
    if q.is_cuda:  # its kernels with a mask have one head of keys per head of queries
        k, v = (x.repeat_interleave(q.shape[1] // k.shape[1], dim=1) for x in (k, v))
    grouped = q.shape[1] != k.shape[1]
    with sdpa_kernel([*_KERNELS]) if q.is_cuda else nullcontext():
        out = scaled_dot_product_attention(
            q, k, v, attn_mask=bucket.mask, scale=scale, enable_gqa=grouped
        )
    return out.transpose(1, 2).flatten(2).flatten(0, 1)


def build_forest(segments: Sequence[Segment], device: torch.device | str = "cpu") -> Packed:
    """Build the forest of these segments, which cover the tokens 0 … n − 1 of a call."""
    alike: dict[tuple[int, int], list[int]] = {}
    for index, segment in enumerate(segments):
        before = sum(segments[a].length for a in segment.path)
        alike.setdefault((_size(segment.length), _size(before)), []).append(index)
    buckets, places, offset = [], [], 0
    for members in alike.values():
        bucket = _bucket(segments, members)
        buckets.append(Bucket(*(x.to(device) for x in bucket)))
        width = bucket.queries.shape[1]
        for line, index in enumerate(members):
            start, length, _ = segments[index]
            here = offset + line * width
            places.append((start, torch.arange(here, here + length)))
        offset += bucket.queries.numel()
    order = torch.cat([place for _, place in sorted(places, key=lambda p: p[0])])
    longest = max(s.length + sum(segments[a].length for a in s.path) for s in segments)
    return Packed(tuple(buckets), order.to(device), longest)


def _size(length: int) -> int:
    """Size class of a length; lengths of one class differ by a factor below √2."""
    return (length * length).bit_length()


def _bucket(segments: Sequence[Segment], members: Sequence[int]) -> Bucket:
    own = [torch.arange(s.start, s.start + s.length) for s in (segments[m] for m in members)]
    paths = [
        torch.cat(
            [torch.arange(a.start, a.start + a.length) for a in (segments[i] for i in s.path)]
            + [torch.arange(s.start, s.start + s.length)]
        )
        for s in (segments[m] for m in members)
    ]
    queries = torch.nn.utils.rnn.pad_sequence(own, batch_first=True)
    keys = torch.nn.utils.rnn.pad_sequence(paths, batch_first=True)
    depth = torch.tensor([len(path) for path in paths])
    before = depth - torch.tensor([len(x) for x in own])
    # a query sees its path up to itself; a padding query sees the whole path
    last = (before[:, None] + torch.arange(queries.shape[1])).clamp(max=depth[:, None] - 1)
    mask = torch.arange(keys.shape[1]) <= last[..., None]
    return Bucket(queries, keys, mask[:, None])


def common(one: tuple[int, ...], two: tuple[int, ...]) -> int:
    """The length of the longest common prefix of two sequences of ids."""
    low, high = 0, min(len(one), len(two))
    if one[:high] == two[:high]:
        return high
    while high - low > 1:  # they agree on the first `low` ids, but not on the first `high`
        middle = (low + high) // 2
        if one[low:middle] == two[low:middle]:
            low = middle
        else:
            high = middle
    return low
