"""What a value model says after a token, instead of before it."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from whet.protocols import ValueModel
from whet.types import Rollout


def shifted(rollout: Rollout) -> Rollout:
    """Its flags one token later: the state before each choice is now the state after the old one.

    The token that is added at the end is never read.
    """
    return replace(
        rollout,
        tokens=(*rollout.tokens, 0),
        chosen=(False, *rollout.chosen),
        entropy=(),
        certainty=(),
        said=(),
    )


def after(model: ValueModel, rollouts: Sequence[Rollout]) -> Tensor:
    """V of the state after every chosen token, end to end."""
    return model.values([shifted(r) for r in rollouts])


def last(model: ValueModel, rollouts: Sequence[Rollout]) -> Tensor:
    """V of the state after each rollout's last chosen token; none of them may be empty."""
    ends = torch.tensor([r.length for r in rollouts]).cumsum(0) - 1
    return after(model, rollouts)[ends.long()]
