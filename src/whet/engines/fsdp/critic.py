"""Critics on ranks: a value head on a sharded body of its own, or on the learner's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributed.fsdp import FSDPModule
from torch.nn import Linear

from whet.engines.embedded.masters import InPlace, TrainedWeights
from whet.engines.embedded.packing import PackedRollouts, pack
from whet.engines.embedded.repeatable import repeatable
from whet.engines.embedded.shares import NonFiniteError
from whet.engines.fsdp.checkpoint import Optimised, read, write
from whet.engines.fsdp.dealing import Deal, deal, ghost
from whet.engines.fsdp.learner import clipped
from whet.engines.fsdp.ranks import FirstError, Ranks, agree_on
from whet.engines.fsdp.scoring import check_room, spread
from whet.engines.fsdp.sharding import ShardedBody, sharded_head
from whet.engines.states import adamw
from whet.protocols import ValueLoss, ValueModel
from whet.types import Mean, Metrics, Rollout
from whet.types.optimizers import AdamW

_STATE = "critic"


def value_head(width: int, device: torch.device) -> Linear:
    """A head [1, width] in float32 that starts at 0, so that all values are 0 at first."""
    head = Linear(width, 1, device=device, dtype=torch.float32)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    return head


@dataclass(slots=True)
class ShardedHead(ValueModel):
    """V(s) = w · h(s) + b, with the hidden state h(s) of the learner's body on the same ranks.

    Only the head is trained.  All ranks call every method, as with `ShardedLearner`.
    """

    body: ShardedBody
    budget: int  # most tokens in one forward pass of a rank; it changes no result
    settings: AdamW = AdamW()
    optimizer: torch.optim.Optimizer | None = None
    trained: TrainedWeights | None = None  # this rank's rows
    head: Any = field(init=False)

    def __post_init__(self) -> None:
        config: Any = self.body.model.config.get_text_config()
        ranks = self.body.ranks
        self.head = sharded_head(value_head(config.hidden_size, ranks.device), ranks)

    def reset_optimizer(self, optimizer: AdamW) -> None:
        self.settings = optimizer
        self.trained = TrainedWeights.of(self._named(), InPlace())
        self.optimizer = adamw(self.trained.held, optimizer)

    @property
    def optimizer_steps(self) -> int | None:
        """Steps since the optimizer was fresh; None without one."""
        return None if self.trained is None else self.trained.taken

    async def values(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        check_room(self.body.backbone, rollouts)
        found = spread(self._ranks, rollouts, self.budget, self._read)
        return found[0] if found else torch.zeros(0)

    async def step(self, fit: ValueLoss, rollouts: Sequence[Rollout], lr: float) -> Metrics:
        """Sum the gradients of all ranks, then take one clipped step.

        Raises, on all ranks, `NonFiniteError` before any weight changes, and `IntegrityError` for
        an optimizer that has lost its moments.
        """
        optimised = self._optimised()
        check_room(self.body.backbone, rollouts)
        for group in optimised.optimizer.param_groups:
            group["lr"] = lr
        optimised.optimizer.zero_grad(set_to_none=True)
        optimised.trained.begin()
        with repeatable(self._ranks.device):
            total = self._gradients(fit, rollouts)
            norm = clipped(optimised.trained.held, self.settings.clip_norm)
        if not (isfinite(total) and isfinite(norm)):
            raise NonFiniteError(f"the critic's loss is {total}, gradient norm {norm}", rollouts)
        optimised.trained.step(optimised.optimizer)
        return {
            "value_loss": Mean(total=total, count=1),
            "value_grad_norm": Mean(total=norm, count=1),
        }

    def _gradients(self, fit: ValueLoss, rollouts: Sequence[Rollout]) -> float:
        """Add the gradient of this rank's share; the loss of all ranks."""
        spoken = [rollout for rollout in rollouts if rollout.length]
        ranks, first = self._ranks, FirstError()
        own = deal(spoken, self.budget, ranks.size, ranks.rank)
        runs = _Runs.of(spoken, own)
        losses: list[float] = []
        for part in own.parts:
            places = own.mine[part]
            value = self._valued(pack([spoken[i] for i in places], ranks.device))
            leaf = value.detach().cpu().requires_grad_()
            slope = torch.zeros_like(leaf)
            with first:
                loss = runs.fitted(fit, leaf, places)
                (slope,) = torch.autograd.grad(loss, leaf)
                losses.append(loss.item())
            value.backward(slope.to(value))
        for _ in range(own.ghosts):
            value = self._valued(ghost(ranks.device))
            value.backward(torch.zeros_like(value))
        everyone = ranks.gathered((losses, first.told))
        if first.error is not None:
            raise first.error
        agree_on([error for _, error in everyone])
        return sum(loss for told, _ in everyone for loss in told)

    async def save(self, folder: Path) -> None:
        """Write `critic/` (DCP) and `critic.json`.  Call `reset_optimizer` first."""
        write(folder / _STATE, self._ranks, self._named(), self._optimised(), {})

    async def load(self, folder: Path) -> None:
        """Restore weights and optimizer exactly, also of another number of ranks.

        Raises `IntegrityError`, on all ranks, with the name of a tensor that is missing,
        unexpected, or of another shape or dtype.
        """
        read(folder / _STATE, self._ranks, self._named(), self._optimised(), {})

    @property
    def _ranks(self) -> Ranks:
        return self.body.ranks

    def _named(self) -> dict[str, Tensor]:
        """This rank's rows of the trained weights, by name."""
        cast("FSDPModule", self.head).reshard()
        return {f"head.{name}": p for name, p in self.head.named_parameters()}

    @torch.no_grad()
    def _read(self, call: PackedRollouts) -> tuple[Tensor, ...]:
        """Values without a gradient.  Afterwards no rank keeps whole weights."""
        found = self._valued(call)
        self.body.reshard()
        cast("FSDPModule", self.head).reshard()
        return (found,)

    def _valued(self, call: PackedRollouts) -> Tensor:
        (hidden,) = self.body.read(call, lambda hidden, of: (hidden[of.source].float(),))
        return self.head(hidden)[:, 0].clone()

    def _optimised(self) -> Optimised:
        if self.optimizer is None or self.trained is None:
            raise ValueError("the critic has no optimizer: call reset_optimizer() first")
        return Optimised(self.trained, self.optimizer)


@dataclass(slots=True)
class ShardedCritic(ShardedHead):
    """A critic with a body of its own, which is trained too.

    The head is a further module of the body, so that one forward pass gathers both.
    """

    def __post_init__(self) -> None:
        (self.head,) = self.body.module.further

    def _named(self) -> dict[str, Tensor]:
        own = ShardedHead._named(self)
        self.body.reshard()
        base: Any = self.body.model.base_model
        return {f"body.{n}": p for n, p in base.named_parameters() if p.requires_grad} | own

    def _valued(self, call: PackedRollouts) -> Tensor:
        def reading(hidden: Tensor, of: PackedRollouts) -> tuple[Tensor, ...]:
            return (self.head(hidden[of.source].float())[:, 0],)

        (found,) = self.body.learned(call, reading)
        return found


@dataclass(frozen=True, slots=True)
class _Runs:
    """Where the tokens of rollouts are in the whole batch, for a loss that is given slices."""

    first: Mapping[int, int]  # of each rollout of this rank
    length: Mapping[int, int]

    @classmethod
    def of(cls, rollouts: Sequence[Rollout], own: Deal) -> "_Runs":
        """The tokens of the rollouts of a deal."""
        edges = torch.tensor([0, *(rollout.length for rollout in rollouts)]).cumsum(0).tolist()
        return cls({i: edges[i] for i in own.mine}, {i: rollouts[i].length for i in own.mine})

    def fitted(self, fit: ValueLoss, value: Tensor, places: Sequence[int]) -> Tensor:
        """The loss of a micro-batch, as the sum over runs of consecutive rollouts."""
        total, before, run = value.new_zeros(()), 0, list[int]()
        for here, then in zip(places, [*places[1:], None], strict=True):
            run.append(here)
            if then == here + 1:
                continue
            size, start = sum(self.length[i] for i in run), self.first[run[0]]
            total = total + fit(value[before : before + size], slice(start, start + size))
            before, run = before + size, []
        return total
