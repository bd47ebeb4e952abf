"""A model whose weights are dealt to ranks row by row (torch FSDP2, arXiv:2304.11277)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.nn import Module
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.packing import PackedRollouts
from whet.engines.embedded.recompute import LayerRecompute
from whet.engines.fsdp.ranks import Ranks
from whet.types import UsageError

Reading = Callable[[Tensor, PackedRollouts], tuple[Tensor, ...]]
"""What is asked of the hidden states [n, d] of a call, such as log-probs; it may use the head."""

_WIDE = (torch.float32, torch.float64)


class CalledOnce(Module):
    """Body and head in one forward pass.

    FSDP gathers the weights of a module when the module is called.  The engine calls body and head
    apart, so that a root around the language model would never be gathered.
    """

    def __init__(self, backbone: Backbone, *further: Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.model = backbone.model
        self.further = torch.nn.ModuleList(further)

    def forward(self, call: PackedRollouts, reading: Reading) -> tuple[Tensor, ...]:
        """What `reading` finds in the hidden states.

        The results are copies: FSDP's backward hooks do not take views.
        """
        hidden = self.backbone.hidden(call.tokens, call.positions, call.forest)
        return tuple(found.clone() for found in reading(hidden, call))


@dataclass(frozen=True, slots=True)
class ShardedBody:
    """A sharded model.  Every method is called by all ranks.

    Rank r of W holds rows ⌈R/W⌉ r … ⌈R/W⌉ (r + 1) of a weight with R rows, in float32 for a model
    of bfloat16: these are the weights that the optimizer changes, and the model computes with them
    rounded.  Gradients are summed over ranks in that dtype.
    """

    module: CalledOnce
    ranks: Ranks
    dtype: torch.dtype  # that the model computes in

    @property
    def backbone(self) -> Backbone:
        """The model as the embedded engine computes it."""
        return self.module.backbone

    @property
    def model(self) -> PreTrainedModel:
        """The model of transformers; its parameters are this rank's rows."""
        return self.backbone.model

    def learned(self, call: PackedRollouts, reading: Reading) -> tuple[Tensor, ...]:
        """A forward pass with a graph, whose backward pass has to follow."""
        return self.module(call, reading)

    @torch.no_grad()
    def read(self, call: PackedRollouts, reading: Reading) -> tuple[Tensor, ...]:
        """A forward pass without a gradient.

        Afterwards no rank keeps whole weights, which would outlive a change of its rows.
        """
        found = self.module(call, reading)
        self.reshard()
        return found

    def reshard(self) -> None:
        """Give up the whole weights of the embeddings and the head."""
        cast("FSDPModule", self.module).reshard()

    def parameters(self) -> dict[str, Tensor]:
        """This rank's rows of the parameters, by the names of the model."""
        self.reshard()
        return dict(self.model.named_parameters())

    def state(self) -> dict[str, Tensor]:
        """This rank's rows of parameters, and the buffers, by the names of the model."""
        self.reshard()
        return self.model.state_dict()

    def whole(self, tensor: Tensor) -> Tensor:
        """The tensor of all ranks, in the dtype that the model computes in."""
        if not isinstance(tensor, DTensor):
            return tensor.detach()
        return tensor.full_tensor().detach().to(self.dtype)


def shard(
    model: PreTrainedModel,
    ranks: Ranks,
    recompute: LayerRecompute | None = None,
    further: Sequence[Module] = (),
) -> ShardedBody:
    """Deal the weights of a model to the ranks, which have loaded the same one.

    Layers are gathered one by one, embeddings and head together.  `further` modules read the hidden
    states; they stay in float32.

    Raises `UsageError` for dtypes that it does not train in, and for a model without layers that
    transformers marks.
    """
    dtype = _dtype_of(model)
    backbone = Backbone(model)
    layers = [m for m in model.modules() if isinstance(m, GradientCheckpointingLayer)]
    if not layers:
        raise UsageError(
            f"engine: transformers marks no layers of {model.config.model_type!r}, which FSDP "
            "would gather one by one; take embedded, or another architecture"
        )
    if recompute is not None:
        recompute.install(model)
    with torch.no_grad():
        for weight in model.parameters():
            weight.data = weight.data if dtype in _WIDE else weight.data.float()
    plain = MixedPrecisionPolicy(cast_forward_inputs=False)
    narrow = MixedPrecisionPolicy(
        param_dtype=dtype, reduce_dtype=torch.float32, cast_forward_inputs=False
    )
    policy = plain if dtype in _WIDE else narrow
    for layer in layers:
        fully_shard(layer, mesh=ranks.mesh, mp_policy=policy)
    root = CalledOnce(backbone, *further)
    for module in further:
        fully_shard(module, mesh=ranks.mesh, mp_policy=plain)
    fully_shard(root, mesh=ranks.mesh, mp_policy=policy)
    summed(root)
    return ShardedBody(root, ranks, dtype)


def summed(root: Module) -> None:
    """Add the gradients of ranks, in place of FSDP's mean.

    Weights of tokens are made of the totals of the whole batch, so the loss is the sum of the
    ranks' losses.  A factor of 1 alone would ask for an operation that gloo lacks.
    """
    for module in root.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(enable=True)


def _dtype_of(model: PreTrainedModel) -> torch.dtype:
    """The dtype of all weights.  Raises `UsageError` for several ones, and for float16."""
    found = {weight.dtype for weight in model.parameters()}
    if len(found) == 1 and found <= {*_WIDE, torch.bfloat16}:
        return found.pop()
    names = " and ".join(sorted(str(one).removeprefix("torch.") for one in found))
    raise UsageError(
        f"model.dtype: the weights are {names}, which ranks do not train in; give bfloat16 or "
        "float32"
    )


def sharded_head(head: Module, ranks: Ranks) -> Any:
    """A module by itself, dealt to the ranks."""
    fully_shard(head, mesh=ranks.mesh, mp_policy=MixedPrecisionPolicy(cast_forward_inputs=False))
    summed(head)
    return head
