"""What a value model says after a token, instead of before it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from whet.protocols.engine import ValueModel
from whet.types import Rollout


def shifted(rollout: Rollout) -> Rollout:
    """Its mask one token later: the state before each choice is now the state after the old one.

    The token that is added at the end is never read.
    """
    return replace(
        rollout,
        token_ids=np.append(rollout.token_ids, np.int32(0)),
        action_mask=np.insert(rollout.action_mask, 0, False),
        entropy=None,
        columns={},
        acts=(),
        id="",
        seal="",
    )


async def after(model: ValueModel, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
    """V of the state after every chosen token, end to end."""
    return await model.values([shifted(r) for r in rollouts])


async def last(model: ValueModel, rollouts: Sequence[Rollout]) -> Float[Tensor, " B"]:
    """V of the state after each rollout's last chosen token; none of them may be empty."""
    ends = torch.tensor([r.length for r in rollouts]).cumsum(0) - 1
    return (await after(model, rollouts))[ends.long()]
