"""Values of the state after a token, from a value model that gives those before a token."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from whet.protocols.engine import ValueModel
from whet.types import Rollout


def shifted(rollout: Rollout) -> Rollout:
    """The rollout with its action mask shifted one token to the right.

    The state before each sampled token then is the state after the original one. A padding token is
    added at the end and never read.
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
    """V of the state after every sampled token, laid end to end."""
    return await model.values([shifted(r) for r in rollouts])


async def last(model: ValueModel, rollouts: Sequence[Rollout]) -> Float[Tensor, " B"]:
    """V of the state after each rollout's last sampled token; every rollout must have one."""
    ends = torch.tensor([r.length for r in rollouts]).cumsum(0) - 1
    return (await after(model, rollouts))[ends.long()]
