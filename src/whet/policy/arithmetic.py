"""Sums, means and scans over flat tokens, grouped by an owner index.

`owner` is the index of the rollout of each token (`row`), or of the group of each rollout
(`group`). Results have one entry per element: that of its owner. So an owner without elements has
no entry, and no mean is taken over nothing.

Sums and scans use a zero-padded matrix of owners × elements, summed row by row. Without atomic
additions every run gives the same bits, on a CPU and on a GPU.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from whet.types import CLOSE

_LIMIT = 20.0  # e²⁰ ≈ 5·10⁸: far outside any trust region, well inside float32
_SERIES = 1 / 8  # below it e^x − 1 − x is a series: the difference would lose 4 digits and more
_TERMS = 12  # the next one, 2 (1/8)¹¹ / 13! of the sum, is below the rounding of float64
_EXPONENT = 100  # 2^±100 is a normal float32


class Places(NamedTuple):
    """The position of each element in the padded matrix: row `line`, column `turn`."""

    line: Int[Tensor, " n"]
    turn: Int[Tensor, " n"]


def places(owner: Int[Tensor, " n"]) -> Places:
    """Number the elements of each owner 0, 1, 2, … in their order of appearance."""
    order = owner.argsort(stable=True)
    counts = torch.bincount(owner)
    starts = counts.cumsum(0) - counts
    turn = torch.empty_like(owner)
    turn[order] = torch.arange(len(owner), device=owner.device) - starts[owner[order]]
    return Places(owner, turn)


def rectangle(x: Float[Tensor, " n"], where: Places) -> Float[Tensor, "owners longest"]:
    """The elements of each owner in one row, zero-padded at the end."""
    size = [int(axis.max()) + 1 if len(axis) else 0 for axis in where]
    return x.new_zeros(size).index_put((where.line, where.turn), x)


def count_within(owner: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """The number of elements with the same owner. n_j = |{k : owner_k = owner_j}|."""
    return torch.bincount(owner)[owner]


def sum_within(x: Float[Tensor, " n"], owner: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The sum over elements with the same owner. Σ_k x_k over {k : owner_k = owner_j}."""
    return rectangle(x, places(owner)).sum(1)[owner]


def size_within(
    owner: Int[Tensor, " n"], weight: Float[Tensor, " n"] | None = None
) -> Shaped[Tensor, " n"]:
    """The sum of weights of elements with the same owner, or their number n_j without weights.

    In float64 the sum of float32 weights is exact, so it has the same bits in every slice.
    """
    return count_within(owner) if weight is None else sum_within(weight.double(), owner).to(weight)


def mean_within(
    x: Float[Tensor, " n"], owner: Int[Tensor, " n"], weight: Float[Tensor, " n"] | None = None
) -> Float[Tensor, " n"]:
    """The mean over elements with the same owner. Σ_k w_k x_k / Σ_k w_k; by default w_k = 1."""
    if weight is None:
        return sum_within(x, owner) / count_within(owner)
    held = weight.to(x)
    total = sum_within(held, owner)
    return sum_within(held * x, owner) / torch.where(total > 0, total, 1.0)


def most_within(x: Float[Tensor, " n"], owner: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The maximum over elements with the same owner."""
    size = int(owner.max()) + 1 if len(owner) else 0
    return x.new_full((size,), -torch.inf).scatter_reduce(0, owner, x, "amax")[owner]


def rounding(x: Float[Tensor, " n"], owner: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The size of rounding errors within an owner: 4 ε_dtype max_k |x_k|, in float64."""
    return CLOSE * torch.finfo(x.dtype).eps * most_within(x.double().abs(), owner)


def difference(x: Float[Tensor, " n"], y: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The difference x − y, exactly 0 where it is within rounding error."""
    close = CLOSE * torch.finfo(x.dtype).eps * torch.maximum(x.abs(), y.abs())
    gap = x - y
    return gap.masked_fill(gap.abs() <= close, 0.0)


def level(
    x: Float[Tensor, " n"], owner: Int[Tensor, " n"], weight: Float[Tensor, " n"] | None = None
) -> Bool[Tensor, " n"]:
    """True for elements that equal their owner's (weighted) mean up to rounding.

    All elements of an owner are level if its largest and smallest differ by at most 4 ε max|x|, as
    in `whet.types.spread`. Among others, an element is level within ε max|x|, the rounding of the
    element and of the mean.
    """
    wide, close = x.double(), rounding(x, owner)
    equal = most_within(wide, owner) + most_within(-wide, owner) <= close
    return equal | (_above(x, owner, weight).abs() <= close / CLOSE)


def _above(
    x: Float[Tensor, " n"], owner: Int[Tensor, " n"], weight: Float[Tensor, " n"] | None
) -> Float[Tensor, " n"]:
    """x_j minus its owner's (weighted) mean, in float64, by way of the owner's smallest element."""
    wide = x.double()
    above = wide + most_within(-wide, owner)
    return above - mean_within(above, owner, weight)


def centred_within(
    x: Float[Tensor, " n"], owner: Int[Tensor, " n"], weight: Float[Tensor, " n"] | None = None
) -> Float[Tensor, " n"]:
    """x_j minus its owner's (weighted) mean, exactly 0 where they agree up to rounding.

    It is computed in float64, so that a small spread of large elements keeps its digits.
    """
    return _above(x, owner, weight).to(x).masked_fill(level(x, owner, weight), 0.0)


def deviation_within(
    apart: Float[Tensor, " n"],
    owner: Int[Tensor, " n"],
    divisor: Shaped[Tensor, " n"],
    weight: Float[Tensor, " n"] | None = None,
) -> Float[Tensor, " n"]:
    """The deviation √(Σ_k w_k apart_k² / divisor) of each element's owner.

    A power of 2 scales the squares, so that none overflows and all other bits stay.
    """
    exponent = torch.frexp(most_within(apart.abs(), owner)).exponent.clamp(-_EXPONENT, _EXPONENT)
    squares = torch.ldexp(apart, -exponent) ** 2
    total = sum_within(squares if weight is None else weight.to(apart) * squares, owner)
    return torch.ldexp((total / divisor).sqrt(), exponent)


class Moments(NamedTuple):
    """Deviations from the mean, their sum of squares, and the number (or weight) of elements."""

    apart: Float[Tensor, " n"]  # exactly 0 for elements that equal the mean
    squares: Float[Tensor, ""]  # in float64
    size: float


def centred(x: Float[Tensor, " n"], weight: Float[Tensor, " n"] | None = None) -> Moments:
    """Deviations x_j − Σ_k w_k x_k / Σ_k w_k, their weighted sum of squares, and Σ_k w_k."""
    size = float(len(x)) if weight is None else float(weight.double().sum())
    apart = centred_within(x, torch.zeros_like(x, dtype=torch.long), weight)
    squares = apart.double() ** 2
    return Moments(apart, (squares if weight is None else weight * squares).sum(), size)


class Steps(NamedTuple):
    """The segments (or turns) of all rollouts, in order."""

    of: Int[Tensor, " N"]  # index of the segment of each token
    row: Int[Tensor, " S"]  # rollout of each segment
    first: Int[Tensor, " S"]  # index of its first token
    last: Bool[Tensor, " S"]  # True: last segment of its rollout


def steps(row: Int[Tensor, " N"], segment: Int[Tensor, " N"]) -> Steps:
    """Group tokens by rollout and segment number."""
    pairs, of = torch.stack([row, segment], dim=1).unique(dim=0, return_inverse=True)
    begin = (places(of).turn == 0).nonzero()[:, 0]
    first = torch.empty_like(pairs[:, 0]).index_put((of[begin],), begin)
    last = torch.ones_like(first, dtype=torch.bool)
    last[:-1] = pairs[1:, 0] != pairs[:-1, 0]
    return Steps(of, pairs[:, 0], first, last)


def alike(*keys: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """Indices 0, 1, 2, …, equal for elements that agree in all keys."""
    return torch.stack(keys, dim=1).unique(dim=0, return_inverse=True)[1]


def reward_to_go(
    reward: Float[Tensor, " N"], row: Int[Tensor, " N"], discount: float
) -> Float[Tensor, " N"]:
    """Discounted return of every token. G_t = Σ_{s ≥ t} γ^{s−t} r_s within each rollout."""
    where = places(row)
    return discounted(rectangle(reward, where), discount)[where.line, where.turn]


def generalised_advantage(
    reward: Float[Tensor, " N"],
    value: Float[Tensor, " N"],
    row: Int[Tensor, " N"],
    *,
    discount: float = 1.0,
    gae_lambda: float | Float[Tensor, " rollouts"] = 0.95,
) -> Float[Tensor, " N"]:
    """GAE (arXiv:1506.02438). Â_t = Σ_{s ≥ t} (γλ)^{s−t} δ_s, δ_t = r_t + γ V_{t+1} − V_t.

    V after the last sampled token of a rollout is 0. λ may differ between rollouts.
    """
    where = places(row)
    values = rectangle(value, where)
    following = torch.cat([values[:, 1:], values.new_zeros(len(values), 1)], dim=1)
    surprise = rectangle(reward, where) + discount * following - values
    return discounted(surprise, discount * gae_lambda)[where.line, where.turn]


def discounted(x: Float[Tensor, "B L"], decay: float | Float[Tensor, " B"]) -> Float[Tensor, "B L"]:
    """The scan y_t = x_t + decay · y_{t+1} from the right; the decay may differ between rows."""
    if not x.numel():
        return x
    columns = [x[:, -1]]
    for t in range(x.shape[1] - 2, -1, -1):
        columns.append(x[:, t] + decay * columns[-1])
    return torch.stack(columns[::-1], dim=1)


def bounded(x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """A log-ratio, clamped to ±20 so that its exponential stays finite, with the gradient of x.

    So f(bounded(x)) has the value and the slope of f at the bound: a price keeps its sign and its
    pull however far the policy has gone. `saturated` marks these elements.
    """
    return x.detach().clamp(-_LIMIT, _LIMIT) + _gradient_of(x)


def _gradient_of(x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """0, with the gradient of x. A log-prob of −∞ has none: there ∂π/∂x = π = 0."""
    return (x - x.detach()).nan_to_num(0.0)


def saturated(x: Float[Tensor, " n"]) -> Bool[Tensor, " n"]:
    """True for log-ratios beyond ±20, of which `bounded` keeps the bound."""
    return x.abs() > _LIMIT


def log_ratio(above: Float[Tensor, " n"], below: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The log-ratio log p − log q, `bounded`."""
    return bounded(above - below)


def linearised(
    x: Float[Tensor, " n"], value: Float[Tensor, " n"], slope: Float[Tensor, " n"]
) -> Float[Tensor, " n"]:
    """A function of x by its value and its derivative, where autograd would lose digits."""
    return value.detach() + slope.detach() * _gradient_of(x)


def exp_residual(x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The Bregman divergence e^x − 1 − x ≥ 0, with all its digits: x²/2 + x³/6 + … near 0."""
    near = x.abs() < _SERIES
    small = torch.where(near, x, 0.0)
    series = torch.ones_like(x)
    for n in range(_TERMS + 1, 2, -1):
        series = 1 + small / n * series
    return torch.where(near, small**2 / 2 * series, x.expm1() - x)
