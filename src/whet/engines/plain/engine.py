"""Settings of the plain engine: any architecture, exact and slow."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import torch

from whet.engines.devices import check_threads, device_of, hardware_of, use_threads
from whet.engines.models import Folder, InspectableModel, ModelSource
from whet.engines.padding import Cut
from whet.engines.plain.forward import logits_of, positions_of
from whet.engines.plain.generator import PlainGenerator
from whet.engines.plain.learner import PlainLearner
from whet.engines.renderers import beside, renderer_of
from whet.protocols import Engine, Learner, Rival
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.rollouts.vocabularies import vocabulary_digest
from whet.types import Task, UsageError

_SLOW = "engine plain computes a whole text for every token, so it is slow"
_ENDLESS = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain(Engine):
    """An unmodified Hugging Face forward, one text at a time, without cache, padding and packing.

    It runs every architecture that transformers runs: latent attention (MLA), sliding windows,
    recurrences and hybrids.  A reply of n tokens costs n forward passes over all tokens before.
    The random numbers are the embedded engine's, so both say the same where both are exact.  It
    trains all weights in float32; it has neither LoRA nor critics.
    """

    device: str = "auto"  # auto: cuda if available, else cpu
    threads: int = 0  # CPU threads; 0: torch's default.  The number changes rounding
    replays_truncation: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_threads(self.threads)

    async def open(self, model: ModelSource, seed: int) -> tuple[RolloutPlayer, PlainLearner]:
        """Load the model twice.  Raises `UsageError` for weights in another dtype than float32."""
        player = await self.player(model, seed)
        return player, self._learner(model, seed)

    async def player(self, model: ModelSource, seed: int) -> RolloutPlayer:
        """Load one copy of the model, for evaluation."""
        use_threads(self.threads)
        played, tokenizer = model.load(device_of(self.device), seed)
        renderer = renderer_of(model, tokenizer, played.generation_config)
        _try(played)
        return RolloutPlayer(PlainGenerator(played, renderer.text, renderer.ends), renderer)

    async def renderer(self, model: ModelSource) -> TextRenderer:
        """Tokenizer and config are read, no weights."""
        return renderer_of(model, *model.load_tokenizer())

    def positions(self, model: Any) -> int:
        """The most tokens of a text; 2³¹ for a model without a limit."""
        if not isinstance(model, InspectableModel):
            return model.size().positions
        return positions_of(model.without_weights().config) or _ENDLESS

    def hardware(self) -> str:
        """The device with its name and torch's CUDA.  Raises `UsageError` if it is not here."""
        return hardware_of(self.device)

    def check(self) -> None:
        """Refuse a device that is not here."""
        device_of(self.device)

    async def notes(self, model: ModelSource) -> list[str]:
        """What a plan says: that the engine is slow, and of weights in another dtype."""
        if not isinstance(model, InspectableModel):
            return [_SLOW]
        return [_SLOW, *([note] if (note := model.rounding()) else [])]

    def caveats(self, model: Any, tasks: Sequence[Task]) -> Sequence[str]:
        """That the engine is slow."""
        del model, tasks
        return (_SLOW,)

    async def load_learner(self, folder: Path) -> PlainLearner:
        """A learner of the model in `folder`, in the dtype of its files."""
        return self._learner(Folder.as_saved(folder), 0)

    async def load_teacher(self, folder: Path, rows: int) -> PlainLearner:
        """The embedding and the output layer are cut to `rows`."""
        return self._learner(Cut(folder=Folder.as_saved(folder), rows=rows), 0)

    def vocabulary(self, folder: Path) -> str:
        """Digest of the tokenizer in `folder`."""
        return vocabulary_digest(Folder.as_saved(folder).load_tokenizer()[0])

    async def rival(self, model: ModelSource, folder: Path) -> Rival:
        """One more copy of weights in memory, with the date and the chat settings of `model`."""
        found = await self.player(beside(model, folder), 0)
        return Rival(found.generator, found.renderer)

    async def critic(self, folder: Path) -> NoReturn:
        """Raise `UsageError`: the engine has no critics."""
        del folder
        _no_critic()

    async def value_head(self, learner: Learner) -> NoReturn:
        """Raise `UsageError`: the engine has no critics."""
        del learner
        _no_critic()

    def _learner(self, model: ModelSource, seed: int) -> PlainLearner:
        use_threads(self.threads)
        learned, tokenizer = model.load(device_of(self.device), seed)
        if learned.dtype != torch.float32:
            raise UsageError(
                f"engine plain trains in float32 only, and the weights are {learned.dtype}; give "
                "model.dtype float32"
            )
        return PlainLearner(learned, tokenizer)


def _no_critic() -> NoReturn:
    raise UsageError(
        "engine plain has no critics; give an algorithm without one, such as grpo, or engine "
        "embedded"
    )


@torch.no_grad()
def _try(model: Any) -> None:
    """Raise `UsageError` for a model that transformers can't run, or whose logits are no numbers.

    Two texts are tried: one token, and two.
    """
    for ids in (torch.tensor([1]), torch.tensor([1, 0])):
        try:
            logits = logits_of(model, ids)
        except (TypeError, AttributeError, LookupError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise UsageError(
                f"model {model.config.model_type!r} can't be run by transformers "
                f"({type(error).__name__}: {reason:.200}); give another model"
            ) from error
        if not logits.isfinite().all():
            raise UsageError(
                f"model {model.config.model_type!r} gives logits that are not finite in "
                f"{model.dtype}; give other weights, or another model.dtype"
            )
