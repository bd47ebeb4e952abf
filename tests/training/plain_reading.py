"""What an unmodified transformers model in float64 says of rollouts, and finite differences.

Sequences are padded on the right, which a causal model does not see.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
from torch import Tensor
from witnessed import LORA, SHAPE

from whet.types import Rollout

H = 1e-6  # of finite differences
SCALE = LORA.alpha / LORA.rank


class Read(NamedTuple):
    """Log-probs and entropies of all chosen tokens, laid end to end, and the model they are of."""

    logp: Tensor
    entropy: Tensor
    model: Any
    heard: Tensor  # log-probs of what stands between the first and the last chosen token
    spreads: Tensor  # log-probs of the whole vocabulary before each chosen token


@cache
def plain_model() -> Any:
    """The model of the run as transformers makes it, in float64."""
    return SHAPE.load("cpu")[0].double()


def padded(rollouts: Sequence[Rollout]) -> Tensor:
    """Token ids in one row each, zeros behind them; a causal model does not see those."""
    rows = [torch.tensor(r.token_ids.tolist()) for r in rollouts]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def whole(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights W + s B A, where there are adapters A and B."""
    found = {}
    for name, x in weights.items():
        if ".lora_" in name:
            continue
        layer = name.replace(".base_layer.", ".")
        found[layer] = x.double()
        if layer != name:
            a, b = adapters(weights, layer)
            found[layer] = x.double() + SCALE * b @ a
    return found


def adapters(weights: dict[str, Tensor], layer: str) -> tuple[Tensor, Tensor]:
    """A and B of a layer, by the name of its weight."""
    stem = layer.removesuffix(".weight")
    a, b = (weights[f"{stem}.lora_{x}.default.weight"].double() for x in "AB")
    return a, b


def trained_gradients(weights: dict[str, Tensor], model: Any) -> list[Tensor]:
    """.grad of all parameters; with adapters s Bᵀ G and s G Aᵀ for each, G of the whole weight."""
    whole_grads = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    layers = [n.replace(".base_layer.", ".") for n in weights if ".base_layer." in n]
    if not layers:
        return list(whole_grads.values())
    found = []
    for layer in layers:
        a, b = adapters(weights, layer)
        found += [SCALE * b.T @ whole_grads[layer], SCALE * whole_grads[layer] @ a.T]
    return found


def read(weights: dict[str, Tensor], rollouts: Sequence[Rollout]) -> Read:
    model = deepcopy(plain_model())
    model.load_state_dict(whole(weights))
    ids = padded(rollouts)
    logits = model(input_ids=ids).logits
    logps, entropies, heard, spreads = [], [], [logits.new_zeros(0)], []
    for row, rollout in enumerate(rollouts):
        flags = rollout.action_mask.tolist()
        for place, chosen in enumerate(flags):
            spread = (logits[row, place - 1] / rollout.decoding.logp_temperature).log_softmax(0)
            if chosen:
                spreads.append(spread)
                logps.append(spread[ids[row, place]])
                entropies.append(-(spread.exp() * spread).sum())
            elif any(flags[:place]) and any(flags[place:]):
                heard.append(spread[ids[row, place]][None])
    read_so_far = torch.stack(logps), torch.stack(entropies), model, torch.cat(heard)
    return Read(*read_so_far, torch.stack(spreads))


@contextmanager
def sg(held: list[Tensor], *, record: bool) -> Iterator[None]:
    """Keep what is detached inside, or give it back in the same order."""
    given = iter(list(held))

    def detach(x: Tensor) -> Tensor:
        if record:
            held.append(x.clone())
            return held[-1]
        return next(given)

    with patch.object(torch.Tensor, "detach", detach):
        yield


def stands_still(worth: Callable[[Tensor], Tensor], at: Tensor) -> Iterator[bool]:
    """For each token: whether f is the same a little above and a little below its log-prob."""
    held: list[Tensor] = []
    with torch.no_grad(), sg(held, record=True):
        there = float(worth(at).sum())
    for n in range(len(at)):
        beside = []
        for by in (H, -H):
            moved = at.clone()
            moved[n] += by
            with torch.no_grad(), sg(held, record=False):
                beside.append(float(worth(moved).sum()))
        yield beside == [there, there]


def states(weights: dict[str, Tensor], rollouts: Sequence[Rollout]) -> tuple[Tensor, Any]:
    """The hidden state before every chosen token, laid end to end, and the body of the model."""
    body = deepcopy(plain_model())
    body.load_state_dict(weights)
    hidden = body.base_model(input_ids=padded(rollouts)).last_hidden_state
    found = [
        hidden[row, place - 1]
        for row, rollout in enumerate(rollouts)
        for place, chosen in enumerate(rollout.action_mask.tolist())
        if chosen
    ]
    return torch.stack(found), body.base_model
