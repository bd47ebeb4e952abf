"""How an engine stands to a model: exact, refused by name, or wrong."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch

from whet.engines.models import Folder
from whet.protocols import Engine
from whet.testing.engines.check import check_engine
from whet.types import Size, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineVerdict:
    """The outcome of an examination in a line."""

    exact: bool
    refused: str = ""  # the engine's words
    wrong: str = ""  # the laws that are broken, and how
    note: str = ""  # what the engine says of a model that it computes in part
    gap: float = 0.0  # the largest difference, as a share of its limit

    def __str__(self) -> str:
        if self.wrong:
            return f"**wrong**: {self.wrong}"
        if self.refused:
            return f"refused: {self.refused}"
        return f"exact; {self.note}" if self.note else "exact"


@dataclass(slots=True)
class ReadOnce:
    """A folder whose weights are read once; every `load` gives a copy of them."""

    folder: Folder
    held: Any = None

    def load(self, device: torch.device | str, seed: int = 0) -> Any:
        """A copy of the model, and the tokenizer."""
        del device, seed
        if self.held is None:
            self.held = self.folder.load("cpu")
        model, tokenizer = self.held
        return deepcopy(model), tokenizer

    def load_tokenizer(self) -> Any:
        """Those of the folder."""
        return self.folder.load_tokenizer()

    def without_weights(self) -> Any:
        """That of the folder."""
        return self.folder.without_weights()

    def rounding(self) -> str:
        """That of the folder."""
        return self.folder.rounding()

    def size(self) -> Size:
        """That of the folder."""
        return self.folder.size()


def engine_verdict(engine: Engine, folder: Folder) -> EngineVerdict:
    """Examine an engine on the CPU on the model of a folder (`check_engine`)."""
    try:
        report = check_engine(engine, ReadOnce(folder))
    except UsageError as error:
        return EngineVerdict(exact=False, refused=str(error))
    if report.failures:
        told = "; ".join(f"{finding.law}: {finding.failure}" for finding in report.failures)
        return EngineVerdict(exact=False, wrong=told, gap=report.gap)
    if report.refusals:
        return EngineVerdict(exact=False, refused=report.refusals[0].refused, gap=report.gap)
    told = [note for note in report.notes if "positions" in note]
    return EngineVerdict(exact=True, note="; ".join(told), gap=report.gap)
