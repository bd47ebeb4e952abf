"""Settings of the embedded engine: device, batch sizes, adapters."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from transformers import PreTrainedModel

from whet.engines.devices import check_threads, device_of, hardware_of, use_threads
from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.critic import EmbeddedCritic, EmbeddedHead
from whet.engines.embedded.decoding_probe import check_decoding
from whet.engines.embedded.generator import EmbeddedGenerator
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.embedded.masters import Float32Masters, InPlace
from whet.engines.embedded.publication import twin
from whet.engines.embedded.recompute import LayerRecompute
from whet.engines.embedded.unsupported import REMEDY, reasons
from whet.engines.key_shapes import lacking
from whet.engines.models import Folder, InspectableModel, ModelSource
from whet.engines.padding import Cut
from whet.engines.positions import positions_of
from whet.engines.renderers import beside, renderer_of
from whet.engines.states import check_trainable
from whet.protocols import Engine, Learner, Rival
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.rollouts.vocabularies import vocabulary_digest
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded(Engine):
    """One process and one device.

    Generator and learner each hold a copy of the weights; with LoRA they share those of the base.
    """

    device: str = "auto"  # auto: cuda if available, else cpu
    threads: int = 0  # CPU threads; 0: torch's default.  The number changes rounding
    slots: int = 256  # most rollouts that are decoded at once
    budget: int = 16384  # most tokens per forward pass of prompts or of a micro-batch
    lora: LoRA | None = None
    masters: Float32Masters | InPlace = Float32Masters()  # what the optimizer changes
    recompute: LayerRecompute | None = None  # less memory for activations; None: keep them all
    replays_truncation: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("slots", "budget"):
            if getattr(self, name) < 1:
                raise UsageError(f"engine.{name} is {getattr(self, name)}; give 1 or more")
        check_threads(self.threads)

    async def open(self, model: ModelSource, seed: int) -> tuple[RolloutPlayer, EmbeddedLearner]:
        """Load the model twice: one copy for the player, one for the learner.

        With LoRA it is loaded once, and both read the same base.
        """
        if self.lora is not None:
            return self._adapted(self.lora, model, seed)
        player = await self.player(model, seed)
        return player, self._learner(*model.load(device_of(self.device), seed))

    def _adapted(
        self, lora: LoRA, model: ModelSource, seed: int
    ) -> tuple[RolloutPlayer, EmbeddedLearner]:
        """One base with the adapters of the learner, and with those of the generator."""
        learned, tokenizer = model.load(self._ready(), seed)
        lora.inject(learned, seed)
        played = twin(learned)
        return self._played(model, played, tokenizer), self._learner(learned, tokenizer)

    def _learner(self, learned: PreTrainedModel, tokenizer: Any) -> EmbeddedLearner:
        return EmbeddedLearner(self._body(learned), tokenizer, self.budget, masters=self.masters)

    def _body(self, trained: PreTrainedModel) -> Backbone:
        """The body of a model that is trained, which computes its layers again if asked for."""
        body = Backbone(trained)
        if self.recompute is not None:
            self.recompute.install(trained)
        return body

    async def player(self, model: ModelSource, seed: int) -> RolloutPlayer:
        """Load one copy of the model, for evaluation.

        Raises `UsageError` for a model of which the engine computes something else than
        transformers, in a forward pass or in decoding, with the remedy.
        """
        return self._played(model, *model.load(self._ready(), seed))

    def _ready(self) -> torch.device:
        """The device, after torch has its number of threads."""
        use_threads(self.threads)
        return device_of(self.device)

    def _played(self, model: ModelSource, played: PreTrainedModel, tokenizer: Any) -> RolloutPlayer:
        renderer = renderer_of(model, tokenizer, played.generation_config)
        original = played.config._attn_implementation or "eager"  # noqa: SLF001
        backbone = Backbone(played)
        check_decoding(backbone, original)
        generator = EmbeddedGenerator(
            backbone=backbone,
            decode=renderer.text,
            ends=renderer.ends,
            slots=self.slots,
            budget=self.budget,
        )
        return RolloutPlayer(generator, renderer)

    async def renderer(self, model: ModelSource) -> TextRenderer:
        """Tokenizer and config are read, no weights."""
        return renderer_of(model, *model.load_tokenizer())

    def positions(self, model: Any) -> int | None:
        """Raises `UsageError` for a model without attention over a limited number of positions."""
        found = super(Embedded, self).positions(model)
        if found or not isinstance(model, InspectableModel):
            return found
        config: Any = model.without_weights().config.get_text_config()
        positions_of(config)  # which refuses a model without a limit
        names = ", ".join(lacking(config))
        raise UsageError(
            f"model of type {config.model_type!r} has no {names} in its config, or another one in "
            "every layer, so the embedded engine does not compute it; use a model with attention "
            f"over a limited number of positions, such as Llama or Qwen, or {REMEDY}"
        )

    def shortened(self, model: ModelSource) -> str:
        """The setting by which fewer positions can be used than the model declares."""
        if not isinstance(model, InspectableModel):
            return ""
        return positions_of(model.without_weights().config).why

    def narrow(self) -> "Embedded":
        """One rollout a micro-batch."""
        return replace(self, budget=1)

    def hardware(self) -> str:
        """The device with its name and torch's CUDA.  Raises `UsageError` if it is not here."""
        return hardware_of(self.device)

    def check(self) -> None:
        """Refuse a device that is not here."""
        device_of(self.device)

    async def notes(self, model: ModelSource) -> list[str]:
        """What a plan says of the model; no weights are read.

        Notes tell of weights that are stored in another dtype, of positions that can't be used, of
        what LoRA trains, and of settings for which the model will be refused when it is opened.

        None for a model that can't be inspected before it is loaded.  Raises `UsageError` for
        float16 that is trained in place, and for targets of LoRA that the model lacks.
        """
        if not isinstance(model, InspectableModel):
            return []
        if isinstance(model, Folder):
            self._check_trainable(model.torch_dtype)
        whole = model.without_weights()
        why = reasons(whole.config)
        doubt = why and f"the embedded engine is likely to refuse this model, since {why}; {REMEDY}"
        notes = (model.rounding(), positions_of(whole.config).note(), doubt)
        told = [note for note in notes if note]
        return told if self.lora is None else [*told, *self.lora.notes(whole)]

    def vocabulary(self, folder: Path) -> str:
        """Digest of the tokenizer in `folder`."""
        return vocabulary_digest(Folder.as_saved(folder).load_tokenizer()[0])

    async def load_learner(self, folder: Path) -> EmbeddedLearner:
        """A learner without adapters, of the model in `folder`, in the dtype of its files."""
        return self._learner(*Folder.as_saved(folder).load(device_of(self.device)))

    async def load_teacher(self, folder: Path, rows: int) -> EmbeddedLearner:
        """The embedding and the output layer are cut to `rows`."""
        source = Cut(folder=Folder.as_saved(folder), rows=rows)
        return self._learner(*source.load(device_of(self.device)))

    async def rival(self, model: ModelSource, folder: Path) -> Rival:
        """One more copy of weights in memory, with the date and the chat settings of `model`."""
        found = await self.player(beside(model, folder), 0)
        return Rival(found.generator, found.renderer)

    async def critic(self, folder: Path) -> EmbeddedCritic:
        """A critic with the model in `folder` as its body, in the dtype of its files."""
        body, _ = Folder.as_saved(folder).load(device_of(self.device))
        return EmbeddedCritic(self._body(body), self.budget, masters=self.masters)

    async def value_head(self, learner: Learner) -> EmbeddedHead:
        """A value head on the learner's own model, which follows its updates."""
        if not isinstance(learner, EmbeddedLearner):
            raise UsageError(
                f"a value head needs the embedded engine's learner, not {type(learner).__name__}; "
                "give the critic a model of its own"
            )
        return EmbeddedHead(learner.backbone, self.budget)

    def _check_trainable(self, dtype: torch.dtype) -> None:
        if isinstance(self.masters, InPlace):
            check_trainable(dtype)
