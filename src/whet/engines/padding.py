"""Rows of a vocabulary beyond the tokens that another model knows."""

from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel

from whet.engines.models import Folder, Loaded


def cut_to(model: PreTrainedModel, rows: int) -> PreTrainedModel:
    """The same model with the first `rows` of its embedding and output layer; 0: with all.

    Its distributions are over these tokens alone. A model with fewer rows stays as it is.
    """
    if 0 < rows < output_rows(model):
        model.resize_token_embeddings(rows)
    return model


def output_rows(model: PreTrainedModel) -> int:
    """Rows of the output layer: tokens of the tokenizer, and padding."""
    return model.config.get_text_config().vocab_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The model of a folder with the first `rows` of its vocabulary."""

    folder: Folder
    rows: int

    def load(self, device: torch.device | str, seed: int = 0) -> Loaded:
        """Load the model, and cut it."""
        model, tokenizer = self.folder.load(device, seed)
        return cut_to(model, self.rows), tokenizer

    def load_tokenizer(self) -> Any:
        """The tokenizer of the folder, which is not cut."""
        return self.folder.load_tokenizer()
