"""From rollouts to one call of the model: every prompt once, no token that predicts nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from whet.engines.embedded.forest import Packed, Segment, plant
from whet.types import Rollout


@dataclass(frozen=True, slots=True)
class Call:
    """Rollouts, ready for the model: n tokens go in, N chosen ones are predicted."""

    tokens: Int[Tensor, " n"]
    positions: Int[Tensor, " n"]
    forest: Packed
    source: Int[Tensor, " N"]  # the token whose hidden state predicts each choice
    choice: Int[Tensor, " N"]
    temperature: Float[Tensor, " N"]


def prefix(rollout: Rollout) -> tuple[int, ...]:
    """The tokens before the first choice."""
    return rollout.tokens[: rollout.chosen.index(True)] if any(rollout.chosen) else rollout.tokens


def _own(rollout: Rollout) -> tuple[int, ...]:
    """What follows the prompt and predicts something: up to the last choice, itself left out."""
    if not rollout.length:
        return ()
    last = len(rollout.chosen) - 1 - rollout.chosen[::-1].index(True)
    return rollout.tokens[len(prefix(rollout)) : last]


def slices(rollouts: Sequence[Rollout], budget: int) -> Iterator[slice]:
    """Consecutive rollouts of at most `budget` tokens a slice; a longer rollout goes alone."""
    start, spent, prompts = 0, 0, set()
    for index, rollout in enumerate(rollouts):
        price = len(_own(rollout)) + (len(prefix(rollout)) * (prefix(rollout) not in prompts))
        if index > start and spent + price > budget:
            yield slice(start, index)
            start, spent, prompts = index, 0, set()
            price = len(_own(rollout)) + len(prefix(rollout))
        spent += price
        prompts.add(prefix(rollout))
    if start < len(rollouts):
        yield slice(start, len(rollouts))


def pack(rollouts: Sequence[Rollout], device: torch.device | str = "cpu") -> Call:
    """Lay prompts and rollouts end to end; a rollout that chose nothing is left out."""
    segments: list[Segment] = []
    tokens: list[int] = []
    positions: list[int] = []
    prompts: dict[tuple[int, ...], int] = {}
    source: list[int] = []
    choice: list[int] = []
    temperature: list[float] = []

    def lay(run: Sequence[int], first: int, path: tuple[int, ...]) -> None:
        segments.append(Segment(len(tokens), len(run), path))
        tokens.extend(run)
        positions.extend(range(first, first + len(run)))

    for rollout in (r for r in rollouts if r.length):
        before = prefix(rollout)
        if before not in prompts:
            prompts[before] = len(segments)
            lay(before, 0, ())
        prompt = segments[prompts[before]]
        own = len(tokens)
        if run := _own(rollout):
            lay(run, len(before), (prompts[before],))
        # a choice at place p is predicted by place p − 1: the prompt's last token, or an own one
        for place, (token, chosen) in enumerate(zip(rollout.tokens, rollout.chosen, strict=True)):
            if chosen:
                turn = place - len(before)
                source.append(prompt.start + prompt.length - 1 if turn == 0 else own + turn - 1)
                choice.append(token)
                temperature.append(rollout.temperature)
    return Call(
        tokens=torch.tensor(tokens, device=device),
        positions=torch.tensor(positions, device=device),
        forest=plant(segments, device),
        source=torch.tensor(source, device=device),
        choice=torch.tensor(choice, device=device),
        temperature=torch.tensor(temperature, device=device),
    )
