"""Settings of the sharded engine: device, batch sizes, adapters, published weights."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

from whet.engines.devices import check_threads, use_threads
from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.recompute import LayerRecompute
from whet.engines.fsdp.critic import ShardedCritic, ShardedHead, value_head
from whet.engines.fsdp.learner import ShardedLearner
from whet.engines.fsdp.ranks import Ranks, all_ranks, ranks_due
from whet.engines.fsdp.sharding import shard
from whet.engines.fsdp.whole import EveryRank, FirstRank
from whet.engines.models import Folder, ModelSource
from whet.engines.padding import Cut
from whet.protocols import Engine, Learner, Rival
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.types import UsageError

_DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, slots=True, kw_only=True)
class FSDP(Engine):
    """A learner on all processes that torchrun has started; each of them runs the same program.

    Weights, gradients and moments are dealt to the ranks.  Every rank has a generator of the
    embedded engine, with a whole copy of the weights.  A process without torchrun is a single rank.
    """

    device: str = "cpu"  # cpu, or cuda: a GPU for each process of a machine
    threads: int = 0  # CPU threads of a process; 0: torch's default
    slots: int = 256  # most rollouts that are decoded at once, on each rank
    budget: int = 16384  # most tokens per forward pass of a rank
    lora: LoRA | None = None
    recompute: LayerRecompute | None = None  # less memory for activations; None: keep them all
    keeper: EveryRank | FirstRank = EveryRank()  # the ranks that keep what is published

    def __post_init__(self) -> None:
        for name in ("slots", "budget"):
            if getattr(self, name) < 1:
                raise UsageError(f"engine.{name} is {getattr(self, name)}; give 1 or more")
        if self.device not in _DEVICES:
            raise UsageError(f"engine.device is {self.device!r}; give cpu, or cuda for GPUs")
        check_threads(self.threads)

    @property
    def played(self) -> Embedded:
        """The engine of the generators."""
        return Embedded(
            device=self.device, threads=self.threads, slots=self.slots, budget=self.budget
        )

    def ranks(self) -> Ranks:
        """The processes that share a model, which are connected at the first call."""
        use_threads(self.threads)
        return all_ranks(self.device)

    async def open(self, model: ModelSource, seed: int) -> tuple[RolloutPlayer, ShardedLearner]:
        """A player on every rank, and the learner on all of them.

        With LoRA a player holds the whole base, and takes the adapters only.
        """
        learner = await self.learner(model, seed)
        if self.lora is None:
            return await self.player(model, seed), learner
        player, _ = await replace(self.played, lora=self.lora).open(model, seed)
        return player, learner

    async def learner(
        self, model: ModelSource, seed: int, ranks: Ranks | None = None
    ) -> ShardedLearner:
        """The learner alone, on all ranks or on those that are given.

        Every rank loads the whole model on the CPU first, and then keeps its rows.
        """
        on = self.ranks() if ranks is None else ranks

        def loaded() -> tuple[PreTrainedModel, Any]:
            found = model.load("cpu", seed)
            if self.lora is not None:
                self.lora.inject(found[0], seed)
            return found

        whole, tokenizer = on.together(loaded)
        body = shard(whole, on, self.recompute)
        return ShardedLearner(body, tokenizer, self.budget, self.keeper)

    async def player(self, model: ModelSource, seed: int) -> RolloutPlayer:
        """A player of the embedded engine on every rank."""
        return await self.played.player(model, seed)

    async def renderer(self, model: ModelSource) -> TextRenderer:
        """Tokenizer and config are read, no weights."""
        return await self.played.renderer(model)

    def positions(self, model: Any) -> int | None:
        """Raises `UsageError` for a model without attention over a limited number of positions."""
        return self.played.positions(model)

    def shortened(self, model: ModelSource) -> str:
        """The setting by which fewer positions can be used than the model declares."""
        return self.played.shortened(model)

    def narrow(self) -> "FSDP":
        """One rollout a micro-batch."""
        return replace(self, budget=1)

    def hardware(self) -> str:
        """The device of each rank.  The number of ranks belongs to it, because it changes sums."""
        own = self.played.hardware()
        return f"{own}, {ranks_due()} ranks"

    def check(self) -> None:
        """Refuse a device that is not here."""
        self.played.check()

    async def notes(self, model: ModelSource) -> list[str]:
        """What a plan says of the model; no weights are read."""
        return await replace(self.played, lora=self.lora).notes(model)

    def vocabulary(self, folder: Path) -> str:
        """Digest of the tokenizer in `folder`."""
        return self.played.vocabulary(folder)

    async def load_learner(self, folder: Path) -> ShardedLearner:
        """A learner without adapters, of the model in `folder`, in the dtype of its files."""
        return await replace(self, lora=None).learner(Folder.as_saved(folder), 0)

    async def load_teacher(self, folder: Path, rows: int) -> ShardedLearner:
        """The embedding and the output layer are cut to `rows` before they are dealt."""
        source = Cut(folder=Folder.as_saved(folder), rows=rows)
        return await replace(self, lora=None).learner(source, 0)

    async def rival(self, model: ModelSource, folder: Path) -> Rival:
        """One more whole copy of weights on every rank."""
        return await self.played.rival(model, folder)

    async def critic(self, folder: Path, ranks: Ranks | None = None) -> ShardedCritic:
        """A critic with the model in `folder` as its body, on the same ranks as the learner."""
        on = self.ranks() if ranks is None else ranks
        body, _ = on.together(lambda: Folder.as_saved(folder).load("cpu"))
        config: Any = body.config.get_text_config()
        head = value_head(config.hidden_size, on.device)
        return ShardedCritic(shard(body, on, self.recompute, (head,)), self.budget)

    async def value_head(self, learner: Learner) -> ShardedHead:
        """A value head on the learner's own model, which follows its updates."""
        if not isinstance(learner, ShardedLearner):
            raise UsageError(
                f"a value head needs the sharded engine's learner, not {type(learner).__name__}; "
                "give the critic a model of its own"
            )
        return ShardedHead(learner.body, self.budget)
