"""Keys and values that outlive a call, and attention over them.

A prompt's keys and values are computed once and lie in one line of a slab; the rollouts that follow
it read that line.  Nothing is copied per rollout: all queries of a group meet the prompt in one
matrix product, and each meets its own line in another; one softmax joins the two.
"""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from whet.engines.embedded.forest import Packed


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model's cache is made of."""

    layers: int
    heads: int  # K, of keys and values
    width: int  # D
    dtype: torch.dtype
    device: torch.device


@dataclass(slots=True)
class Slab:
    """Lines of keys and values, [lines, K, length, D] per layer, doubled when they run out."""

    shape: Shape
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    def reserve(self, lines: int, length: int) -> None:
        """Room for so many lines of so many tokens."""
        had = self.keys[0].shape if self.keys else (0, 0, 0, 0)
        if lines <= had[0] and length <= had[2]:
            return
        size = _doubled(had[0], lines), _doubled(had[2], length)
        self.keys = self._grown(self.keys, *size)
        self.values = self._grown(self.values, *size)

    def _grown(self, old: list[Tensor], lines: int, length: int) -> list[Tensor]:
        s = self.shape
        wanted = (lines, s.heads, length, s.width)
        grown = [torch.zeros(wanted, dtype=s.dtype, device=s.device) for _ in range(s.layers)]
        for new, had in zip(grown, old, strict=False):
            new[: had.shape[0], :, : had.shape[2]] = had
        return grown

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` tokens of one line to another."""
        for tensor in (*self.keys, *self.values):
            tensor[target, :, :length] = tensor[source, :, :length]


def _doubled(had: int, wanted: int) -> int:
    return had if wanted <= had else max(wanted, 2 * had)


@dataclass(frozen=True, slots=True)
class Prefill:
    """Prompts on their way into a slab: an ordinary forest that leaves its keys behind."""

    packed: Packed
    slab: Slab
    line: Int[Tensor, " n"]  # of each token of the call
    turn: Int[Tensor, " n"]  # its place in that line

    @property
    def longest(self) -> int:
        """Positions on the longest path."""
        return self.packed.longest

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Write, then attend as ever."""
        self.slab.keys[layer][self.line, :, self.turn] = key[0].transpose(0, 1)
        self.slab.values[layer][self.line, :, self.turn] = value[0].transpose(0, 1)
        return self.packed.attend(layer, query, key, value, scale)


@dataclass(frozen=True, slots=True)
class Decode:
    """One new token for each of n live rollouts: row i of the call owns line i of `own`.

    The rollouts of one prompt stand in one line of a grid, so that a prompt is read once by all.
    """

    prompts: Slab
    own: Slab
    prompt: Int[Tensor, " n"]  # the line of each row's prompt
    place: Int[Tensor, " n"]  # its place among the rows of that prompt
    turn: Int[Tensor, " n"]  # where in its own line the new token goes
    prompt_bias: Float[Tensor, "P p"]  # 0 where the prompt has a token, −∞ after it
    own_bias: Float[Tensor, "n t"]  # 0 up to the new token, −∞ after it
    width: int  # most rows of one prompt
    longest: int

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Softmax over prompt and own line together; G rollouts read one prompt."""
        n, heads = len(self.turn), key.shape[1]
        line = torch.arange(n, device=query.device)
        self.own.keys[layer][line, :, self.turn] = key[0].transpose(0, 1)
        self.own.values[layer][line, :, self.turn] = value[0].transpose(0, 1)
        q = query[0].transpose(0, 1).unflatten(1, (heads, -1)) * scale  # [n, K, R, D]

        length = self.own_bias.shape[1]
        own_keys, own_values = (x[layer][:n, :, :length] for x in (self.own.keys, self.own.values))
        lines, reach = self.prompt_bias.shape
        keys, values = (
            x[layer][:lines, :, :reach] for x in (self.prompts.keys, self.prompts.values)
        )
        shared = self._row(self._grid(q) @ keys.transpose(-1, -2), q)
        scores = torch.cat(
            [
                shared + self.prompt_bias[self.prompt][:, None, None],
                q @ own_keys.transpose(-1, -2) + self.own_bias[:, None, None],
            ],
            dim=-1,
        )
        weights = scores.softmax(-1, dtype=torch.float32).to(q.dtype)
        read = self._row(self._grid(weights[..., :reach]) @ values, q)
        out = read + weights[..., reach:] @ own_values
        return out.flatten(1, 2)[None]

    def _grid(self, x: Float[Tensor, "n K R d"]) -> Float[Tensor, "P K WR d"]:
        """Rows of one prompt side by side."""
        n, heads, repeats, d = x.shape
        grid = x.new_zeros(len(self.prompt_bias), self.width, heads, repeats, d)
        grid[self.prompt, self.place] = x
        return grid.transpose(1, 2).flatten(2, 3)

    def _row(self, grid: Float[Tensor, "P K WR d"], like: Tensor) -> Float[Tensor, "n K R d"]:
        """And back: one row each."""
        per_place = grid.unflatten(2, (self.width, like.shape[2])).transpose(1, 2)
        return per_place[self.prompt, self.place]
